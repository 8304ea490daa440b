/** The work of one training thread: clips in, loss and gradients out. */

import { type Random, randomOf } from "../common/random.ts";
import { TrainingProgram } from "../engines/wasm/program.ts";
import type { TrainingGraph } from "../graph/gradient.ts";
import { outputOf } from "../graph/ir.ts";
import { elementsOf } from "../graph/shapes.ts";
import type { Weights } from "../graph/tensor.ts";
import { sigmoidLoss, softmaxLoss } from "./loss.ts";
import type { Mask } from "./network.ts";

/** The complete configuration of a lane; plain data, sent to its thread once. */
export interface LaneSetup {
  readonly training: TrainingGraph;
  /** All parameters of the graph. */
  readonly weights: Weights;
  /** Clips per call of the network; norms with batch statistics use these. */
  readonly group: number;
  readonly masks: readonly Mask[];
  readonly output: "softmax" | "sigmoid";
  readonly labelSmoothing: number;
  readonly seed: number;
}

/** A clip for training or evaluation. */
export interface LaneItem<Source> {
  readonly source: Source;
  /** Indexes of its classes: exactly one for softmax. */
  readonly classes: readonly number[];
  /** Its weight in the loss, finite and at least 0 (see `classWeights`). Default 1. */
  readonly weight?: number | undefined;
  /** Seeds all its randomness: the same key gives the same augmentation and masks. */
  readonly key: string;
}

/** Fills a clip's part of the input, `[frames, H, W, C]`. */
export type LoadClip<Source> = (source: Source, random: Random, out: Float32Array) => void | Promise<void>;

/** Mean and biased variance of a norm, by the names of its moving statistics. */
export type Statistics = Readonly<Record<string, Float32Array>>;

export interface LaneResult {
  /** Weighted sum of the losses of the clips. */
  readonly loss: number;
  /** Logits `[classes]` of each clip. */
  readonly logits: readonly Float32Array[];
  /** Sums of the norms' statistics over the groups. */
  readonly statistics: Statistics;
  readonly groups: number;
}

/** Tensors concatenated in one shared array, each at a multiple of 4 floats. */
interface Layout {
  readonly tensors: readonly { readonly name: string; readonly offset: number; readonly length: number }[];
  /** Total number of floats. */
  readonly length: number;
}

/** Layout of the tensors that the main thread changes between steps. */
export function learningLayout({ training }: Pick<LaneSetup, "training">): Layout {
  let end = 0;
  const tensors = Object.keys(training.gradients).map((name) => {
    const [offset, length] = [end, elementsOf(training.forward.params[name]?.shape ?? [])];
    end += Math.ceil(length / 4) * 4;
    return { name, offset, length };
  });
  return { tensors, length: end };
}

/** The tensors of a shared array by name. */
export function viewsOf({ tensors }: Layout, buffer: ArrayBufferLike): Map<string, Float32Array> {
  return new Map(tensors.map(({ name, offset, length }) => [name, new Float32Array(buffer, 4 * offset, length)]));
}

export class Lane<Source> {
  readonly #setup: LaneSetup;
  readonly #program: TrainingProgram;
  readonly #load: LoadClip<Source>;
  readonly #weights: ReadonlyMap<string, Float32Array>;
  readonly #gradients: ReadonlyMap<string, Float32Array>;

  /** `weights` and `gradients` are laid out as in {@link learningLayout} and shared with the main thread. */
  constructor(setup: LaneSetup, weights: ArrayBufferLike, gradients: ArrayBufferLike, load: LoadClip<Source>) {
    this.#setup = setup;
    this.#load = load;
    this.#program = new TrainingProgram(setup.training, setup.group);
    this.#program.setWeights(setup.weights);
    const layout = learningLayout(setup);
    this.#weights = viewsOf(layout, weights);
    this.#gradients = viewsOf(layout, gradients);
    for (const node of setup.training.forward.nodes) {
      if (node.op !== "input") continue;
      const input = this.#program.input(node.id);
      if (node.role === "mask") input.fill(1);
      for (let i = 0; i < input.length; i++) {
        const frame = Math.floor(i / setup.group);
        if (node.role === "position") input[i] = frame;
        if (node.role === "inverseCount") input[i] = 1 / (frame + 1);
      }
    }
  }

  /**
   * Runs clips through the network, group by group; with `learn`, also backwards, leaving the sum of the gradients in
   * the shared array. Each clip has the weight `weight / total` in the loss of these gradients.
   */
  async run(items: readonly LaneItem<Source>[], learn: { readonly total: number } | null): Promise<LaneResult> {
    const { group, training } = this.#setup;
    for (const [name, values] of this.#weights) this.#program.param(name).set(values);
    this.#program.clearGradients();
    const classes = training.shapes[outputOf(training.forward)]?.channels ?? 0;
    const results: Float32Array[] = [];
    const statistics: Record<string, Float32Array> = {};
    let [loss, groups] = [0, 0];
    for (let at = 0; at < items.length; at += group) {
      const part = items.slice(at, at + group);
      await this.#fill(part);
      this.#noise(part, learn !== null);
      const logits = this.#program.forward().slice(0, part.length * classes);
      const { value, gradient } = this.#lossOf(logits, part);
      loss += value * part.length;
      for (let i = 0; i < part.length; i++) results.push(logits.slice(i * classes, (i + 1) * classes));
      if (learn === null) continue;
      const seed = new Float32Array(group * classes);
      const share = part.length / learn.total;
      seed.set(gradient.map((value) => value * share));
      this.#program.backward(seed);
      groups++;
      for (const { mean, variance, batchMean, batchVariance } of this.#program.statistics()) {
        addTo(statistics, mean, batchMean);
        addTo(statistics, variance, batchVariance);
      }
    }
    for (const [name, target] of this.#gradients) target.set(this.#program.gradient(name));
    return { loss, logits: results, statistics, groups };
  }

  /** The result of a graph without class logits: the output of the frozen part, `[frames, H, W, C]`. */
  async features(source: Source, key: string): Promise<Float32Array> {
    await this.#fill([{ source, classes: [], key }]);
    return this.#program.forward().slice();
  }

  /** Slots after the last clip keep their old content: their share of the loss is 0. */
  async #fill(part: readonly LaneItem<Source>[]): Promise<void> {
    const { group, training, seed } = this.#setup;
    const node = training.forward.nodes.find((node) => node.op === "input" && node.role === "image");
    if (node?.op !== "input") throw new Error("internal: the network takes no picture");
    const input = this.#program.input(node.id);
    const { frames, channels, height, width } = node.shape;
    const picture = height * width * channels;
    const clip = group === 1 ? input : new Float32Array(frames * picture);
    for (const [b, { source, key }] of part.entries()) {
      await this.#load(source, randomOf(seed, "clip", key), clip);
      if (group === 1) continue;
      for (let t = 0; t < frames; t++) {
        input.set(clip.subarray(t * picture, (t + 1) * picture), (t * group + b) * picture);
      }
    }
  }

  #noise(part: readonly LaneItem<Source>[], on: boolean): void {
    const { group, masks, seed, training } = this.#setup;
    for (const { input, rate } of masks) {
      const values = this.#program.input(input);
      values.fill(1);
      if (!on) continue;
      const channels = training.shapes[input]?.channels ?? 1;
      for (const [b, { key }] of part.entries()) {
        const random = randomOf(seed, input, key);
        const drawn = Float32Array.from({ length: channels }, () => (random.chance(rate) ? 0 : 1 / (1 - rate)));
        for (let row = b; row < values.length / channels; row += group) values.set(drawn, row * channels);
      }
    }
  }

  #lossOf(logits: Float32Array, part: readonly LaneItem<Source>[]) {
    const { output, labelSmoothing } = this.#setup;
    const options = { labelSmoothing, weights: part.map(({ weight = 1 }) => weight) };
    if (output === "softmax") {
      return softmaxLoss(
        logits,
        part.map(({ classes }) => classes[0] ?? 0),
        options,
      );
    }
    const classes = logits.length / part.length;
    const targets = part.flatMap((item) => Array.from({ length: classes }, (_, c) => Number(item.classes.includes(c))));
    return sigmoidLoss(logits, targets, part.length, options);
  }
}

function addTo(sums: Record<string, Float32Array>, name: string, values: Float32Array): void {
  const sum = sums[name];
  if (sum) for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (values[i] as number);
  else sums[name] = values.slice();
}

import { type BatchNormNode, type TrainingGraph, type TrainingNode, trainingInputsOf } from "../../graph/gradient.ts";
import { type ActivationNode, type Node, outputOf, outputsOf, type Shape } from "../../graph/ir.ts";
import { elementsOf } from "../../graph/shapes.ts";
import type { Weights } from "../../graph/tensor.ts";
import { count, type Emit, type EmitContext, type Emitters, type NormScratch, type Step } from "./context.ts";
import { forwardSteps } from "./forward-steps.ts";
import { gradientSteps } from "./gradient-steps.ts";
import { kernelsBase64 } from "./kernels.ts";
import { planMemory } from "./memory.ts";

/** Mean and biased variance of one norm in the last forward run, `[channels]` each. */
export interface NormStatistics {
  /** The parameters with the moving statistics. */
  readonly mean: string;
  readonly variance: string;
  readonly batchMean: Float32Array;
  readonly batchVariance: Float32Array;
  /** Number of values per statistic. */
  readonly count: number;
}

/** One emitter per op of a training graph. Values are `[T · B, H, W, C]`. */
const emitters: Emitters = { ...forwardSteps, ...gradientSteps };

type NormNode = (Node & { readonly op: "norm" }) | BatchNormNode;

const pageBytes = 65_536;
/** End of the constants that come with the kernels. */
const dataBytes = 256;
let compiled: WebAssembly.Module | null = null;

function kernelsModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(Uint8Array.from(atob(kernelsBase64), (char) => char.charCodeAt(0)));
  return compiled;
}

/**
 * A training graph for a batch of clips in WebAssembly: one memory with a static plan, and a list of kernel calls.
 * Pictures are `[frames · batch, height, width, channels]`, time-major; parameters have their canonical layouts. One
 * thread; several programs in several workers form a trainer.
 *
 * Throws `TypeError` if a width is not a multiple of 4 (except the last layer's and the image's), and `RangeError` if
 * the batch needs more than 4 GB.
 */
export class TrainingProgram {
  readonly training: TrainingGraph;
  readonly batch: number;
  /** Bytes of the program's memory. */
  readonly bytes: number;
  readonly #logits: string;
  readonly #buffer: ArrayBuffer;
  readonly #params: Readonly<Record<string, Float32Array>>;
  readonly #gradients: Readonly<Record<string, Float32Array>>;
  readonly #forward: readonly Step[];
  readonly #backward: readonly Step[];
  readonly #at: (value: string) => number;
  readonly #norms: ReadonlyMap<BatchNormNode, NormScratch>;

  constructor(training: TrainingGraph, batch: number) {
    this.training = training;
    this.batch = batch;
    this.#logits = outputOf(training.forward);
    const shape = (value: string) => training.shapes[value] as Shape;
    const fused = fusedNorms(training);
    const nodes = training.nodes.map((node) => readOutput(node, training, fused));
    checkWidths(training);

    let at = dataBytes;
    const reserve = (amount: number) => {
      const place = at;
      at += Math.ceil(amount / 16) * 16;
      return place;
    };
    const scratch = reserveScratch(nodes, shape, reserve);
    const norms = new Map<string, NormScratch>();
    const batchNorms = new Map<BatchNormNode, NormScratch>();
    for (const node of nodes) {
      if (node.op !== "norm" && node.op !== "batchNorm") continue;
      const bytes = 4 * shape(node.id).channels;
      const factors = { gain: reserve(bytes), shift: reserve(bytes), mean: reserve(bytes), inverse: reserve(bytes) };
      const own = { ...factors, sums: reserve(2 * bytes), products: reserve(2 * bytes) };
      norms.set(node.x, own);
      if (node.op === "batchNorm") batchNorms.set(node, own);
    }
    for (const node of nodes) {
      if (node.op === "normInput") norms.set(node.id, gainOf(node.gamma, nodes, norms));
    }

    const normGradients = new Map(
      nodes.flatMap((node) => {
        if (node.op !== "normGamma" && node.op !== "batchNormGamma") return [];
        return [[node.dy, norms.get(node.x) as NormScratch] as const];
      }),
    );
    const fusedSums = new Set(
      nodes.flatMap((node) => (node.op === "activationInput" && fused.has(node.x) ? [node.id] : [])),
    );

    const kept = new Set([this.#logits, training.seed]);
    for (const node of nodes) if (node.op === "input") kept.add(node.id);
    const visible = nodes.filter((node) => !fused.has(node.id));
    const reads = visible.map((node) => readThrough(node, fused));
    const plan = planMemory(training, reads, (value) => count(shape(value), batch), kept, at);
    if (plan.bytes > 65_536 * pageBytes) {
      throw new RangeError(`a batch of ${batch} clips needs ${(plan.bytes / 1e9).toFixed(1)} GB (limit 4 GB)`);
    }
    this.bytes = plan.bytes;
    const memory = new WebAssembly.Memory({ initial: Math.ceil(plan.bytes / pageBytes), maximum: 65_536 });
    this.#buffer = memory.buffer;
    const { exports: kernels } = new WebAssembly.Instance(kernelsModule(), { env: { memory } });
    const view = (offsets: Readonly<Record<string, number>>) =>
      Object.fromEntries(
        Object.entries(offsets).map(([name, offset]) => {
          const elements = elementsOf(training.forward.params[name]?.shape ?? []);
          return [name, new Float32Array(this.#buffer, offset, elements)];
        }),
      );
    this.#params = view(plan.params);
    this.#gradients = view(plan.gradients);
    this.#at = (value) => plan.values[value] as number;
    this.#norms = batchNorms;
    const paramOf = new Map(Object.entries(training.gradients).map(([param, id]) => [id, param]));
    const context: EmitContext = {
      call: (kernel, ...args) => (kernels[kernel] as (...args: readonly number[]) => number)(...args),
      batch,
      shape,
      at: this.#at,
      param: (name) => plan.params[name] as number,
      gradient: (param) => plan.gradients[param] as number,
      paramOf: (node) => paramOf.get(node.id) as string,
      norm: (x) => norms.get(x) as NormScratch,
      normOf: (gradient) => normGradients.get(gradient),
      fusedSums: (gradient) => fusedSums.has(gradient),
      fused: (value) => fused.get(value),
      floats: (offset, length) => new Float32Array(this.#buffer, offset, length),
      doubles: (offset, length) => new Float64Array(this.#buffer, offset, length),
      scratch,
    };
    const steps = nodes.map((node) => (emitters[node.op] as Emit<TrainingNode>)(node, context));
    this.#forward = steps.slice(0, training.forward.nodes.length);
    this.#backward = steps.slice(training.forward.nodes.length);
  }

  /** A parameter's values in place: `[elements]`, canonical layout. */
  param(name: string): Float32Array {
    return this.#params[name] ?? unknown(name);
  }

  /** The gradient of a trained parameter, in place; {@link TrainingProgram.backward} adds to it. */
  gradient(param: string): Float32Array {
    return this.#gradients[param] ?? unknown(param);
  }

  setWeights(weights: Weights): void {
    for (const [name, target] of Object.entries(this.#params)) target.set(weights.get(name)?.data ?? unknown(name));
  }

  /** An input's values in place; the image is `[T · batch, H, W, 3]`. */
  input(id: string): Float32Array {
    return this.#value(id);
  }

  /** Runs the network; returns the logits `[batch, classes]`, which the next run overwrites. */
  forward(): Float32Array {
    for (const step of this.#forward) step();
    return this.#value(this.#logits);
  }

  /** Propagates the gradient of the logits (`[batch, classes]`) back, adding to the gradients of the parameters. */
  backward(seed: Float32Array): void {
    this.#value(this.training.seed).set(seed);
    for (const step of this.#backward) step();
  }

  clearGradients(): void {
    for (const gradient of Object.values(this.#gradients)) gradient.fill(0);
  }

  /** The norms' batch statistics in the last forward run, if they use them. */
  statistics(): readonly NormStatistics[] {
    return [...this.#norms].map(([node, { mean, inverse }]) => {
      const { frames, channels, height, width } = this.training.shapes[node.x] as Shape;
      const batchVariance = new Float32Array(this.#buffer, inverse, channels).map((inv) => 1 / inv ** 2 - 1e-3);
      const batchMean = new Float32Array(this.#buffer, mean, channels).slice();
      return {
        mean: node.mean,
        variance: node.variance,
        batchMean,
        batchVariance,
        count: frames * this.batch * height * width,
      };
    });
  }

  #value(id: string): Float32Array {
    const shape = this.training.shapes[id] ?? unknown(id);
    return new Float32Array(this.#buffer, this.#at(id), count(shape, this.batch));
  }
}

function unknown(name: string): never {
  throw new Error(`internal: the training program has no ${name}`);
}

/** The derivative of ReLU6 is computed from its output, so its input need not be kept for it. */
function readOutput(node: TrainingNode, training: TrainingGraph, fused: ReadonlyMap<string, NormNode>): TrainingNode {
  if (node.op !== "activationInput" || node.kind !== "relu6" || fused.has(node.x)) return node;
  const activation = training.forward.nodes.find(
    (candidate): candidate is ActivationNode => candidate.op === "activation" && candidate.x === node.x,
  );
  return activation ? { ...node, x: activation.id } : node;
}

/** Norms that can be fused into the activation that alone reads them in the forward pass. */
function fusedNorms(training: TrainingGraph): ReadonlyMap<string, NormNode> {
  const nodes = training.nodes.slice(0, training.forward.nodes.length);
  const readers = new Map<string, TrainingNode[]>();
  for (const node of nodes) {
    for (const value of trainingInputsOf(node)) readers.set(value, [...(readers.get(value) ?? []), node]);
  }
  const leaving = new Set(outputsOf(training.forward));
  const fused = new Map<string, NormNode>();
  for (const node of nodes) {
    if (node.op !== "norm" && node.op !== "batchNorm") continue;
    const [reader, ...others] = readers.get(node.id) ?? [];
    const fits = reader?.op === "activation" && ["swish", "hard_swish", "relu6"].includes(reader.kind);
    if (fits && others.length === 0 && !leaving.has(node.id)) fused.set(node.id, node);
  }
  return fused;
}

/** The same node with fused norms replaced by their inputs: what the kernels really read. */
function readThrough(node: TrainingNode, fused: ReadonlyMap<string, NormNode>): TrainingNode {
  if (node.op !== "activation" && node.op !== "activationInput") return node;
  const norm = fused.get(node.x);
  return norm ? { ...node, x: norm.x } : node;
}

function gainOf(gamma: string, nodes: readonly TrainingNode[], norms: ReadonlyMap<string, NormScratch>): NormScratch {
  const norm = nodes.find((node) => node.op === "norm" && node.gamma === gamma) as NormNode;
  return norms.get(norm.x) as NormScratch;
}

/** Memory shared by steps: panels of the largest matrix, windows of the largest picture, taps, sums. */
function reserveScratch(
  nodes: readonly TrainingNode[],
  shape: (value: string) => Shape,
  reserve: (bytes: number) => number,
) {
  let [panels, columns, taps, channels] = [0, 0, 48, 0];
  for (const node of nodes) {
    if (node.op === "conv" || node.op === "convInput") {
      const [x, y] = node.op === "conv" ? [shape(node.x), shape(node.id)] : [shape(node.like), shape(node.dy)];
      const width = node.size * node.size * x.channels;
      panels = Math.max(panels, width * (y.channels + 7), (width + 7) * y.channels);
      columns = Math.max(columns, node.size > 1 || node.stride > 1 ? width * y.height * y.width : 0);
      channels = Math.max(channels, x.channels, y.channels);
    }
    if (node.op === "depthwise") taps = Math.max(taps, 2 * node.time.taps * node.size * node.size);
  }
  return {
    panels: reserve(4 * panels),
    columns: reserve(4 * columns),
    taps: reserve(4 * taps),
    sums: reserve(48 * channels),
  };
}

function checkWidths({ forward }: TrainingGraph): void {
  const logits = outputOf(forward);
  for (const node of forward.nodes) {
    const shape = forward.shapes[node.id] as Shape;
    const free = node.op === "input" || node.id === logits || shape.channels === 1;
    if (!free && shape.channels % 4 !== 0) {
      throw new TypeError(`${node.id} has ${shape.channels} channels: training needs multiples of 4`);
    }
  }
}

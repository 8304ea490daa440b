/** Gradient training: from a model and clips to a better model, step by step, resumable at each. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { buildGraph } from "../arch/build.ts";
import { TrainError } from "../common/errors.ts";
import { randomOf } from "../common/random.ts";
import { makeFolder } from "../common/write.node.ts";
import { likeliest } from "../evaluate/metrics.ts";
import type { EpochRecord } from "../evaluate/report-data.ts";
import { buildTraining } from "../graph/gradient.ts";
import type { Model } from "../model/model.ts";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "./checkpoint.node.ts";
import type { ClipInput } from "./clip-input.node.ts";
import type { FitClip, FitOptions, FitProgress } from "./fit-options.node.ts";
import { frozenOutputs } from "./frozen-outputs.node.ts";
import type { LaneItem, LaneSetup } from "./lane.ts";
import { Lanes } from "./lanes.node.ts";
import {
  foldNorms,
  frontier,
  graphAfter,
  graphBefore,
  learns,
  normsAsBiases,
  weightsOf,
  withNoise,
} from "./network.ts";
import { cosineSchedule } from "./schedule.ts";
import type { TrainSettings } from "./settings.ts";
import { Trainer } from "./trainer.ts";

export interface FitResult {
  readonly model: Model;
  readonly history: readonly EpochRecord[];
  /** The epoch of the model's weights, from 1. */
  readonly bestEpoch: number;
}

/** Contents of a checkpoint besides the trainer's state. */
interface Progress {
  readonly epoch: number;
  /** Completed steps of this epoch. */
  readonly step: number;
  /** Sum of the losses of those steps. */
  readonly lossSum: number;
  readonly history: readonly EpochRecord[];
}

/** Milliseconds between checkpoints. */
const checkpointMs = 30_000;

/**
 * Trains a model. A finished one is read from `folder`. A killed run continues from its last checkpoint, bit for bit
 * with the same number of threads. Throws the signal's reason (after writing a checkpoint), and {@link TrainError}
 * (`E_TRAIN_DIVERGED`) if the loss is not finite: the last checkpoint is from before.
 */
export async function fitModel(
  model: Model,
  clips: { readonly train: readonly FitClip[]; readonly validation: readonly FitClip[] },
  options: FitOptions,
): Promise<FitResult> {
  const { folder, settings } = options;
  const finished = await readCheckpoint<Finished>(join(folder, finishedFile));
  if (finished) return resultOf(startOf(model, settings), finished);
  const training = await openTraining(model, clips, options);
  try {
    const { state, progress } = await new Fitting(training, options).run();
    await writeCheckpoint(join(folder, finishedFile), { state, progress });
    await Promise.all(
      ["frozen", checkpointFile, bestFile].map((name) => rm(join(folder, name), { recursive: true, force: true })),
    );
    return resultOf(training.model, { state, progress });
  } finally {
    await training[Symbol.asyncDispose]();
  }
}

const checkpointFile = "checkpoint.safetensors";
const bestFile = "best.safetensors";
/** The result of a training: with it nothing else is needed. */
const finishedFile = "finished.safetensors";
type Finished = Pick<FitResult, "history" | "bestEpoch">;

function startOf(model: Model, { statistics }: TrainSettings): Model {
  return statistics === "stored" ? foldNorms(model) : model;
}

function resultOf(start: Model, { state, progress }: Checkpoint<Finished>): FitResult {
  const weights = new Map(start.weights);
  for (const [name, data] of state) weights.set(name, { shape: start.weights.get(name)?.shape ?? [], data });
  return { model: { ...start, weights }, ...progress };
}

/** A network, its clips and its threads, before the first step. */
export interface OpenTraining extends Prepared, AsyncDisposable {
  /** The starting network: norms are folded if they keep their statistics. */
  readonly model: Model;
  readonly trainer: Trainer<ClipInput>;
}

/** Prepares a training: splits the network, computes the output of its frozen part, starts the threads. */
export async function openTraining(
  model: Model,
  clips: Parameters<typeof fitModel>[1],
  options: FitOptions,
): Promise<OpenTraining> {
  const { settings, folder } = options;
  await makeFolder(folder);
  const lanes = new Lanes();
  try {
    const start = startOf(model, settings);
    const prepared = await prepare(start, clips, options);
    const trainer = await Trainer.open(prepared.setup, trainerOptions(options), lanes.open);
    return { ...prepared, model: start, trainer, [Symbol.asyncDispose]: () => lanes[Symbol.asyncDispose]() };
  } catch (error) {
    await lanes[Symbol.asyncDispose]();
    throw error;
  }
}

interface Prepared {
  readonly setup: LaneSetup;
  items(epoch: number, step: number): readonly LaneItem<ClipInput>[];
  readonly stepsPerEpoch: number;
  readonly validation: readonly LaneItem<ClipInput>[];
}

function trainerOptions({ settings, masks = new Map() }: FitOptions) {
  const { threads: lanes, optimizer, weightDecay, averageDecay, statistics } = settings;
  const statisticsRate = statistics === "batch" ? 0.05 : 0;
  return { lanes, optimizer, weightDecay, averageDecay, statisticsRate, masks };
}

/** Splits the network where training begins, and computes the part before once. */
async function prepare(
  model: Model,
  { train, validation }: Parameters<typeof fitModel>[1],
  options: FitOptions,
): Promise<Prepared> {
  const { settings } = options;
  const { trainable, frames, group, batch, seed } = settings;
  const whole = buildGraph(model.spec, { form: "clip", frames });
  const graph = settings.statistics === "stored" ? normsAsBiases(whole) : whole;
  const cut = frontier(model.spec, trainable);
  const { graph: noisy, masks } = withNoise(cut === null ? graph : graphAfter(graph, cut), settings);
  const own = learns(noisy, model.spec, trainable);
  const training = buildTraining(noisy, { trainable: own, statistics: settings.statistics });
  const output = model.card.output;
  const shared = { group, masks, output, labelSmoothing: settings.labelSmoothing, seed } as const;
  const setup: LaneSetup = { ...shared, training, weights: weightsOf(noisy, model.weights) };
  const stepsPerEpoch = Math.ceil(train.length / batch);
  let shuffled = { epoch: -1, order: train };
  const pick = (epoch: number, step: number) => {
    if (shuffled.epoch !== epoch) shuffled = { epoch, order: randomOf(seed, "order", epoch).shuffle(train) };
    return shuffled.order.slice(step * batch, (step + 1) * batch);
  };
  /** A clip unchanged (form null), or one of its augmented versions. */
  const seen = (clip: FitClip, form: number | null) => (form === null ? clip.plain() : clip.varied(form));
  let inputOf = seen;
  if (cut !== null) {
    const before = buildTraining(graphBefore(graph, cut), { trainable: () => false });
    const weights = weightsOf(before.forward, model.weights);
    const frozen = { ...shared, training: before, masks: [], group: 1, weights };
    const fileOf = await frozenOutputs(frozen, train, validation, options);
    inputOf = (clip, form) => ({ ...seen(clip, form), source: { kind: "tensor", file: fileOf(clip, form) } });
  }
  const formOf = ({ name }: FitClip, epoch: number) =>
    cut === null ? epoch : (epoch + randomOf(seed, "view", name).below(settings.views)) % settings.views;
  return {
    setup,
    stepsPerEpoch,
    items: (epoch, step) =>
      pick(epoch, step).map((clip) => ({ ...inputOf(clip, formOf(clip, epoch)), key: `${epoch} ${clip.name}` })),
    validation: validation.map((clip) => ({ ...inputOf(clip, null), key: clip.name })),
  };
}

/** The loop over epochs. */
class Fitting {
  readonly #network: OpenTraining;
  readonly #options: FitOptions;
  #epoch = 0;
  #step = 0;
  #lossSum = 0;
  #history: EpochRecord[] = [];

  constructor(training: OpenTraining, options: FitOptions) {
    this.#network = training;
    this.#options = options;
  }

  #file(name: string): string {
    return join(this.#options.folder, name);
  }

  async run(): Promise<Checkpoint<Finished>> {
    const { settings, signal } = this.#options;
    const saved = await readCheckpoint<Progress>(this.#file(checkpointFile));
    if (saved) this.#restore(saved.state, saved.progress);
    const { stepsPerEpoch } = this.#network;
    const steps = settings.epochs * stepsPerEpoch;
    const schedule = cosineSchedule(settings.learningRate, { steps, warmup: Math.round(settings.warmup * steps) });
    let lastSaved = performance.now();
    while (this.#epoch < settings.epochs && !this.#exhausted()) {
      while (this.#step < stepsPerEpoch) {
        if (signal?.aborted) {
          await this.#save();
          signal.throwIfAborted();
        }
        // With warm-up, the rate of step 0 is 0: starting a step later wastes nothing.
        const rate = schedule(Math.min(this.#epoch * stepsPerEpoch + this.#step + 1, steps - 1));
        const items = this.#network.items(this.#epoch, this.#step);
        const { loss } = await this.#network.trainer.step(items, rate);
        if (!Number.isFinite(loss)) throw diverged(this.#options.folder, rate);
        this.#lossSum += loss;
        this.#step++;
        this.#tell("training", this.#step * settings.batch, loss);
        if (performance.now() - lastSaved > checkpointMs) {
          await this.#save();
          lastSaved = performance.now();
        }
      }
      await this.#endEpoch(schedule(Math.min((this.#epoch + 1) * stepsPerEpoch, steps - 1)));
    }
    await this.#save();
    const best = await readCheckpoint<{ epoch: number }>(this.#file(bestFile));
    if (best) this.#network.trainer.restore(best.state);
    const state = new Map([...this.#network.trainer.weights(true)].map(([name, { data }]) => [name, data]));
    return { state, progress: { history: this.#history, bestEpoch: best?.progress.epoch ?? this.#epoch } };
  }

  async #endEpoch(learningRate: number): Promise<void> {
    const { validation, stepsPerEpoch } = this.#network;
    let [validationLoss, validationTop1]: [number | null, number | null] = [null, null];
    if (validation.length > 0) {
      const { loss, logits } = await this.#network.trainer.test(validation);
      const right = validation.filter(({ classes }, i) => classes.includes(likeliest(logits[i] as Float32Array)));
      [validationLoss, validationTop1] = [loss, right.length / validation.length];
    }
    this.#epoch++;
    const loss = this.#lossSum / stepsPerEpoch;
    const record = { epoch: this.#epoch, loss, learningRate, validationLoss, validationTop1 };
    this.#history.push(record);
    this.#options.onEpoch?.(record);
    [this.#step, this.#lossSum] = [0, 0];
    if (validation.length > 0 && this.#bestEpoch() === this.#epoch) {
      await writeCheckpoint(this.#file(bestFile), {
        state: this.#network.trainer.state,
        progress: { epoch: this.#epoch },
      });
    }
    await this.#save();
  }

  #bestEpoch(): number {
    const losses = this.#history.map(({ validationLoss }) => validationLoss ?? Number.POSITIVE_INFINITY);
    return losses.indexOf(Math.min(...losses)) + 1;
  }

  #exhausted(): boolean {
    const { patience } = this.#options.settings;
    const tested = this.#history.some(({ validationLoss }) => validationLoss !== null);
    return patience > 0 && tested && this.#epoch - this.#bestEpoch() >= patience;
  }

  #tell(phase: FitProgress["phase"], done: number, loss: number): void {
    const { settings, onProgress } = this.#options;
    const perEpoch = this.#network.stepsPerEpoch * settings.batch;
    onProgress?.({
      phase,
      done: this.#epoch * perEpoch + done,
      total: settings.epochs * perEpoch,
      epoch: this.#epoch + 1,
      loss,
      validationTop1: this.#history.at(-1)?.validationTop1 ?? null,
    });
  }

  async #save(): Promise<void> {
    const progress = { epoch: this.#epoch, step: this.#step, lossSum: this.#lossSum, history: this.#history };
    await writeCheckpoint<Progress>(this.#file(checkpointFile), { state: this.#network.trainer.state, progress });
  }

  #restore(state: ReadonlyMap<string, Float32Array>, { epoch, step, lossSum, history }: Progress): void {
    this.#network.trainer.restore(state);
    [this.#epoch, this.#step, this.#lossSum, this.#history] = [epoch, step, lossSum, [...history]];
  }
}

function diverged(folder: string, rate: number): TrainError {
  return new TrainError({
    code: "E_TRAIN_DIVERGED",
    subject: folder,
    problem: "the loss is NaN or infinite",
    remedy: `Train again with a lower --learning-rate (it was ${rate.toPrecision(2)})`,
  });
}

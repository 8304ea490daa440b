/** Training steps: lanes compute gradients in parallel, and the optimizer updates the shared weights. */
import { isStatistic } from "../graph/ir.ts";
import type { Weights } from "../graph/tensor.ts";
import { createWeightAverage } from "./average.ts";
import { type LaneItem, type LaneResult, type LaneSetup, learningLayout, viewsOf } from "./lane.ts";
import { createOptimizer, type OptimizerKind } from "./optimizer.ts";

/** One thread with a {@link Lane}. */
export interface LaneHandle<Source> {
  run(items: readonly LaneItem<Source>[], learn: { readonly total: number } | null): Promise<LaneResult>;
}

/** Starts a lane whose weights and gradients are in these shared arrays. */
export type OpenLane<Source> = (
  setup: LaneSetup,
  weights: SharedArrayBuffer,
  gradients: SharedArrayBuffer,
) => Promise<LaneHandle<Source>>;

export interface TrainerOptions {
  /** Threads; each takes every n-th group of a batch, so another number rounds differently. */
  readonly lanes: number;
  readonly optimizer: OptimizerKind;
  readonly weightDecay: number;
  /** Decay of the average of the weights; 0: no average. */
  readonly averageDecay: number;
  /** Share of a moving statistic that a step replaces. */
  readonly statisticsRate: number;
  /** Factors of some parameters' gradients: 0 freezes a weight. */
  readonly masks: ReadonlyMap<string, Float32Array>;
}

export interface StepResult {
  /**
   * Weighted loss of the clips, including smoothing: in a step, the sum divided by the number of clips (the basis of
   * its gradients); in a test, divided by the sum of the weights.
   */
  readonly loss: number;
  readonly logits: readonly Float32Array[];
}

/**
 * A network in training. {@link Trainer.state} has everything that a step depends on, so a run resumed from it
 * computes exactly what it would have computed, bit for bit.
 */
export class Trainer<Source> {
  readonly #setup: LaneSetup;
  readonly #options: TrainerOptions;
  readonly #lanes: LaneHandle<Source>[];
  readonly #weights: ReadonlyMap<string, Float32Array>;
  readonly #gradients: readonly ReadonlyMap<string, Float32Array>[];
  readonly #optimizer: ReturnType<typeof createOptimizer>;
  readonly #average: ReturnType<typeof createWeightAverage> | null;
  readonly #statistics = new Map<string, Float32Array>();

  private constructor(
    setup: LaneSetup,
    options: TrainerOptions,
    lanes: LaneHandle<Source>[],
    weights: ReadonlyMap<string, Float32Array>,
    gradients: readonly ReadonlyMap<string, Float32Array>[],
  ) {
    this.#setup = setup;
    this.#options = options;
    this.#lanes = lanes;
    this.#weights = weights;
    this.#gradients = gradients;
    const { params } = setup.training.forward;
    const names = [...weights.keys()];
    const sizes = [...weights.values()].map((values) => values.length);
    const decayed = names.map((name) => params[name]?.role === "kernel");
    this.#optimizer = createOptimizer(options.optimizer, { decayed, weightDecay: options.weightDecay }, sizes);
    this.#average = options.averageDecay > 0 ? createWeightAverage([...weights.values()], options.averageDecay) : null;
    for (const [name, { data }] of setup.weights) {
      if (isStatistic(params[name])) this.#statistics.set(name, data.slice());
    }
  }

  static async open<Source>(
    setup: LaneSetup,
    options: TrainerOptions,
    openLane: OpenLane<Source>,
  ): Promise<Trainer<Source>> {
    const layout = learningLayout(setup);
    const shared = () => new SharedArrayBuffer(Math.max(16, 4 * layout.length));
    const weights = shared();
    const views = viewsOf(layout, weights);
    for (const [name, values] of views) values.set(setup.weights.get(name)?.data ?? []);
    const buffers = Array.from({ length: options.lanes }, shared);
    const lanes = await Promise.all(buffers.map((gradients) => openLane(setup, weights, gradients)));
    return new Trainer(
      setup,
      options,
      lanes,
      views,
      buffers.map((buffer) => viewsOf(layout, buffer)),
    );
  }

  /** Performs one step on a batch. */
  async step(items: readonly LaneItem<Source>[], learningRate: number): Promise<StepResult> {
    const { loss, logits, statistics, groups } = await this.#run(items, { total: items.length });
    const [first, ...others] = this.#gradients;
    const gradients = [...(first ?? new Map<string, Float32Array>())].map(([name, sum]) => {
      for (const other of others) addTo(sum, other.get(name) as Float32Array);
      const mask = this.#options.masks.get(name);
      for (let i = 0; mask && i < sum.length; i++) sum[i] = (sum[i] as number) * (mask[i] as number);
      return sum;
    });
    this.#optimizer.step([...this.#weights.values()], gradients, learningRate);
    this.#average?.update([...this.#weights.values()]);
    for (const [name, sum] of Object.entries(statistics)) {
      const moving = this.#statistics.get(name) as Float32Array;
      const rate = this.#options.statisticsRate;
      for (let c = 0; c < moving.length; c++) {
        moving[c] = (moving[c] as number) * (1 - rate) + (rate * (sum[c] as number)) / groups;
      }
    }
    return { loss: loss / items.length, logits };
  }

  /** The loss and the logits of clips without noise, with the averaged weights if there are any. */
  async test(items: readonly LaneItem<Source>[]): Promise<StepResult> {
    const kept = this.#average ? [...this.#weights.values()].map((values) => values.slice()) : null;
    if (kept) [...this.#weights.values()].forEach((values, i) => void values.set(this.#average?.values[i] ?? []));
    const { loss, logits } = await this.#run(items, null);
    if (kept) [...this.#weights.values()].forEach((values, i) => void values.set(kept[i] ?? []));
    return { loss: loss / items.reduce((sum, { weight = 1 }) => sum + weight, 0), logits };
  }

  async #run(items: readonly LaneItem<Source>[], learn: { readonly total: number } | null) {
    const { group } = this.#setup;
    const lanes = this.#lanes;
    const shares = lanes.map((_, lane) => items.filter((_, i) => Math.floor(i / group) % lanes.length === lane));
    const results = await Promise.all(lanes.map((lane, i) => lane.run(shares[i] ?? [], learn)));
    const logits: Float32Array[] = [];
    const taken = lanes.map(() => 0);
    for (let i = 0; i < items.length; i++) {
      const lane = Math.floor(i / group) % lanes.length;
      const next = taken[lane] as number;
      logits.push(results[lane]?.logits[next] as Float32Array);
      taken[lane] = next + 1;
    }
    const statistics: Record<string, Float32Array> = {};
    for (const result of results) {
      for (const [name, sum] of Object.entries(result.statistics)) {
        if (statistics[name]) addTo(statistics[name], sum);
        else statistics[name] = sum;
      }
    }
    const groups = results.reduce((sum, result) => sum + result.groups, 0);
    return { loss: results.reduce((sum, result) => sum + result.loss, 0), logits, statistics, groups };
  }

  /** The current (or averaged) weights: all parameters of the graph, copied. */
  weights(averaged: boolean): Weights {
    const values = averaged && this.#average ? this.#average.values : [...this.#weights.values()];
    const learned = new Map([...this.#weights.keys()].map((name, i) => [name, values[i] as Float32Array]));
    return new Map(
      [...this.#setup.weights].map(([name, { shape, data }]) => {
        return [name, { shape, data: (learned.get(name) ?? this.#statistics.get(name) ?? data).slice() }];
      }),
    );
  }

  /** Everything that the next step depends on, by name: the arrays themselves. */
  get state(): ReadonlyMap<string, Float32Array> {
    const entries = [
      ...[...this.#weights].map(([name, values]) => [`weights/${name}`, values] as const),
      ...[...this.#statistics].map(([name, values]) => [`statistics/${name}`, values] as const),
      ...Object.entries(this.#optimizer.state).map(([name, values]) => [`optimizer/${name}`, values] as const),
      ...Object.entries(this.#average?.state ?? {}).map(([name, values]) => [`average/${name}`, values] as const),
    ];
    return new Map(entries);
  }

  /** Continues from a state. Throws `TypeError` if it belongs to another network or optimizer. */
  restore(state: ReadonlyMap<string, Float32Array>): void {
    const own = this.state;
    for (const name of new Set([...own.keys(), ...state.keys()])) {
      if (own.get(name)?.length !== state.get(name)?.length)
        throw new TypeError(`the saved state does not match at ${name}`);
    }
    for (const [name, values] of own) values.set(state.get(name) as Float32Array);
  }
}

function addTo(sum: Float32Array, other: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (other[i] as number);
}

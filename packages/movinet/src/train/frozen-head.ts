import { activations } from "../graph/interpret.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Model } from "../model/model.ts";
import { headFolds, someOf } from "./frozen-folds.ts";
import { gramOf, timesKernel } from "./linear-algebra.ts";
import { type PreparedRidge, prepareRidge, type RidgeFit, type RidgeTask } from "./ridge.ts";
import { fitSigmoid, fitSoftmax, type Scored, type Temperature } from "./temperature.ts";

/** A clip as seen by the frozen part of a network. */
export interface HeadSample {
  /** The output of the head's pool, `[head width]`, for each view of the clip; the first is the view of `classify`. */
  readonly views: readonly Float32Array[];
  /** Indexes of its classes; exactly one unless multi-label. */
  readonly classes: readonly number[];
  /** Samples of one group never predict each other; null: a group of its own. */
  readonly group: string | null;
  /**
   * Whether the network was trained on it: it then has no influence on mix, strength and temperature. Default false.
   */
  readonly seen?: boolean;
}

export interface HeadOptions {
  /** Number of classes, at least 2 (1 if multi-label). */
  readonly classes: number;
  /** Independent classes instead of mutually exclusive ones. Default false. */
  readonly multiLabel?: boolean;
  readonly seed?: number;
}

/** The last layer of a network, and how it was chosen. */
export interface FittedHead {
  /** `[hidden, classes]`, the new `classifier2.kernel`. */
  readonly kernel: Float32Array;
  /** `[classes]`, the new `classifier2.bias`. */
  readonly bias: Float32Array;
  /** Weight of the model's own classes in similarity, 0 (hidden vectors alone) .. 1. */
  readonly mix: number;
  /** Ridge strength, relative to the features' variance. */
  readonly strength: number;
  readonly temperature: Temperature;
  /** Folds used to choose these; 0: too few groups, defaults are used. */
  readonly folds: number;
  /**
   * For each sample its logits from a head that never saw its group, averaged over rounds; null if there are none.
   * Mix, strength and temperature were chosen with them, so they are slightly optimistic: nest the whole procedure for
   * an unbiased number.
   */
  readonly outOfFold: readonly (Float64Array | null)[];
}

/** Candidate mixes and strengths; if nothing can be compared, the middle ones are used. */
const mixes = [0.5, 0, 1] as const;
const strengths = [1e-2, 3e-2, 3e-3, 1e-1, 1e-3] as const;
const defaultTemperature: Temperature = { scale: 5, offset: 0, loss: Number.NaN };
/** Rounds of cross-validation, each with other folds; one if there are many clips. */
const rounds = 3;
const fewClips = 200;
/** Most clips used to choose mix, strength and temperature, and to solve the head. */
const mostCompared = 400;
const mostSolved = 4000;

/**
 * The best last layer on frozen features: ridge regression to the classes on the head's hidden vectors, in closed
 * form. Similarity mixes the distance of hidden vectors and of the model's own logits (its old classes indicate what
 * matters). Mix and strength minimize the cross-entropy in grouped cross-validation; the temperature calibrates the
 * probabilities and is folded into the weights. Classes are weighted by the square root of their size. The same
 * samples in the same order give the same bytes.
 */
export function fitHead(samples: readonly HeadSample[], head: HeadLayers, options: HeadOptions): FittedHead {
  const { classes, multiLabel = false, seed = 0 } = options;
  check(samples, head, classes, multiLabel);
  const weightOf = weigher(samples, classes, multiLabel);
  const chosen = choose(samples, someOf(samples, mostCompared, seed), head, weightOf, options);
  const solved = someOf(samples, mostSolved, seed);
  const rows = rowsOf(samples, solved, head);
  const shares = [1 - chosen.mix, chosen.mix];
  const task = taskOf(rows, samples, classes, shares);
  const ridge = prepareRidge(
    task,
    rows.map((_, r) => r),
    Float64Array.from(rows, ({ sample }) => weightOf(sample)),
    shares,
  );
  const { kernel, bias } = layerOf(ridge.solve(chosen.strength), rows, head, chosen.temperature);
  return { kernel, bias, ...chosen };
}

/** The layers of a model's head: what is frozen and what is replaced. */
export interface HeadLayers {
  /** Hidden vector `[hidden]` for a pooled one `[head width]`. */
  hidden(pooled: Float32Array): Float32Array;
  /** Frozen `classifier2.kernel`, `[hidden, old classes]`, with the mean over classes subtracted. */
  readonly known: Float32Array;
  readonly width: number;
}

/** What `fitHead` needs of a model: `classifier1`, and the knowledge of `classifier2`. */
export function headOf({ spec, weights }: Pick<Model, "spec" | "weights">): HeadLayers {
  const kernel = (weights.get("classifier1.kernel") as Tensor).data;
  const bias = (weights.get("classifier1.bias") as Tensor).data;
  const known = (weights.get("classifier2.kernel") as Tensor).data.slice();
  for (let h = 0; h < spec.hidden; h++) {
    const row = known.subarray(h * spec.classes, (h + 1) * spec.classes);
    const mean = row.reduce((sum, value) => sum + value, 0) / spec.classes;
    for (let c = 0; c < row.length; c++) row[c]! -= mean;
  }
  const activation = activations[spec.classifierActivation];
  return {
    hidden: (pooled) => Float32Array.from(timesKernel(pooled, kernel), (x, h) => activation(x + bias[h]!)),
    known,
    width: spec.head,
  };
}

/** A view of a sample, to train on or to score. */
interface Row {
  readonly sample: number;
  readonly first: boolean;
  readonly hidden: Float32Array;
  readonly logits: Float32Array;
}

type Chosen = Pick<FittedHead, "mix" | "strength" | "temperature" | "folds" | "outOfFold">;

function choose(
  samples: readonly HeadSample[],
  compared: readonly number[],
  head: HeadLayers,
  weightOf: (sample: number) => number,
  { classes, multiLabel = false, seed = 0 }: HeadOptions,
): Chosen {
  const rows = rowsOf(samples, compared, head);
  const task = taskOf(rows, samples, classes, [1, 1]);
  const times = compared.length <= fewClips ? rounds : 1;
  const splits = Array.from({ length: times }, (_, round) => headFolds(samples, compared, seed, round)).flat();
  let best: Chosen | null = null;
  for (const mix of mixes) {
    const prepared = splits.map((held) => prepareFold(task, rows, held, samples, weightOf, [1 - mix, mix]));
    for (const strength of strengths) {
      const scored = prepared.flatMap((fold) => fold.run(strength));
      if (scored.length === 0) continue;
      const temperature = (multiLabel ? fitSigmoid : fitSoftmax)(scored);
      if (best && temperature.loss >= best.temperature.loss) continue;
      const folds = splits.length / times;
      best = { mix, strength, temperature, folds, outOfFold: meanLogits(samples.length, scored, temperature) };
    }
  }
  const nothing = samples.map(() => null);
  return best ?? { mix: 0.5, strength: 1e-2, temperature: defaultTemperature, folds: 0, outOfFold: nothing };
}

function prepareFold(
  task: RidgeTask,
  rows: readonly Row[],
  held: ReadonlySet<number>,
  samples: readonly HeadSample[],
  weightOf: (sample: number) => number,
  shares: readonly number[],
) {
  const all = rows.map((_, r) => r);
  const members = all.filter((r) => !held.has(rows[r]!.sample));
  const seen = new Set(members.flatMap((r) => samples[rows[r]!.sample]!.classes));
  /** A class without training samples cannot be predicted: it is ignored for the choice. */
  const judged = all.filter((r) => {
    const { first, sample } = rows[r]!;
    const { classes, seen: known } = samples[sample]!;
    return first && held.has(sample) && !known && classes.every((c) => seen.has(c));
  });
  let ridge: PreparedRidge | null = null;
  return {
    run(strength: number): readonly (Scored & { readonly sample: number })[] {
      if (seen.size < 2 || judged.length === 0) return [];
      ridge ??= prepareRidge(
        task,
        members,
        Float64Array.from(members, (r) => weightOf(rows[r]!.sample)),
        shares,
      );
      const fit = ridge.solve(strength);
      const { score } = ridge;
      return judged.map((r) => {
        const { sample } = rows[r]!;
        return { sample, scores: score(fit, r), classes: samples[sample]!.classes };
      });
    },
  };
}

function meanLogits(
  count: number,
  scored: readonly (Scored & { readonly sample: number })[],
  { scale, offset }: Temperature,
): (Float64Array | null)[] {
  const sums: (Float64Array | null)[] = new Array<Float64Array | null>(count).fill(null);
  const times = new Uint32Array(count);
  for (const { sample, scores } of scored) {
    times[sample]!++;
    const sum = sums[sample] ?? new Float64Array(scores.length);
    sums[sample] = sum.map((value, c) => value + scale * (scores[c]! - offset));
  }
  return sums.map((sum, s) => sum?.map((value) => value / times[s]!) ?? null);
}

/** Weight of each view: samples of rare classes weigh more, and all views of a sample together weigh as much as one. */
function weigher(samples: readonly HeadSample[], classes: number, multiLabel: boolean): (sample: number) => number {
  const counts = new Float64Array(classes);
  for (const sample of samples) for (const c of sample.classes) counts[c]!++;
  return (s) => {
    const { views, classes: own } = samples[s]!;
    return (multiLabel ? 1 : 1 / Math.sqrt(counts[own[0]!]!)) / views.length;
  };
}

function rowsOf(samples: readonly HeadSample[], some: readonly number[], head: HeadLayers): readonly Row[] {
  return some.flatMap((sample) =>
    samples[sample]!.views.map((view, v) => {
      const hidden = head.hidden(view);
      return { sample, first: v === 0, hidden, logits: Float32Array.from(timesKernel(hidden, head.known)) };
    }),
  );
}

function taskOf(
  rows: readonly Row[],
  samples: readonly HeadSample[],
  classes: number,
  shares: readonly number[],
): RidgeTask {
  const none = new Float64Array();
  const grams = [
    shares[0]! > 0 ? gramOf(rows.map(({ hidden }) => hidden)) : none,
    shares[1]! > 0 ? gramOf(rows.map(({ logits }) => logits)) : none,
  ];
  const targets = Array.from({ length: classes }, (_, c) =>
    Float64Array.from(rows, ({ sample }) => (samples[sample]!.classes.includes(c) ? 1 : 0)),
  );
  return { grams, rows: rows.length, targets };
}

/** The scores as a layer on hidden vectors: the logits they partly depend on are themselves linear in these. */
function layerOf(
  { weights, coefficients, means, factors }: RidgeFit,
  rows: readonly Row[],
  { known }: HeadLayers,
  { scale, offset }: Temperature,
): { kernel: Float32Array; bias: Float32Array } {
  const hidden = rows[0]!.hidden.length;
  const old = known.length / hidden;
  const classes = means.length;
  const centre = new Float64Array(hidden);
  for (const [r, row] of rows.entries()) for (let h = 0; h < hidden; h++) centre[h]! += weights[r]! * row.hidden[h]!;
  const kernel = new Float32Array(hidden * classes);
  const bias = new Float32Array(classes);
  for (let c = 0; c < classes; c++) {
    const direction = new Float64Array(hidden);
    for (const [r, row] of rows.entries()) {
      const a = coefficients[c]![r]!;
      for (let h = 0; h < hidden; h++) direction[h]! += a * (row.hidden[h]! - centre[h]!);
    }
    const onLogits = timesKernel(direction, known);
    let constant = means[c]! - offset;
    for (let h = 0; h < hidden; h++) {
      let value = factors[0]! * direction[h]!;
      for (let o = 0; o < old; o++) value += factors[1]! * known[h * old + o]! * onLogits[o]!;
      kernel[h * classes + c] = scale * value;
      constant -= value * centre[h]!;
    }
    bias[c] = scale * constant;
  }
  return { kernel, bias };
}

function check(samples: readonly HeadSample[], head: HeadLayers, classes: number, multiLabel: boolean): void {
  if (samples.length === 0) throw new TypeError("samples must not be empty");
  if (!(Number.isInteger(classes) && classes >= (multiLabel ? 1 : 2))) {
    throw new TypeError(`classes must be at least ${multiLabel ? 1 : 2}, got ${classes}`);
  }
  for (const [s, { views, classes: own }] of samples.entries()) {
    if (views.length === 0 || views.some((view) => view.length !== head.width)) {
      throw new TypeError(`sample ${s}: views must be one or more vectors of ${head.width} numbers`);
    }
    if (views.some((view) => view.some((value) => !Number.isFinite(value)))) {
      throw new TypeError(`sample ${s}: its features are not finite`);
    }
    const valid = own.every((c) => Number.isInteger(c) && c >= 0 && c < classes) && (multiLabel || own.length === 1);
    if (!valid)
      throw new TypeError(
        `sample ${s}: classes [${own}] must be ${multiLabel ? "indexes" : "one index"} in 0..${classes - 1}`,
      );
  }
}

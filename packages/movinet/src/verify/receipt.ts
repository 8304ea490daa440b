import type { Precision } from "../graph/precision.ts";
import type { Card } from "../model/card.ts";
import type { Frames } from "./clips.ts";
import {
  centred,
  failuresOf,
  type Likeness,
  type Limits,
  likenessOf,
  limitsOf,
  type Yardstick,
  yardstickOf,
} from "./criterion.ts";
import type { Runner } from "./runner.ts";

/** How one way of running a network compares with the first, on the same frames. */
export interface Check extends Likeness {
  /** Of the file or the model that was run. */
  readonly name: string;
  readonly runtime: string;
  readonly call: Runner["call"];
  /** Answers that were compared. */
  readonly answers: number;
  /** The limits that are not kept, by name; `numbers`: some answers are not finite. */
  readonly fails: readonly string[];
  readonly pass: boolean;
}

/** Wrong answers on purpose, which the same limits must turn down: what a broken network would score on these clips. */
export interface Control extends Likeness {
  /**
   * `constant answer`: the mean of the source's answers. `other clips`: its answers to other clips. `zeroed state`: its
   * answers to the last frames alone. `no time`: its answers to the last frames, held still.
   */
  readonly name: "constant answer" | "other clips" | "zeroed state" | "no time";
  /** Whether its error is at least {@link controlMargin} times what is allowed. */
  readonly fails: boolean;
}

/** What a comparison found. Plain data, kept in the files that were compared. */
export interface Receipt {
  readonly type: "receipt";
  /** What the others are held against. */
  readonly source: { readonly name: string; readonly runtime: string; readonly call: Runner["call"] };
  readonly result: { readonly format: string; readonly form: string | null; readonly dtype: Precision };
  readonly clips: number;
  /** Frames of all clips together. */
  readonly frames: number;
  /** How much the source's answers differ from clip to clip: root mean square of centred logits about their mean. */
  readonly spread: number | null;
  readonly limits: Limits;
  readonly checks: readonly Check[];
  readonly controls: readonly Control[];
  /** Why the comparison proves nothing, whatever the checks say; null where it does. */
  readonly problem: string | null;
  /** The greatest difference of all checks; null where an answer is not finite. */
  readonly difference: number | null;
  /** Whether there are checks, all pass, and all controls fail. */
  readonly pass: boolean;
}

/** A control that is nearer to passing than this shows that the clips tell too little. */
export const controlMargin = 1.5;

export interface CompareOptions {
  /** What the network's logits go through: of a softmax their mean says nothing. Default `softmax`. */
  readonly output?: Card["output"];
  /** Called after each way. */
  readonly onCheck?: () => void;
}

/**
 * Runs the same clips in each way, and holds every answer against the first way's after as many frames. A way that answers
 * nothing is left out. Beside them it judges answers that are wrong on purpose.
 */
export async function compareRunners(
  source: Runner,
  others: readonly Runner[],
  clips: readonly Frames[],
  dtype: Precision,
  { output = "softmax", onCheck = () => {} }: CompareOptions = {},
): Promise<Omit<Receipt, "type" | "source" | "result">> {
  const answersOf = async (runner: Runner, clip: Frames) =>
    (await runner.logits(clip)).map((logits) => centred(logits, output));
  // Clips of one length follow each other: some runners compile their network for each length.
  const zeroed: Float64Array[] = [];
  for (const clip of source.frames === null ? clips : []) {
    zeroed.push(...(await answersOf(source, clip.slice(-1))).slice(-1));
  }
  const expected: (readonly Float64Array[])[] = [];
  const still: Float64Array[] = [];
  for (const clip of clips) {
    expected.push(await answersOf(source, clip));
    const stopped = clip.map(() => clip.at(-1) as Float32Array);
    still.push(...(await answersOf(source, stopped)).slice(-1));
  }
  onCheck();
  const truth = expected.flatMap((answers) => answers.slice(-1));
  const yardstick = yardstickOf(truth);
  const limits = limitsOf(dtype);
  const controls = controlsOf({ truth, still, zeroed }, yardstick, limits);
  const checks: Check[] = [];
  for (const other of others) {
    const found: (readonly [Float64Array, Float64Array])[] = [];
    for (const [i, clip] of clips.entries()) {
      found.push(...pairs(await answersOf(other, clip), expected[i] as readonly Float64Array[]));
    }
    const { name, runtime, call } = other;
    if (found.length === 0) continue;
    const likeness = likenessOf(found, yardstick);
    const fails = failuresOf(likeness, limits);
    checks.push({ name, runtime, call, answers: found.length, ...likeness, fails, pass: fails.length === 0 });
    onCheck();
  }
  const problem = problemOf(checks, controls, yardstick, dtype);
  const differences = checks.map(({ difference }) => difference);
  return {
    clips: clips.length,
    frames: clips.reduce((sum, clip) => sum + clip.length, 0),
    spread: Number.isFinite(yardstick.spread) ? yardstick.spread : null,
    limits,
    checks,
    controls,
    problem,
    difference: differences.includes(null) ? null : Math.max(0, ...(differences as number[])),
    pass: problem === null && checks.every((check) => check.pass),
  };
}

/** What networks would score that answer wrongly on purpose; of windows there is no state to be zeroed. */
function controlsOf(
  { truth, still, zeroed }: Readonly<Record<"truth" | "still" | "zeroed", readonly Float64Array[]>>,
  yardstick: Yardstick,
  limits: Limits,
): Control[] {
  const answers: readonly (readonly [Control["name"], readonly Float64Array[]])[] = [
    ["constant answer", truth.map(() => yardstick.mean)],
    ["other clips", truth.map((_, i) => truth[(i + 1) % truth.length] as Float64Array)],
    ["zeroed state", zeroed],
    ["no time", still],
  ];
  return answers.flatMap(([name, given]) => {
    if (given.length === 0) return [];
    const likeness = likenessOf(pairs(given, truth), yardstick);
    return [{ name, ...likeness, fails: (likeness.error ?? 0) >= controlMargin * limits.error }];
  });
}

function problemOf(
  checks: readonly Check[],
  controls: readonly Control[],
  { spread }: Yardstick,
  dtype: Precision,
): string | null {
  if (checks.length === 0) return "nothing was compared";
  if (!Number.isFinite(spread)) return "the answers that the others are held against are not finite numbers";
  if (spread === 0) return "it gives every clip the same answer";
  const passing = controls.find(({ fails }) => !fails);
  if (!passing) return null;
  const [error, allowed] = [passing.error ?? 0, limitsOf(dtype).error].map(
    (share) => `${(100 * share).toPrecision(2)} %`,
  );
  return `the control "${passing.name}" has an error of ${error}, too near to the ${allowed} that is allowed`;
}

/** Answers after the same frames: of two lists the last ones belong together, and those before them. */
function pairs<T>(a: readonly T[], b: readonly T[]): (readonly [T, T])[] {
  const count = Math.min(a.length, b.length);
  return Array.from({ length: count }, (_, i) => [a.at(i - count) as T, b.at(i - count) as T]);
}

import {
  centred,
  failuresOf,
  type Likeness,
  type Limits,
  likenessOf,
  limitsOf,
  type Yardstick,
  yardstickOf,
} from "../flow/criterion.ts";
import type { Precision } from "../graph/precision.ts";
import type { Card } from "../model/card.ts";
import type { Frames } from "./clips.ts";
import type { Runner } from "./runner.ts";

/** How one way of running a network compares with the first, on the same frames. */
export interface Check extends Likeness {
  /** Name of the file or model. */
  readonly name: string;
  readonly runtime: string;
  readonly arithmetic: Runner["arithmetic"];
  readonly call: Runner["call"];
  /** Number of answers compared. */
  readonly answers: number;
  /** The violated limits, by name; `numbers`: some answers are not finite. */
  readonly fails: readonly string[];
  readonly pass: boolean;
}

/** Deliberately wrong answers, which the same limits must reject: what a broken network would score on these clips. */
export interface Control extends Likeness {
  /**
   * `constant answer`: the mean of the source's answers. `other clips`: its answers for other clips. `zeroed state`:
   * its answers for the last frames alone. `no time`: its answers for the last frames, repeated.
   */
  readonly name: "constant answer" | "other clips" | "zeroed state" | "no time";
  /** Whether its error is at least {@link controlMargin} times the limit. */
  readonly fails: boolean;
}

/** The result of a comparison. Plain data, stored in the compared files. */
export interface Receipt {
  readonly type: "receipt";
  /** The reference of the comparison. */
  readonly source: Pick<Runner, "name" | "runtime" | "arithmetic" | "call">;
  readonly result: { readonly format: string; readonly form: string | null; readonly dtype: Precision };
  readonly clips: number;
  /** Frames of all clips together. */
  readonly frames: number;
  /** How much the source's answers differ between clips: root mean square of centred logits around their mean. */
  readonly spread: number | null;
  readonly limits: Limits;
  readonly checks: readonly Check[];
  readonly controls: readonly Control[];
  /** Why the comparison proves nothing, whatever the checks say; null if it is valid. */
  readonly problem: string | null;
  /** The largest difference of all checks; null if an answer is not finite. */
  readonly difference: number | null;
  /** Whether there are checks, all pass, and all controls fail. */
  readonly pass: boolean;
}

/** A control closer to passing than this shows that the clips are not informative enough. */
export const controlMargin = 1.5;

export interface CompareOptions {
  /** The function applied to the logits: for a softmax their mean is irrelevant. Default `softmax`. */
  readonly output?: Card["output"];
  /** Called after each way. */
  readonly onCheck?: () => void;
  /** Default: those of files of this precision compared with float32. */
  readonly limits?: Limits;
}

/**
 * Runs the same clips in each way, and compares every answer with the first way's after the same number of frames.
 * Ways without answers are omitted. Also evaluates deliberately wrong answers.
 */
export async function compareRunners(
  source: Runner,
  others: readonly Runner[],
  clips: readonly Frames[],
  dtype: Precision,
  { output = "softmax", onCheck = () => {}, limits = limitsOf(dtype) }: CompareOptions = {},
): Promise<Omit<Receipt, "type" | "source" | "result">> {
  const answersOf = async (runner: Runner, clip: Frames) =>
    (await runner.logits(clip)).map((logits) => centred(logits, output));
  // Clips of the same length follow each other: some runners compile their network per length.
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
  const controls = controlsOf({ truth, still, zeroed }, yardstick, limits);
  const checks: Check[] = [];
  for (const other of others) {
    const found: (readonly [Float64Array, Float64Array])[] = [];
    for (const [i, clip] of clips.entries()) {
      found.push(...pairs(await answersOf(other, clip), expected[i] as readonly Float64Array[]));
    }
    const { name, runtime, arithmetic, call } = other;
    if (found.length === 0) continue;
    const likeness = likenessOf(found, yardstick);
    const fails = failuresOf(likeness, limits);
    checks.push({
      name,
      runtime,
      arithmetic,
      call,
      answers: found.length,
      ...likeness,
      fails,
      pass: fails.length === 0,
    });
    onCheck();
  }
  const problem = problemOf(checks, controls, yardstick, limits);
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

/** Deliberately wrong answers; windows have no state to zero. */
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
  limits: Limits,
): string | null {
  if (checks.length === 0) return "nothing was compared";
  if (!Number.isFinite(spread)) return "the reference answers are not finite";
  if (spread === 0) return "it gives every clip the same answer";
  const passing = controls.find(({ fails }) => !fails);
  if (!passing) return null;
  const [error, allowed] = [passing.error ?? 0, limits.error].map((share) => `${(100 * share).toPrecision(2)} %`);
  return `the control "${passing.name}" has an error of ${error}, too close to the allowed ${allowed}`;
}

/** Answers after the same frames: the last ones of both lists correspond, and those before them. */
function pairs<T>(a: readonly T[], b: readonly T[]): (readonly [T, T])[] {
  const count = Math.min(a.length, b.length);
  return Array.from({ length: count }, (_, i) => [a.at(i - count) as T, b.at(i - count) as T]);
}

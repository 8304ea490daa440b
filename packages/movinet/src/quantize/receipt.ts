/** How the answers of a small file compare with those of the float model, on clips that neither was fitted to. */
import { probabilities } from "../flow/predict.ts";
import type { TflitePrecision } from "../formats/tflite/write/lower.ts";
import type { Card } from "../model/card.ts";
import type { FileMode } from "./candidate.ts";
import type { RangeMethod } from "./histogram.ts";
import type { LayerNoise } from "./layers.ts";

/** A frame counts as sure if the float model's first class leads its second by this probability. */
const sureMargin = 0.1;
/** Least share of sure frames that must keep their class. */
const leastSame = 0.95;

/** Counts over frames and clips. */
export interface Counts {
  readonly clips: number;
  readonly frames: number;
  /** Frames whose float answer is sure, and those of them with the same likeliest class in the file. */
  readonly sure: number;
  readonly same: number;
  /** Clips that the float model, and the file, gets right at their end. */
  readonly rightBefore: number;
  readonly rightAfter: number;
}

/** What a comparison found. */
export interface Judgement extends Counts {
  /** Points of accuracy, in percent, that the file may lose. */
  readonly maxDrop: number;
  /** The same counts for answers that must fail: those of the float model for another clip. */
  readonly control: Counts;
  /** Why it fails, one sentence each; empty if it passes. */
  readonly problems: readonly string[];
  readonly pass: boolean;
}

/** What was measured of a quantized file. Plain data, stored in the file. */
export interface QuantizationReceipt extends Judgement {
  readonly type: "receipt";
  readonly mode: FileMode;
  readonly source: { readonly name: string; readonly runtime: string };
  readonly result: {
    readonly format: "tflite";
    readonly form: "step" | "official";
    readonly dtype: TflitePrecision;
    readonly runtime: string;
  };
  /** Size of the file without this receipt. */
  readonly bytes: number;
  /** Shares of the clips that the float model, and the file, gets right at their end. */
  readonly before: { readonly top1: number; readonly clips: number };
  readonly after: { readonly top1: number };
  /** Share of the sure frames that keep their class; null: there are none. */
  readonly agreement: number | null;
  /** Which clips chose the ranges, and how; null: it has none. */
  readonly calibration: {
    readonly clips: number;
    readonly frames: number;
    readonly method: RangeMethod;
    /** The layers that stay floats, most sensitive first. */
    readonly floats: readonly string[];
  } | null;
  /** The clips that were compared, for example `test clips`. */
  readonly judged: string;
  /** Milliseconds of a frame, the lower quartile: of the model in float32 in each engine, and of the file, last. */
  readonly latency: readonly Latency[];
  readonly layers: readonly LayerNoise[];
  /** The modes that were tried before, and why the file has none of them. */
  readonly rejected: readonly Rejection[];
}

export interface Latency {
  readonly runtime: string;
  readonly precision: string;
  readonly milliseconds: number;
}

export interface Rejection {
  readonly mode: FileMode;
  readonly problem: string;
}

/** Times of steps in turn vary by less. */
const slower = 1.1;

/** What is wrong with the speed of a file, or null: it is about as fast as float32 in the engine for its format. */
export function slowness({ latency }: Pick<QuantizationReceipt, "latency">): string | null {
  const [before, after] = latency.slice(-2);
  if (!before || !after || after.milliseconds <= slower * before.milliseconds) return null;
  const times = (after.milliseconds / before.milliseconds).toFixed(1);
  return `it takes ${times} times as long as float32 in ${after.runtime}`;
}

/** The shares that follow from counts. */
export function sharesOf({ clips, sure, same, rightBefore, rightAfter }: Counts) {
  return {
    before: { top1: rightBefore / clips, clips },
    after: { top1: rightAfter / clips },
    agreement: sure === 0 ? null : same / sure,
  };
}

/** The answers for a clip: its correct classes, and logits after each frame. */
export interface ClipAnswers {
  readonly classes: readonly number[];
  readonly logits: readonly Float32Array[];
}

/** Compares answers for the same clips; of clips with unequal numbers of frames, the first frames. */
export function countAnswers(
  before: readonly ClipAnswers[],
  after: readonly ClipAnswers[],
  output: Card["output"],
): Counts {
  let [frames, sure, same, rightBefore, rightAfter] = [0, 0, 0, 0, 0];
  for (const [i, { classes, logits }] of before.entries()) {
    const others = (after[i] as ClipAnswers).logits;
    const count = Math.min(logits.length, others.length);
    for (let t = 0; t < count; t++) {
      const [first, second] = leaders(probabilities(logits[t] as Float32Array, output));
      frames++;
      if (first.score - second.score < sureMargin) continue;
      sure++;
      if (leaders(others[t] as Float32Array)[0].index === first.index) same++;
    }
    const isRight = (all: readonly Float32Array[]) =>
      count > 0 && classes.includes(leaders(all[count - 1] as Float32Array)[0].index);
    if (isRight(logits)) rightBefore++;
    if (isRight(others)) rightAfter++;
  }
  return { clips: before.length, frames, sure, same, rightBefore, rightAfter };
}

interface JudgeOptions {
  readonly output: Card["output"];
  readonly maxDrop: number;
  /** What is wrong with the file's numbers. */
  readonly found: readonly string[];
}

/** Whether a file's answers may stand for the model's. */
export function judge(
  before: readonly ClipAnswers[],
  after: readonly ClipAnswers[],
  { output, maxDrop, found }: JudgeOptions,
): Judgement {
  const counts = countAnswers(before, after, output);
  const shifted = before.map((_, i) => before[(i + 1) % before.length] as ClipAnswers);
  const control = countAnswers(before, shifted, output);
  const isNumber = after.every(({ logits }) => logits.every((row) => row.every(Number.isFinite)));
  const numberless = isNumber ? [] : ["some of its answers are not numbers"];
  const problems = [...numberless, ...problemsOf(counts, control, maxDrop), ...found];
  return { ...counts, maxDrop, control, problems, pass: problems.length === 0 };
}

/** The highest and the second highest of some numbers. */
function leaders(values: Float32Array) {
  let first = { index: 0, score: -Infinity };
  let second = first;
  for (const [index, score] of values.entries()) {
    if (score > first.score) [first, second] = [{ index, score }, first];
    else if (score > second.score) second = { index, score };
  }
  return [first, second] as const;
}

/** Why a file does not pass, one sentence each. */
function problemsOf(counts: Counts, control: Counts, maxDrop: number): readonly string[] {
  const { clips, sure, same, rightBefore, rightAfter } = counts;
  const problems: string[] = [];
  const lost = rightBefore - rightAfter;
  // A single clip is not a measurement: it may weigh more than the points allowed.
  if (lost > Math.max(1, (maxDrop / 100) * clips)) {
    const drop = ((100 * lost) / clips).toFixed(1);
    problems.push(
      `${rightAfter} instead of ${rightBefore} of ${clips} clips correct: it loses ${drop} points, ${maxDrop} are allowed`,
    );
  }
  if (sure === 0) problems.push("the model itself is sure of no frame, so nothing can be compared");
  else if (same < leastSame * sure) {
    problems.push(
      `the same class on ${percentOf(same, sure)} of the ${sure} frames that the model is sure of: at least ${100 * leastSame} % are required`,
    );
  }
  if (sure > 0 && control.same >= leastSame * control.sure) {
    problems.push("the model gives most clips the same answer, so wrong answers would pass too");
  }
  return problems;
}

function percentOf(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`;
}

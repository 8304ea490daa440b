import type { Spec } from "../../model/arch/spec.ts";
import { randomOf } from "../random.ts";
import type { Runner } from "./runner.ts";

/** How one way of running a network compares with the first, on the same frames. */
export interface Check {
  /** Of the file or the model that was run. */
  readonly name: string;
  readonly runtime: string;
  readonly call: Runner["call"];
  /** The greatest difference of any logit. */
  readonly difference: number;
  /** Share of the answers compared whose likeliest class is the same, in 0..1. */
  readonly sameClass: number;
  /** Whether the difference is within the tolerance or, of a file that computes in int8, the likeliest class mostly the same. */
  readonly pass: boolean;
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
  /** The greatest logit of the source, without its sign. */
  readonly scale: number;
  /** The greatest difference that is allowed. */
  readonly tolerance: number;
  readonly checks: readonly Check[];
  /** The greatest difference of all checks. */
  readonly difference: number;
  readonly pass: boolean;
}

/** How a file stores or computes its numbers. */
export type Precision = "float32" | "float16" | "dynamic_int8" | "int8";

/** Allowed difference of logits: the first number (less where no logit reaches 1), or the second as a share of the greatest. */
const tolerances: Readonly<Record<Precision, readonly [least: number, share: number]>> = {
  float32: [1e-3, 1e-5],
  float16: [1e-2, 1e-2],
  dynamic_int8: [5e-2, 5e-2],
  int8: [1e-1, 1e-1],
};

/** Frames of the clips on which a stream is compared: the first frame, filling buffers, and full ones. */
export const streamLengths: readonly number[] = [1, 2, 5, 8];

/** Share of answers whose likeliest class must be the same where rounded feature maps move logits by more than that. */
const sameClassOfInt8 = 0.9;

export function toleranceOf(dtype: Precision, scale: number): number {
  const [least, share] = tolerances[dtype];
  return Math.max(least * Math.min(1, scale), share * scale);
}

/**
 * Pictures that nobody filmed, `[3, H, W]` in 0..1: noise on patches of 16 pixels that differ from frame to frame, so that a
 * mistake in any layer or state shows.
 */
export function noiseClip(
  { resolution: { height, width } }: Pick<Spec, "resolution">,
  frames: number,
  seed: number,
): Float32Array[] {
  const columns = Math.ceil(width / 16);
  const patches = columns * Math.ceil(height / 16);
  return Array.from({ length: frames }, (_, t) => {
    const random = randomOf("noise", seed, t);
    const coarse = Float32Array.from({ length: 3 * patches }, () => random.next());
    return Float32Array.from({ length: 3 * height * width }, (_, i) => {
      const [c, p] = [Math.floor(i / (height * width)), i % (height * width)];
      const [y, x] = [Math.floor(p / width), p % width];
      return random.next() * (coarse[c * patches + (y >> 4) * columns + (x >> 4)] as number);
    });
  });
}

/**
 * Runs the same clips in each way, and holds every answer against the first way's after as many frames. A way that answers
 * nothing is left out.
 */
export async function compareRunners(
  source: Runner,
  others: readonly Runner[],
  clips: readonly (readonly Float32Array[])[],
  dtype: Precision,
  onCheck: () => void = () => {},
): Promise<Pick<Receipt, "clips" | "frames" | "scale" | "tolerance" | "checks" | "difference" | "pass">> {
  const expected = [];
  for (const clip of clips) expected.push(await source.logits(clip));
  onCheck();
  const scale = Math.max(...expected.flatMap((answers) => answers.map((logits) => Math.max(...logits.map(Math.abs)))));
  const tolerance = toleranceOf(dtype, scale);
  const checks: Check[] = [];
  for (const other of others) {
    let [difference, same, compared] = [0, 0, 0];
    for (const [i, clip] of clips.entries()) {
      const got = await other.logits(clip);
      for (const [answer, truth] of pairs(got, expected[i] as readonly Float32Array[])) {
        for (const [c, logit] of truth.entries()) {
          const distance = Math.abs(logit - (answer[c] as number));
          if (!(distance <= difference)) difference = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
        }
        compared++;
        if (likeliest(answer) === likeliest(truth)) same++;
      }
    }
    const { name, runtime, call } = other;
    if (compared === 0) continue;
    const sameClass = same / compared;
    const pass = difference <= tolerance || (dtype === "int8" && sameClass >= sameClassOfInt8);
    checks.push({ name, runtime, call, difference, sameClass, pass });
    onCheck();
  }
  return {
    clips: clips.length,
    frames: clips.reduce((sum, clip) => sum + clip.length, 0),
    scale,
    tolerance,
    checks,
    difference: checks.reduce((most, check) => (check.difference <= most ? most : check.difference), 0),
    pass: checks.every((check) => check.pass),
  };
}

/** Answers after the same frames: of two lists the last ones belong together, and those before them. */
function pairs(a: readonly Float32Array[], b: readonly Float32Array[]): readonly [Float32Array, Float32Array][] {
  const count = Math.min(a.length, b.length);
  return Array.from({ length: count }, (_, i) => [a.at(i - count) as Float32Array, b.at(i - count) as Float32Array]);
}

function likeliest(logits: Float32Array): number {
  return logits.indexOf(Math.max(...logits));
}

/** The ways to write a model small. */
import type { TflitePrecision } from "../formats/tflite/write/lower.ts";
import type { Integers } from "../graph/quantize.ts";
import type { RangeMethod } from "./histogram.ts";

/**
 * `int8`: everything that can be is an integer; `mixed`: the most sensitive layers compute with floats and int8 weights; `dynamic`: all do;
 * `float16`: weights are halves. In the order in which `auto` tries them.
 */
export const fileModes = ["int8", "mixed", "dynamic", "float16"] as const;
export type FileMode = (typeof fileModes)[number];

export const precisionOf: Readonly<Record<FileMode, TflitePrecision>> = {
  int8: "int8",
  mixed: "int8",
  dynamic: "dynamic_int8",
  float16: "float16",
};

/** A file that may be written. */
export interface Candidate {
  readonly mode: FileMode;
  /** How its ranges were chosen; null: it has none. */
  readonly chosen: {
    readonly integers: Integers;
    readonly method: RangeMethod;
    /** Layers that stay floats, most sensitive first. */
    readonly floats: readonly string[];
    /** Frames that chose the ranges. */
    readonly frames: number;
  } | null;
}

/** Which layers stay floats, so that the others may compute with integers. */
import { decibels } from "./decibels.ts";
import type { ClipAnswers } from "./receipt.ts";

/** The logits' signal to noise if only this layer computes with integers. */
export interface Sensitivity {
  readonly layer: string;
  readonly decibels: number;
}

export interface SweepOptions {
  readonly layers: readonly string[];
  /** The logits of the float model. */
  readonly exact: readonly ClipAnswers[];
  /** Answers for the same clips of a file in which these layers stay floats. */
  answer(floats: readonly string[]): Promise<readonly ClipAnswers[]>;
}

/** Measures every layer by itself, and orders them: the most sensitive first. */
export async function sensitivities({ layers, exact, answer }: SweepOptions): Promise<readonly Sensitivity[]> {
  const found: Sensitivity[] = [];
  for (const layer of layers) {
    const answers = await answer(layers.filter((other) => other !== layer));
    found.push({ layer, decibels: logitDecibels(exact, answers) });
  }
  return found.toSorted((a, b) => a.decibels - b.decibels);
}

/**
 * The fewest of the first layers, at least one and not all, that must stay floats for `fits`; null: no number of them is
 * enough. It is found by halving, as if more floats never fitted worse.
 */
export async function fewestFloats(
  ordered: readonly Sensitivity[],
  fits: (floats: readonly string[]) => Promise<boolean>,
): Promise<readonly string[] | null> {
  const layers = ordered.map(({ layer }) => layer);
  let [low, high] = [1, layers.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await fits(layers.slice(0, middle))) high = middle;
    else low = middle + 1;
  }
  return low < layers.length ? layers.slice(0, low) : null;
}

/** Signal to noise of logits, without the mean over the classes, which changes no score. */
export function logitDecibels(exact: readonly ClipAnswers[], answers: readonly ClipAnswers[]): number {
  let [signal, noise] = [0, 0];
  for (const [i, { logits }] of exact.entries()) {
    for (const [t, own] of logits.entries()) {
      const other = (answers[i] as ClipAnswers).logits[t] as Float32Array;
      const centre = mean(own);
      const shift = mean(other) - centre;
      for (const [k, value] of own.entries()) {
        signal += (value - centre) ** 2;
        noise += (value - (other[k] as number) + shift) ** 2;
      }
    }
  }
  return decibels(signal, noise);
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

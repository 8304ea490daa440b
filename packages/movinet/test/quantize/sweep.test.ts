/** Which layers stay floats: the most sensitive ones, and as few as possible. */
import { expect, test } from "vitest";
import { evenly, firstOf } from "../../src/quantize/evenly.ts";
import type { ClipAnswers } from "../../src/quantize/receipt.ts";
import { fewestFloats, logitDecibels, sensitivities } from "../../src/quantize/sweep.ts";

const exact: readonly ClipAnswers[] = [
  { classes: [0], logits: [Float32Array.of(1, -1, 0), Float32Array.of(2, 0, -2)] },
];
const noise: Readonly<Record<string, number>> = { stem: 0.01, "block0.layer0": 0.4, "block1.layer0": 0.1, head: 0 };

/** Answers in which every layer that computes with integers adds its noise to a class. */
async function answer(floats: readonly string[]): Promise<readonly ClipAnswers[]> {
  const added = Object.entries(noise).reduce((sum, [layer, amount]) => sum + (floats.includes(layer) ? 0 : amount), 0);
  return exact.map((clip) => ({
    ...clip,
    logits: clip.logits.map((row) => row.map((x, k) => (k === 0 ? x + added : x))),
  }));
}

test("layers are ordered by the noise that each of them adds by itself", async () => {
  const found = await sensitivities({ layers: Object.keys(noise), exact, answer });
  expect(found.map(({ layer }) => layer)).toEqual(["block0.layer0", "block1.layer0", "stem", "head"]);
  // A signal of 10 over 0.4² in one of three classes, of which the mean is taken: 2 frames · 0.16 · 2/3.
  expect(found[0]?.decibels).toBeCloseTo(10 * Math.log10(10 / (2 * 0.16 * (2 / 3))), 4);
  expect(found.at(-1)?.decibels).toBe(Infinity);
});

test("a shift of all logits is no noise", () => {
  const shifted = exact.map((clip) => ({ ...clip, logits: clip.logits.map((row) => row.map((x) => x + 3)) }));
  expect(logitDecibels(exact, shifted)).toBeGreaterThan(120);
});

test("as few layers as possible stay floats", async () => {
  const layers = Array.from({ length: 9 }, (_, i) => ({ layer: `layer${i}`, decibels: i }));
  for (let least = 1; least <= 9; least++) {
    const tried: number[] = [];
    const floats = await fewestFloats(layers, async (chosen) => {
      tried.push(chosen.length);
      return chosen.length >= least;
    });
    const expected = layers.slice(0, least).map(({ layer }) => layer);
    expect(floats).toEqual(least < 9 ? expected : null);
    expect(tried.length).toBeLessThanOrEqual(4);
  }
});

test("clips are taken from everywhere, frames from the beginning", async () => {
  expect(evenly([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 4)).toEqual([0, 2, 5, 7]);
  expect(evenly([0, 1], 4)).toEqual([0, 1]);
  async function* all() {
    yield* [1, 2, 3];
  }
  expect(await Array.fromAsync(firstOf(all(), 2))).toEqual([1, 2]);
  expect(await Array.fromAsync(firstOf(all(), Infinity))).toEqual([1, 2, 3]);
  expect(await Array.fromAsync(firstOf(all(), 0))).toEqual([]);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { classWeights } from "../../src/train/balance.ts";

const clipsOf = (...counts: number[]) => counts.flatMap((count, c) => Array.from({ length: count }, () => [c]));

test("classes of about one size count the same", () => {
  for (const counts of [
    [10, 10],
    [14, 10],
    [29, 20, 25],
  ]) {
    const { weightOf } = classWeights(clipsOf(...counts), counts.length, false);
    for (const c of counts.keys()) expect(weightOf([c])).toBe(1);
  }
  expect(classWeights(clipsOf(14, 10), 2, false).why).toBe(
    "All clips have the same weight in the loss: the largest class has 14 clips, the smallest 10, a ratio below 1.5.",
  );
  expect(classWeights(clipsOf(5, 0), 2, false).why).toContain("there is only one class");
  expect(classWeights([], 2, false).weightOf([0])).toBe(1);
});

test("from 1.5 times on, a clip counts as 1 / √(clips of its class), with the mean 1", () => {
  const { weightOf, why } = classWeights(clipsOf(16, 4), 2, false);
  expect(weightOf([0])).toBeCloseTo(20 / 6 / 4, 12);
  expect(weightOf([1])).toBeCloseTo(20 / 6 / 2, 12);
  expect(why).toBe(
    "Clips of small classes weigh up to 2.0 times more in the loss: the largest class has 16 clips, the smallest 4.",
  );
  expect(classWeights(clipsOf(15, 10), 2, false).weightOf([1])).toBeGreaterThan(1);
  expect(classWeights(clipsOf(9, 0, 1), 3, false).weightOf([1])).toBe(1); // a class that the training does not know
  fc.assert(
    fc.property(fc.array(fc.nat(40), { minLength: 1, maxLength: 8 }), (counts) => {
      const clips = clipsOf(...counts);
      const { weightOf } = classWeights(clips, counts.length, false);
      const weights = clips.map(weightOf);
      expect(weights.every((weight) => weight > 0 && Number.isFinite(weight))).toBe(true);
      if (clips.length > 0) expect(weights.reduce((a, b) => a + b, 0) / clips.length).toBeCloseTo(1, 9);
    }),
  );
});

test("with several classes a clip all count the same; unknown classes are refused", () => {
  const { weightOf, why } = classWeights([[0, 1], [0], [0], []], 2, true);
  expect([[0, 1], [0], []].map(weightOf)).toEqual([1, 1, 1]);
  expect(why).toBe("All clips have the same weight in the loss: a clip can have several classes.");
  expect(() => classWeights([[2]], 2, false)).toThrow("clips: class 2 is not in 0..1");
  expect(() => classWeights([[]], 2, false)).toThrow("clips: class -1 is not in 0..1");
});

/** The one definition of a percentile, and that those who show a median use it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { percentile, percentileByRank } from "../../src/common/percentile.ts";
import { earlinessOf } from "../../src/evaluate/early.ts";
import { chooseFrozenView } from "../../src/train/frozen-view.ts";

// numpy.percentile(values, p) of NumPy 2.
test.each([
  [[4, 1, 3, 2], 50, 2.5],
  [[4, 1, 3, 2], 0, 1],
  [[4, 1, 3, 2], 100, 4],
  [[7], 95, 7],
  [[0, 10], 95, 9.5],
  [[3, 1, 2], 50, 2],
  [[10, 9, 2, 33, 5, 1], 5, 1.25],
  [[10, 9, 2, 33, 5, 1], 90, 21.5],
  [[-1, 100, 9], 25, 4],
])("%j at %d is %d", (values, p, expected) => {
  expect(percentile(values, p)).toBeCloseTo(expected, 12);
});

test("does not change its values, orders by number, and knows infinite ones", () => {
  const values = [10, 9, 100];
  expect(percentile(values, 50)).toBe(10);
  expect(values).toEqual([10, 9, 100]);
  expect(percentile([1, 2, Number.POSITIVE_INFINITY], 50)).toBe(2);
  expect(percentile([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY], 50)).toBe(Number.POSITIVE_INFINITY);
  expect(percentile(Float64Array.of(1, 2), 50)).toBe(1.5);
  expect(() => percentile([], 50)).toThrow("needs at least one value");
  expect(() => percentileByRank(0, 50, () => 0)).toThrow("needs at least one value");
});

test("as many values lie below the median as above", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1 }), (values) => {
      const median = percentile(values, 50);
      expect(values.filter((value) => value < median).length).toBeLessThanOrEqual(values.length / 2);
      expect(values.filter((value) => value > median).length).toBeLessThanOrEqual(values.length / 2);
    }),
  );
});

describe("is what is shown by", () => {
  test("the moments at which answers settle", () => {
    const clip = (seconds: number) => ({
      classes: [1],
      moments: { frames: [1, 2, 3], times: [0, seconds, 9], best: [0, 1, 1], confidence: [1, 1, 1] },
    });
    expect(earlinessOf([1, 2, 4, 8].map(clip), 5)?.settled?.seconds).toBe(3);
  });

  test("the view of short clips, of an even number too", () => {
    const card = { fps: 5, input: { width: 8, height: 8, fit: "squash" } } as Parameters<typeof chooseFrozenView>[0];
    // Median 2.5 s: 15 frames are missing 2.5 s × 5 + 1 = 13; the upper neighbour alone would have been long enough.
    expect(chooseFrozenView(card, [2, 3])).toEqual({ fps: 6, fits: ["squash", "crop"] });
    expect(chooseFrozenView(card, [2, 4]).fits).toEqual(["squash"]);
    expect(chooseFrozenView(card, [])).toEqual({ fps: 5, fits: ["squash"] });
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Range } from "../../src/graph/quantize.ts";
import { Histogram, type RangeMethod } from "../../src/quantize/histogram.ts";

function histogramOf(...parts: readonly (readonly number[])[]): Histogram {
  const histogram = new Histogram();
  for (const part of parts) histogram.add(Float32Array.from(part));
  return histogram;
}

/** Mean squared error of rounding to 256 steps of a range. */
function errorOf(values: readonly number[], [low, high]: Range): number {
  const step = (high - low) / 255;
  const errors = values.map((value) => {
    const nearest = low + step * Math.round((Math.min(high, Math.max(low, value)) - low) / step);
    return (value - nearest) ** 2;
  });
  return errors.reduce((sum, error) => sum + error, 0) / values.length;
}

/** A bell of numbers, and far away one more. */
const bell = Array.from({ length: 40_000 }, (_, i) => Math.tan((((i + 0.5) / 40_000) * 2 - 1) * 1.2));
const numbers = fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: 1, maxLength: 300 });

describe("Histogram", () => {
  test("minmax is the smallest and the largest number, and contains 0", () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const all = [0, ...a, ...b].map(Math.fround);
        expect(histogramOf(a, b).range("minmax")).toEqual([Math.min(...all), Math.max(...all)]);
      }),
    );
  });

  test.each(["percentile", "mse"] satisfies RangeMethod[])("%s does not depend on the order of the parts", (method) => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        expect(histogramOf(a, b).range(method)).toEqual(histogramOf(b, a).range(method));
      }),
    );
  });

  test("percentile leaves out a ten-thousandth at either end", () => {
    const sorted = [...bell].sort((a, b) => a - b);
    const [low, high] = histogramOf(bell).range("percentile");
    // Four numbers may be clipped at either end; a bin is a thousandth of the bound.
    expect(Math.abs(low - (sorted[4] as number))).toBeLessThan(0.005);
    expect(Math.abs(high - (sorted.at(-5) as number))).toBeLessThan(0.005);
  });

  test("mse clips what is rare and far, and so errs less than minmax", () => {
    const bells = 100;
    const histogram = histogramOf(...Array.from({ length: bells }, () => bell), [12]);
    const error = (range: Range) =>
      (bells * bell.length * errorOf(bell, range) + errorOf([12], range)) / (bells * bell.length + 1);
    const [low, high] = histogram.range("mse");
    expect(high).toBeLessThan(8);
    expect(low).toBe(histogram.extremes[0]);
    expect(error([low, high])).toBeLessThan(0.7 * error(histogram.range("minmax")));
  });

  test("mse keeps the whole range where nothing is rare", () => {
    const even = Array.from({ length: 5000 }, (_, i) => i / 2500 - 1);
    expect(histogramOf(even).range("mse")).toEqual(histogramOf(even).range("minmax"));
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])("refuses %d", (value) => {
    expect(() => histogramOf([1, value])).toThrow(new RangeError("it has numbers that are not finite"));
  });
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { randomOf } from "../../src/common/random.ts";
import { applyOperations, drawOperations, type Operation, policyV0 } from "../../src/data/auto-augment.ts";

/** Bytes `[frames, height, width, 3]` → bytes. */
function apply(bytes: readonly number[], width: number, height: number, ...operations: Operation[]): number[] {
  const clip = Float32Array.from(bytes, (v) => v / 255);
  applyOperations(clip, { width, height }, operations);
  return [...clip].map((v) => Math.round(v * 255));
}
/** The same with grey pixels, of which one value each is given. */
function applyToGrey(greys: readonly number[], width: number, height: number, ...operations: Operation[]): number[] {
  const result = apply(
    greys.flatMap((v) => [v, v, v]),
    width,
    height,
    ...operations,
  );
  return result.filter((_, i) => i % 3 === 0);
}
const op = (name: Operation["name"], argument = 0): Operation => ({ name, argument });

test.each([
  [op("Invert"), [0, 1, 200, 255], [255, 254, 55, 0]],
  [op("Posterize", 2), [37, 100, 200, 255], [0, 64, 192, 192]],
  [op("Posterize", 4), [37, 100, 200, 255], [32, 96, 192, 240]],
  [op("Posterize", 0), [37, 100, 200, 255], [0, 0, 128, 128]],
  [op("Solarize", 128), [0, 127, 128, 200], [0, 127, 127, 55]],
  [op("Solarize", 256), [0, 127, 128, 255], [0, 127, 128, 255]],
  [op("SolarizeAdd", 33), [0, 127, 128, 200], [33, 160, 128, 200]],
  [op("SolarizeAdd", 200), [0, 100, 127, 128], [200, 255, 255, 128]],
  [op("AutoContrast"), [50, 100, 200, 50], [0, 85, 255, 0]],
  [op("AutoContrast"), [7, 7, 7, 7], [7, 7, 7, 7]],
  [op("Equalize"), [7, 7, 9, 200], [7, 7, 9, 200]],
])("%o of %o is %o", (operation, greys, expected) => {
  expect(applyToGrey(greys, 4, 1, operation)).toEqual(expected);
});

test("AutoContrast takes each channel for itself", () => {
  expect(apply([50, 9, 0, 100, 9, 255, 200, 9, 10], 3, 1, op("AutoContrast"))).toEqual([
    0, 9, 0, 85, 9, 255, 255, 9, 10,
  ]);
});

test("Equalize spreads the values of the whole clip, not of a frame", () => {
  const values = [...Array(510).fill(10), ...Array(255).fill(20), ...Array(255).fill(30), ...Array(510).fill(200)];
  const result = applyToGrey(values, 45, 17, op("Equalize"));
  expect([result[0], result[510], result[765], result[1020]]).toEqual([0, 128, 191, 255]);
});

test("Color blends with the pixel's grey, 124 here", () => {
  expect(apply([200, 100, 50], 1, 1, op("Color", 0.1))).toEqual([131, 121, 116]);
  expect(apply([200, 100, 50], 1, 1, op("Color", 1.9))).toEqual([255, 78, 0]);
  expect(apply([200, 100, 50], 1, 1, op("Color", 1))).toEqual([200, 100, 50]);
});

test("Color is PIL's blend for every grey, value and level", () => {
  for (let level = 0; level <= 10; level++) {
    const factor = 0.1 + (1.8 * level) / 10;
    for (let red = 0; red < 256; red += 5) {
      const others = Array.from({ length: 86 }, (_, i) => 3 * i);
      const result = apply(
        others.flatMap((v) => [red, v, 255 - v]),
        86,
        1,
        op("Color", factor),
      );
      const expected = others.flatMap((v) => {
        const grey = (19595 * red + 38470 * v + 7471 * (255 - v) + 0x8000) >> 16;
        return [red, v, 255 - v].map((c) => Math.min(Math.max(Math.floor(grey + factor * (c - grey) + 1e-9), 0), 255));
      });
      expect(result).toEqual(expected);
    }
  }
});

test("pictures move by the nearest pixel and mirror at their borders", () => {
  const square = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  expect(applyToGrey(square, 3, 3, op("Rotate", 90))).toEqual([2, 5, 8, 1, 4, 7, 0, 3, 6]);
  expect(applyToGrey(square, 3, 3, op("Rotate", -90))).toEqual([6, 3, 0, 7, 4, 1, 8, 5, 2]);
  expect(applyToGrey(square, 3, 3, op("Rotate", 0))).toEqual(square);
  expect(applyToGrey(square, 3, 3, op("TranslateY", 2))).toEqual([6, 7, 8, 6, 7, 8, 3, 4, 5]);
  expect(applyToGrey(square, 3, 3, op("TranslateY", -1))).toEqual([0, 1, 2, 0, 1, 2, 3, 4, 5]);
  expect(applyToGrey([0, 1, 2, 3, 4, 5, 6, 7], 4, 2, op("ShearX", 0.5))).toEqual([0, 1, 2, 3, 5, 6, 7, 7]);
  expect(applyToGrey([0, 1, 2, 3, 4, 5, 6, 7], 2, 4, op("ShearY", 0.5))).toEqual([0, 3, 2, 5, 4, 7, 6, 7]);
});

test("every frame moves alike", () => {
  expect(applyToGrey([0, 1, 2, 3, 4, 5, 6, 7], 2, 2, op("TranslateY", 1))).toEqual([2, 3, 2, 3, 6, 7, 6, 7]);
});

test("operations follow each other", () => {
  expect(applyToGrey([50, 100, 200, 50], 4, 1, op("Invert"), op("AutoContrast"))).toEqual([255, 170, 0, 255]);
  expect(applyToGrey([50, 100, 200, 50], 4, 1, op("Solarize", 128), op("Invert"))).toEqual([205, 155, 200, 205]);
  expect(applyToGrey([10, 20], 1, 2, op("Invert"), op("TranslateY", 1))).toEqual([235, 235]);
  expect(apply([200, 100, 50], 1, 1, op("Invert"), op("Color", 0.1))).toEqual(
    apply([55, 155, 205], 1, 1, op("Color", 0.1)),
  );
});

test("the 25 pairs give these operations, and both signs", () => {
  expect(policyV0).toHaveLength(25);
  const seen = new Set<string>();
  for (let seed = 0; seed < 5000; seed++) {
    for (const { name, argument } of drawOperations(randomOf(seed))) seen.add(`${name} ${Number(argument.toFixed(6))}`);
  }
  const signed = (name: string, ...values: number[]) => values.flatMap((v) => [`${name} ${v}`, `${name} ${-v}`]);
  expect([...seen].sort()).toEqual(
    [
      ...["AutoContrast 0", "Equalize 0", "Invert 0", "Posterize 0", "Posterize 2", "SolarizeAdd 33", "SolarizeAdd 77"],
      ...[51, 76, 102, 204, 256].map((v) => `Solarize ${v}`),
      ...[0.1, 0.28, 0.82, 1.18, 1.36, 1.72].map((v) => `Color ${v}`),
      ...["Rotate 0", "ShearY 0", ...signed("Rotate", 6, 15, 21, 24, 27), ...signed("TranslateY", 225)],
      ...signed("ShearX", 0.27),
      ...signed("ShearY", 0.09, 0.12, 0.21),
    ].sort(),
  );
});

test("operations come as often as their probabilities say", () => {
  let [translate, none] = [0, 0];
  for (let seed = 0; seed < 25_000; seed++) {
    const operations = drawOperations(randomOf("often", seed));
    if (operations.length === 0) none++;
    if (operations.some(({ name }) => name === "TranslateY")) translate++;
  }
  expect(Math.abs(translate - 800)).toBeLessThan(100);
  const nothing = policyV0.reduce((sum, [[, p], [, q]]) => sum + 1000 * (1 - p) * (1 - q), 0);
  expect(Math.abs(none - nothing)).toBeLessThan(200);
});

test("any operations leave values in 0..1, and pixels that were there when they only move", () => {
  const size = fc.integer({ min: 1, max: 9 });
  fc.assert(
    fc.property(size, size, fc.integer({ min: 1, max: 3 }), fc.integer(), (width, height, frames, seed) => {
      const random = randomOf(seed);
      const clip = Float32Array.from({ length: frames * width * height * 3 }, () => random.below(256) / 255);
      const moved = clip.slice();
      applyOperations(moved, { width, height }, [op("Rotate", random.between(-30, 30)), op("TranslateY", 225)]);
      const values = new Set(clip);
      expect(moved.every((value) => values.has(value))).toBe(true);
      applyOperations(clip, { width, height }, drawOperations(random));
      expect(clip.every((value) => value >= 0 && value <= 1)).toBe(true);
    }),
  );
});

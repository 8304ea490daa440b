import fc from "fast-check";
import { expect, test } from "vitest";
import { randomOf } from "../../src/common/random.ts";
import {
  type AnamorphicPictures,
  type AugmentRecipe,
  augmentClip,
  centreCrop,
  colourTables,
  drawColourChange,
  light,
  meanLuma,
  none,
  plainTables,
  recipes,
  strong,
} from "../../src/data/augment.ts";
import { centreBox, randomBox, resample, wholePicture } from "../../src/data/resample.ts";
import { preprocess } from "../../src/flow/preprocess.ts";

function clipOf(frames: number, width: number, height: number, aspect: number, seed = 1): AnamorphicPictures {
  const random = randomOf("clip", seed);
  const data = Uint8Array.from({ length: frames * width * height * 3 }, () => random.below(256));
  return { data, frames, width, height, aspect };
}
/** A clip of one frame whose red is its column, green its row, blue 0. */
function coordinates(width: number, height: number, aspect: number): AnamorphicPictures {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const p = Math.floor(i / 3);
    return [p % width, Math.floor(p / width), 0][i % 3] as number;
  });
  return { data, frames: 1, width, height, aspect };
}
function augmented(
  clip: AnamorphicPictures,
  indices: number[],
  target: { width: number; height: number; fit?: "crop" | "squash" },
  recipe: AugmentRecipe,
  seed: number,
): Float32Array {
  const out = new Float32Array(indices.length * target.width * target.height * 3).fill(Number.NaN);
  augmentClip(clip, indices, target, recipe, randomOf(seed), out);
  return out;
}
function centred(clip: AnamorphicPictures, indices: number[], width: number, height: number, fit: "crop" | "squash") {
  const out = new Float32Array(indices.length * width * height * 3).fill(Number.NaN);
  centreCrop(clip, indices, { width, height }, fit, out);
  return out;
}
function mirroredRows(values: Float32Array, width: number): Float32Array {
  return values.map((_, i) => {
    const [p, c] = [Math.floor(i / 3), i % 3];
    return values[3 * (p - (p % width) + width - 1 - (p % width)) + c] as number;
  });
}
const size = fc.integer({ min: 1, max: 12 });
const largestDifference = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0);

test("the whole picture without changes is what preprocess makes of it", () => {
  fc.assert(
    fc.property(size, size, size, size, fc.integer(), (width, height, w, h, seed) => {
      const clip = clipOf(3, width, height, 1.5, seed);
      const whole: AugmentRecipe = { ...none, crop: { area: [1, 1], aspect: [1, 1] } };
      const given = centred(clip, [2, 0], w, h, "squash");
      for (const recipe of [none, whole]) {
        const out = augmented(clip, [2, 0], { width: w, height: h, fit: "squash" }, recipe, seed);
        expect(largestDifference(out, given)).toBeLessThan(1e-6);
      }
      for (const [k, frame] of [2, 0].entries()) {
        const data = clip.data.subarray(frame * width * height * 3, (frame + 1) * width * height * 3);
        const planes = preprocess({ data, width, height }, { width: w, height: h, fit: "squash" });
        const pixels = Float32Array.from(planes, (_, i) => planes[(i % 3) * w * h + Math.floor(i / 3)] as number);
        expect(largestDifference(given.subarray(k * w * h * 3, (k + 1) * w * h * 3), pixels)).toBeLessThan(1e-6);
        if (w === width && h === height) expect(given.subarray(k * w * h * 3, (k + 1) * w * h * 3)).toEqual(pixels);
      }
    }),
  );
});

test("bilinear with half-pixel centres, by hand", () => {
  const clip: AnamorphicPictures = { ...coordinates(2, 1, 2), data: Uint8Array.of(0, 51, 255, 255, 102, 0) };
  const red = centred(clip, [0], 4, 1, "squash").filter((_, i) => i % 3 === 0);
  expect([...red]).toEqual([0, 0.25, 0.75, 1]);
});

test("crop takes the middle in the picture's true shape", () => {
  const wide = centred(coordinates(8, 8, 2), [0], 4, 4, "crop").map((v) => v * 255);
  expect([...wide.subarray(0, 12)].map((v) => Number(v.toFixed(4)))).toEqual(
    [2, 3, 4, 5].flatMap((column) => [column, 0.5, 0]),
  );
  const tall = centred(coordinates(8, 8, 0.5), [0], 4, 4, "crop").map((v) => v * 255);
  expect([...tall.filter((_, i) => i % 12 === 1)].map((v) => Number(v.toFixed(4)))).toEqual([2, 3, 4, 5]);
  expect(augmented(coordinates(8, 8, 2), [0], { width: 4, height: 4 }, none, 1)).toEqual(
    centred(coordinates(8, 8, 2), [0], 4, 4, "crop"),
  );
});

test("boxes lie in the picture and have the area and the true aspect that was asked for", () => {
  const aspect = fc.double({ min: 0.4, max: 2.5, noNaN: true });
  fc.assert(
    fc.property(aspect, aspect, fc.integer(), (picture, shape, seed) => {
      for (const { crop } of [light, strong]) {
        if (!crop) continue;
        const box = randomBox(picture, shape, crop, randomOf(seed));
        if (!box) continue;
        expect(Math.min(box.left, box.top)).toBeGreaterThanOrEqual(0);
        expect(Math.max(box.left + box.width, box.top + box.height)).toBeLessThanOrEqual(1 + 1e-12);
        const area = box.width * box.height;
        expect(area).toBeGreaterThanOrEqual(crop.area[0] - 1e-9);
        expect(area).toBeLessThanOrEqual(crop.area[1] + 1e-9);
        const relative = (box.width * picture) / box.height / shape;
        expect(relative).toBeGreaterThanOrEqual(crop.aspect[0] - 1e-6);
        expect(relative).toBeLessThanOrEqual(crop.aspect[1] + 1e-6);
      }
      const centre = centreBox(picture, shape);
      expect((centre.width * picture) / centre.height).toBeCloseTo(shape, 9);
      expect(Math.max(centre.width, centre.height)).toBeCloseTo(1, 12);
    }),
  );
});

test("boxes spread over their ranges; where none fits, evaluation's box is taken", () => {
  const boxes = Array.from({ length: 2000 }, (_, seed) => {
    const box = randomBox(4 / 3, 1, { area: [0.1, 1], aspect: [0.5, 2] }, randomOf(seed));
    if (!box) throw new Error(`seed ${seed}: no box`);
    return { ...box, area: box.width * box.height, aspect: (box.width * (4 / 3)) / box.height };
  });
  expect(Math.min(...boxes.map(({ area }) => area))).toBeLessThan(0.11);
  expect(Math.max(...boxes.map(({ area }) => area))).toBeGreaterThan(0.95);
  expect(Math.min(...boxes.map(({ aspect }) => aspect))).toBeLessThan(0.51);
  expect(Math.max(...boxes.map(({ aspect }) => aspect))).toBeGreaterThan(1.98);
  const impossible = { area: [0.9, 1], aspect: [1, 1] } as const;
  expect(randomBox(3, 1, impossible, randomOf(1))).toBeNull();
  const clip = clipOf(1, 9, 9, 3);
  expect(augmented(clip, [0], { width: 5, height: 5 }, { ...none, crop: impossible }, 1)).toEqual(
    centred(clip, [0], 5, 5, "crop"),
  );
});

test("mirrored twice is not mirrored", () => {
  fc.assert(
    fc.property(size, size, fc.integer({ min: 1, max: 20 }), fc.integer(), (width, height, w, seed) => {
      const clip = clipOf(2, width, height, 1, seed);
      const recipe: AugmentRecipe = { ...light, colour: null };
      const out = augmented(clip, [1, 0], { width: w, height: 7 }, { ...recipe, flip: 1 }, seed);
      const plain = augmented(clip, [1, 0], { width: w, height: 7 }, { ...recipe, flip: 0 }, seed);
      expect(mirroredRows(out, w)).toEqual(plain);
      const source = { ...clip, data: Uint8Array.from(mirroredRows(Float32Array.from(clip.data), width)) };
      const back = augmented(source, [1, 0], { width: w, height: 7, fit: "squash" }, { ...none, flip: 1 }, seed);
      expect(largestDifference(back, centred(clip, [1, 0], w, 7, "squash"))).toBeLessThan(1e-6);
    }),
  );
});

test("half of the clips are mirrored, and all frames of a clip alike", () => {
  const recipe: AugmentRecipe = { ...none, flip: 0.5 };
  const clip = coordinates(4, 1, 4);
  let count = 0;
  for (let seed = 0; seed < 1000; seed++) {
    const out = augmented(clip, [0, 0], { width: 4, height: 1, fit: "squash" }, recipe, seed);
    expect(out.subarray(0, 12)).toEqual(out.subarray(12));
    if ((out[0] as number) > 0) count++;
  }
  expect(Math.abs(count - 500)).toBeLessThan(60);
});

test("colours by hand", () => {
  const change = { brightness: 1.2, contrast: 0.5, saturation: 1, tint: [1, 0.9, 1.1] } as const;
  const [red, green, blue] = colourTables(change, 100);
  expect([red[200], green[200], blue[200]].map((v) => (v as number) * 255)).toEqual(
    [180, 162, 198].map((v) => expect.closeTo(v, 9)),
  );
  expect(colourTables({ ...change, contrast: 3 }, 100)[0][0]).toBe(0);
  expect(colourTables({ ...change, contrast: 3 }, 100)[0][255]).toBe(1);

  const pixel = { data: Uint8Array.of(200, 100, 50), frames: 1, width: 1, height: 1 };
  const out = new Float32Array(3);
  const view = { box: wholePicture, mirrored: false, width: 1, height: 1 };
  const luma = 0.299 * 200 + 0.587 * 100 + 0.114 * 50;
  for (const saturation of [0, 0.5, 1, 3]) {
    resample(pixel, [0], view, plainTables, saturation, out);
    const expected = [200, 100, 50].map((v) => Math.min(Math.max(luma + saturation * (v - luma), 0), 255) / 255);
    expect([...out]).toEqual(expected.map((v) => expect.closeTo(v, 6)));
  }
  expect(meanLuma(pixel, [0], wholePicture)).toBeCloseTo(luma, 9);
});

test("colour changes stay in their ranges and no range changes nothing", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const change = drawColourChange({ brightness: 0.2, contrast: 0.3, saturation: 0, tint: 0.05 }, randomOf(seed));
      expect(Math.abs(change.brightness - 1)).toBeLessThanOrEqual(0.2 + 1e-12);
      expect(Math.abs(change.contrast - 1)).toBeLessThanOrEqual(0.3 + 1e-12);
      expect(change.saturation).toBe(1);
      for (const gain of change.tint) expect(Math.abs(gain - 1)).toBeLessThanOrEqual(0.05 + 1e-12);
    }),
  );
  const still = { brightness: 0, contrast: 0, saturation: 0, tint: 0 };
  const clip = clipOf(2, 5, 4, 1);
  const plain = augmented(clip, [0, 1], { width: 6, height: 6 }, none, 3);
  expect(
    largestDifference(augmented(clip, [0, 1], { width: 6, height: 6 }, { ...none, colour: still }, 3), plain),
  ).toBeLessThan(1e-6);
});

test("every recipe fills all numbers with 0..1, the same for the same keys and others for others", () => {
  fc.assert(
    fc.property(
      size,
      size,
      fc.double({ min: 0.3, max: 3, noNaN: true }),
      fc.integer(),
      (width, height, aspect, seed) => {
        const clip = clipOf(3, width, height, aspect, seed);
        for (const recipe of [...Object.values(recipes), { ...strong, colour: light.colour }]) {
          const out = augmented(clip, [0, 2, 2, 1], { width: 7, height: 6 }, recipe, seed);
          expect(out.every((value) => value >= 0 && value <= 1)).toBe(true);
          expect(augmented(clip, [0, 2, 2, 1], { width: 7, height: 6 }, recipe, seed)).toEqual(out);
          expect(out.subarray(7 * 6 * 3, 2 * 7 * 6 * 3)).toEqual(out.subarray(2 * 7 * 6 * 3, 3 * 7 * 6 * 3));
        }
      },
    ),
  );
  const clip = clipOf(1, 9, 9, 1);
  const [one, two] = [1, 2].map((seed) => augmented(clip, [0], { width: 8, height: 8 }, light, seed));
  expect(one).not.toEqual(two);
});

test("wrong frames and wrong room are refused", () => {
  const clip = clipOf(2, 4, 4, 1);
  const out = new Float32Array(48);
  expect(() => centreCrop(clip, [2], { width: 4, height: 4 }, "crop", out)).toThrow("indices must be in 0..1, got 2");
  expect(() => augmentClip(clip, [0], { width: 4, height: 5 }, none, randomOf(1), out)).toThrow(
    "out must have 60 elements, got 48",
  );
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { preprocess } from "../../src/flow/preprocess.ts";
import {
  arrangePicture,
  displaySize,
  middleOf,
  orientationOf,
  placePicture,
  regionOf,
  rotationOf,
  upright,
} from "../../src/video/geometry.ts";

function matrix(a: number, b: number, c: number, d: number): Uint8Array {
  const values = [a * 65536, b * 65536, 0, c * 65536, d * 65536, 0, 0, 0, 1 << 30];
  return new Uint8Array(Int32Array.from(values).buffer);
}

/** A picture whose red channel numbers its pixels. */
function numbered(width: number, height: number): Uint8Array {
  return Uint8Array.from({ length: width * height * 3 }, (_, i) => (i % 3 === 0 ? i / 3 : 0));
}
const reds = (data: Uint8Array) => [...data.filter((_, i) => i % 3 === 0)];

test.each([
  [matrix(1, 0, 0, 1), 0, [0, 1, 2, 3, 4, 5], 3, 2],
  [matrix(0, 1, -1, 0), 90, [3, 0, 4, 1, 5, 2], 2, 3],
  [matrix(-1, 0, 0, -1), 180, [5, 4, 3, 2, 1, 0], 3, 2],
  [matrix(0, -1, 1, 0), 270, [2, 5, 1, 4, 0, 3], 2, 3],
  [matrix(-1, 0, 0, 1), 0, [2, 1, 0, 5, 4, 3], 3, 2],
])("display matrix %# turns a 3×2 picture", (bytes, rotation, expected, width, height) => {
  const orientation = orientationOf(bytes);
  expect(rotationOf(orientation)).toBe(rotation);
  const placement = placePicture({ width: 3, height: 2 }, 1, orientation, { width, height }, "squash");
  expect(placement.scaled).toEqual({ width: 3, height: 2 });
  expect(reds(arrangePicture(numbered(3, 2), 9, placement))).toEqual(expected);
});

test("no matrix means upright", () => {
  expect(orientationOf(null)).toEqual(upright);
});

test("pixel aspect and rotation give the size that is shown", () => {
  expect(displaySize({ width: 640, height: 360 }, 2, upright)).toEqual({ width: 1280, height: 360 });
  expect(displaySize({ width: 320, height: 240 }, 0.5, upright)).toEqual({ width: 320, height: 480 });
  expect(displaySize({ width: 320, height: 240 }, 1, orientationOf(matrix(0, 1, -1, 0)))).toEqual({
    width: 240,
    height: 320,
  });
});

test("crop covers the target, touches one of its sides, and cuts the middle", () => {
  const side = fc.integer({ min: 1, max: 2000 });
  fc.assert(
    fc.property(side, side, side, side, (w, h, width, height) => {
      const { scaled } = placePicture({ width: w, height: h }, 1, upright, { width, height }, "crop");
      expect(scaled.width >= width && scaled.height >= height).toBe(true);
      expect(scaled.width === width || scaled.height === height).toBe(true);
    }),
  );
  const placement = placePicture({ width: 4, height: 2 }, 1, upright, { width: 2, height: 2 }, "crop");
  expect(reds(arrangePicture(numbered(4, 2), 12, placement))).toEqual([1, 2, 5, 6]);
});

test("pad shows all of the picture in the middle, touches two sides of the target, and is black beside it", () => {
  const side = fc.integer({ min: 1, max: 2000 });
  fc.assert(
    fc.property(side, side, side, side, (w, h, width, height) => {
      const { scaled } = placePicture({ width: w, height: h }, 1, upright, { width, height }, "pad");
      expect(scaled.width <= width && scaled.height <= height && scaled.width * scaled.height > 0).toBe(true);
      expect(scaled.width === width || scaled.height === height).toBe(true);
    }),
  );
  const wide = placePicture({ width: 3, height: 1 }, 1, upright, { width: 3, height: 4 }, "pad");
  const shown = arrangePicture(
    numbered(3, 1).map((v, i) => (i % 3 === 0 ? v + 1 : 0)),
    9,
    wide,
  );
  expect(reds(shown)).toEqual([0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0]);
  const turned = placePicture(
    { width: 3, height: 1 },
    1,
    orientationOf(matrix(0, 1, -1, 0)),
    { width: 3, height: 3 },
    "pad",
  );
  expect(turned.scaled).toEqual({ width: 3, height: 1 });
  const upwards = arrangePicture(
    numbered(3, 1).map((v, i) => (i % 3 === 0 ? v + 1 : 0)),
    9,
    turned,
  );
  expect(reds(upwards)).toEqual([0, 1, 0, 0, 2, 0, 0, 3, 0]);
});

test("preprocess pads as the decoder does", () => {
  const picture = { data: new Uint8Array(4 * 2 * 3).fill(255), width: 4, height: 2 };
  const plane = preprocess(picture, { width: 4, height: 4, fit: "pad" }).subarray(0, 16);
  expect([...plane]).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
  const tall = { data: new Uint8Array(2 * 6 * 3).fill(255), width: 2, height: 6 };
  expect([...preprocess(tall, { width: 3, height: 3, fit: "pad" }).subarray(0, 9)]).toEqual([
    0, 1, 0, 0, 1, 0, 0, 1, 0,
  ]);
});

test("preprocess gives planes in 0..1 and resizes what has another size", () => {
  const picture = { data: Uint8Array.of(0, 51, 255, 255, 102, 0), width: 2, height: 1 };
  expect([...preprocess(picture, { width: 2, height: 1, fit: "squash" })]).toEqual(
    [0, 1, 51 / 255, 102 / 255, 1, 0].map(Math.fround),
  );
  const wide = preprocess(picture, { width: 4, height: 1, fit: "squash" });
  expect([...wide.subarray(0, 4)]).toEqual([0, 0.25, 0.75, 1]);
  expect(preprocess(picture, { width: 1, height: 1, fit: "crop" })).toHaveLength(3);
});

test("of a picture far longer than its target only the middle is scaled, and it covers the target", () => {
  const side = fc.integer({ min: 1, max: 20_000 });
  const target = fc.integer({ min: 1, max: 400 });
  fc.assert(
    fc.property(side, side, target, target, fc.boolean(), (width, height, w, h, transpose) => {
      const orientation = { ...upright, transpose };
      const whole = { left: 10, top: 20, width, height };
      const place = (part: typeof whole) => placePicture(part, 1, orientation, { width: w, height: h }, "crop");
      const part = middleOf(whole, place(whole));
      expect(part.left - 10).toBe(Math.floor((width - part.width) / 2));
      expect(part.top - 20).toBe(Math.floor((height - part.height) / 2));
      const { scaled } = place(part);
      const [over, under] = transpose ? [scaled.height / w, scaled.width / h] : [scaled.width / w, scaled.height / h];
      expect(Math.min(over, under)).toBeGreaterThanOrEqual(1);
      // A whole number of stored pixels may be more than is needed.
      const grain = Math.max(w, h) / Math.min(part.width, part.height);
      expect(scaled.width).toBeLessThanOrEqual(4 * (transpose ? h : w) + grain + 1);
      expect(scaled.height).toBeLessThanOrEqual(4 * (transpose ? w : h) + grain + 1);
      const { scaled: all } = place(whole);
      if (all.width <= 4 * (transpose ? h : w) && all.height <= 4 * (transpose ? w : h)) expect(part).toEqual(whole);
    }),
  );
});

test("a region of the shown picture is where it is shown, however the picture is stored", () => {
  const orientations = [
    matrix(1, 0, 0, 1),
    matrix(0, 1, -1, 0),
    matrix(-1, 0, 0, -1),
    matrix(0, -1, 1, 0),
    matrix(-1, 0, 0, 1),
  ];
  const stored = { width: 6, height: 4 };
  const pixels = numbered(stored.width, stored.height);
  const region = { left: 0.5, top: 0.5, width: 0.5, height: 0.5 };
  for (const orientation of orientations.map(orientationOf)) {
    const shown = displaySize(stored, 1, orientation);
    const all = arrangePicture(pixels, stored.width * 3, { scaled: stored, orientation, target: shown });
    const rows = reds(all).flatMap((value, i) => {
      const [x, y] = [i % shown.width, Math.floor(i / shown.width)];
      return x >= shown.width / 2 && y >= shown.height / 2 ? [value] : [];
    });
    const part = regionOf({ left: 0, top: 0, ...stored }, region, orientation);
    const cut = Array.from({ length: part.width * part.height }, (_, i) => {
      return (part.top + Math.floor(i / part.width)) * stored.width + part.left + (i % part.width);
    });
    expect(cut.toSorted()).toEqual(rows.toSorted());
  }
});

test("a region is never empty, and never outside the visible part", () => {
  const fraction = fc.double({ min: 0, max: 1, noNaN: true });
  const visible = { left: 3, top: 5, width: 7, height: 2 };
  fc.assert(
    fc.property(fraction, fraction, fraction, fraction, (left, top, wide, high) => {
      const region = { left, top, width: wide * (1 - left), height: high * (1 - top) };
      const part = regionOf(visible, region, upright);
      expect(part.width).toBeGreaterThanOrEqual(1);
      expect(part.height).toBeGreaterThanOrEqual(1);
      expect(part.left).toBeGreaterThanOrEqual(visible.left);
      expect(part.left + part.width).toBeLessThanOrEqual(visible.left + visible.width);
      expect(part.top).toBeGreaterThanOrEqual(visible.top);
      expect(part.top + part.height).toBeLessThanOrEqual(visible.top + visible.height);
    }),
  );
});

import { expect, test } from "vitest";
import { fitPicture } from "../../src/video/fit-picture.ts";
import { PlaneFitter } from "../../src/video/fit-planes.ts";
import { arrangePicture, type Orientation, upright } from "../../src/video/geometry.ts";
import { coloursOf, type Plane, type StoredPicture } from "../../src/video/stored-picture.ts";

const [width, height] = [60, 38];
const rgba = Uint8Array.from({ length: 4 * width * height }, (_, i) => (i * 37 + (i % 4) * 91 + (i >> 6)) % 256);

/** The colours of an RGBA picture as planes. */
function stored(orientation: Orientation = upright): StoredPicture {
  const plane = (offset: number): Plane => ({ data: rgba, offset, stride: 4 * width, step: 4, width, height });
  const colours = coloursOf({ matrix: "rgb", fullRange: true }, height, 8);
  const planes = [plane(0), plane(1), plane(2)] as const;
  return { width, height, planes, colours, leftChroma: false, pixelAspect: 1, orientation };
}

const most = (a: Uint8Array, b: Uint8Array) =>
  a.reduce((max, value, i) => Math.max(max, Math.abs(value - (b[i] as number))), 0);

test.each(["crop", "pad", "squash"] as const)("RGB comes out as from a canvas: %s", async (fit) => {
  const size = { width: 24, height: 30, fit };
  const expected = fitPicture(rgba, width, height, size);
  expect(most((await PlaneFitter.open(size)).fit(stored()), expected.data)).toBeLessThanOrEqual(1);
});

test("turned and mirrored pictures are those of the upright one, turned", async () => {
  for (const transpose of [false, true]) {
    for (const mirror of [false, true]) {
      for (const flip of [false, true]) {
        const orientation = { transpose, mirror, flip };
        const shown = transpose ? { width: height, height: width } : { width, height };
        const own = (await PlaneFitter.open({ ...shown, fit: "squash" })).fit(stored(orientation));
        const rgb = Uint8Array.from(
          { length: 3 * width * height },
          (_, i) => rgba[4 * ((i / 3) | 0) + (i % 3)] as number,
        );
        const placement = { scaled: { width, height }, orientation, target: shown };
        expect(own).toEqual(arrangePicture(rgb, 3 * width, placement));
      }
    }
  }
});

test.each([
  ["BT.601 below 720 lines", {}, 480, [81, 90, 240], [255, 0, 0]],
  ["BT.709 from there", {}, 720, [63, 102, 240], [255, 0, 0]],
  ["what is tagged", { matrix: "bt709" }, 480, [63, 102, 240], [255, 0, 0]],
  ["full range", { fullRange: true }, 480, [76, 85, 255], [254, 0, 0]],
] as const)("colours: %s", async (_, named, lines, [y, u, v], expected) => {
  const plane = (value: number): Plane => {
    return { data: new Uint8Array(16).fill(value), offset: 0, stride: 4, step: 1, width: 4, height: 4 };
  };
  const picture = { width: 4, height: 4, planes: [plane(y), plane(u), plane(v)] as const, leftChroma: true };
  const shape = { pixelAspect: 1, orientation: upright, colours: coloursOf(named, lines, 8) };
  const data = (await PlaneFitter.open({ width: 2, height: 2, fit: "crop" })).fit({ ...picture, ...shape });
  for (const [c, value] of expected.entries()) expect(Math.abs((data[c] as number) - value)).toBeLessThanOrEqual(1);
});

test("ten bits give what eight give", async () => {
  const plane = (data: Uint8Array | Uint16Array): Plane => ({
    data,
    offset: 0,
    stride: 4,
    step: 1,
    width: 4,
    height: 4,
  });
  const planes = [120, 100, 150];
  const fit = async (bits: number) => {
    const values = planes.map((value) =>
      plane(bits === 8 ? new Uint8Array(16).fill(value) : new Uint16Array(16).fill(4 * value)),
    ) as [Plane, Plane, Plane];
    const colours = coloursOf({}, 480, bits);
    const picture = { width: 4, height: 4, planes: values, leftChroma: true, pixelAspect: 1, orientation: upright };
    return (await PlaneFitter.open({ width: 4, height: 4, fit: "crop" })).fit({ ...picture, colours });
  };
  expect(await fit(10)).toEqual(await fit(8));
});

test("white and grey of HDR stay neutral, and bright enough", async () => {
  const plane = (value: number): Plane => {
    return { data: new Uint16Array(16).fill(value), offset: 0, stride: 4, step: 1, width: 4, height: 4 };
  };
  const colours = coloursOf({ transfer: "pq", primaries: "bt2020" }, 2160, 10);
  // 203 nits, the white of a page, are 58 % of PQ's codes.
  const planes = [plane(64 + Math.round(0.58 * 876)), plane(512), plane(512)] as const;
  const picture = { width: 4, height: 4, planes, leftChroma: true, pixelAspect: 1, orientation: upright };
  const [red = 0, green = 0, blue = 0] = (await PlaneFitter.open({ width: 2, height: 2, fit: "crop" })).fit({
    ...picture,
    colours,
  });
  expect(Math.max(red, green, blue) - Math.min(red, green, blue)).toBeLessThanOrEqual(1);
  expect(green).toBeGreaterThan(215);
});

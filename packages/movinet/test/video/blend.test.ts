import { expect, test } from "vitest";
import { Blend, type PlaneColour, type Planes } from "../../src/video/blend.ts";
import { type Overlay, OverlayReader, overlayMessage } from "../../src/video/overlay.ts";
import { greyBox } from "./copies.ts";

const blendOf = (overlay: Overlay, colour: PlaneColour) => {
  const blend = new Blend(colour);
  blend.set(overlay);
  return blend;
};
const bt709: PlaneColour = { red: 0.2126, blue: 0.0722, full: false, bits: 8, white: 1 };

function planesOf(width: number, height: number, value: number, bits: 8 | 10 = 8): Planes {
  const plane = (w: number, h: number, fill: number) => {
    const data = bits === 8 ? new Uint8Array(w * h) : new Uint16Array(w * h);
    return { data: data.fill(fill), stride: w };
  };
  const [halfWidth, halfHeight] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  const neutral = 128 << (bits - 8);
  return [plane(width, height, value), plane(halfWidth, halfHeight, neutral), plane(halfWidth, halfHeight, neutral)];
}

function overlayOf(colour: readonly number[], place = { left: 0, top: 0, width: 4, height: 4 }) {
  const data = new Uint8Array(4 * place.width * place.height);
  for (let p = 0; p < data.length; p += 4) data.set(colour, p);
  return { ...place, data };
}

// By the formulas of ITU-R BT.709 and BT.601: Y' = 16 + 219 (Kr R + Kg G + Kb B), Cb = 128 + 224 (B - Y) / (2 - 2 Kb).
test.each([
  { name: "BT.709", colour: bt709, expected: [157, 161, 85] },
  { name: "BT.601", colour: { ...bt709, red: 0.299, blue: 0.114 }, expected: [152, 165, 83] },
  { name: "full range", colour: { ...bt709, full: true }, expected: [164, 165, 79] },
  { name: "10 bits", colour: { ...bt709, bits: 10 as const }, expected: [627, 643, 338] },
])("a colour that is not seen through has the codes of $name", ({ colour, expected }) => {
  const planes = planesOf(4, 4, 50, colour.bits);
  blendOf(overlayOf([86, 180, 233, 255]), colour).draw(planes, 4, 4);
  for (const [i, { data }] of planes.entries()) {
    expect(Math.abs((data[0] as number) - (expected[i] as number))).toBeLessThanOrEqual(1);
  }
});

test("what is clear leaves all as it was; black of a half leaves half of the light", () => {
  const planes = planesOf(4, 4, 200);
  blendOf(overlayOf([0, 0, 0, 0]), bt709).draw(planes, 4, 4);
  expect([...new Set(planes.map(({ data }) => data[5]))]).toEqual([200, undefined]);
  expect(planes[1].data[0]).toBe(128);
  blendOf(overlayOf([0, 0, 0, 128]), bt709).draw(planes, 4, 4);
  expect(Math.abs((planes[0].data[0] as number) - (16 + 184 / 2))).toBeLessThanOrEqual(1);
  expect(planes[1].data[0]).toBe(128);
});

test("white never overflows, at any opacity over any luma", () => {
  for (let alpha = 0; alpha <= 255; alpha++) {
    const planes = planesOf(2, 2, 255);
    const colour = { ...bt709, full: true };
    blendOf(overlayOf([alpha, alpha, alpha, alpha], { left: 0, top: 0, width: 2, height: 2 }), colour).draw(
      planes,
      2,
      2,
    );
    expect(planes[0].data[0]).toBeGreaterThanOrEqual(254);
  }
});

test("what reaches beyond a picture of odd sizes is cut off", () => {
  const planes = planesOf(7, 5, 60);
  blendOf(greyBox(255, { left: 4, top: 2, width: 8, height: 8 }), bt709).draw(planes, 7, 5);
  const white = [...planes[0].data].flatMap((value, i) => (value === 235 ? [i] : []));
  expect(white).toEqual([18, 19, 20, 25, 26, 27, 32, 33, 34]);
});

test("an overlay goes through a pipe whole; nothing and the same are told apart", () => {
  const overlay = overlayOf([1, 2, 3, 4], { left: 6, top: 70000, width: 3, height: 2 });
  const bytes = Buffer.concat([null, overlay, undefined].flatMap((one) => overlayMessage(one)));
  let from = 0;
  const read = (target: Uint8Array) => {
    from += bytes.copy(target, 0, from, from + target.length);
    return from <= bytes.length && target.length > 0;
  };
  const reader = new OverlayReader(read);
  expect(reader.next()).toBeNull();
  expect(reader.next()).toEqual(overlay);
  expect(reader.next()).toBeUndefined();
  expect(() => new OverlayReader(() => false).next()).toThrow("the process that says what to draw has ended");
});

/** RGB → YUV 4:2:0: the values of BT.601, means of 2 × 2 pixels, rows of any stride. */
import { expect, test } from "vitest";
import { randomOf } from "../../src/common/random.ts";
import { writeYuv420 } from "../../src/synth/encode.node.ts";

function yuvOf(rgb: Uint8Array, width: number, height: number, padding = 0) {
  const plane = (columns: number, rows: number) => ({
    data: new Uint8Array((columns + padding) * rows).fill(7),
    stride: columns + padding,
  });
  const planes = [plane(width, height), plane(width / 2, height / 2), plane(width / 2, height / 2)] as const;
  writeYuv420(rgb, width, height, planes);
  return planes;
}

test.each([
  ["black", [0, 0, 0], [16, 128, 128]],
  ["white", [255, 255, 255], [235, 128, 128]],
  ["grey", [128, 128, 128], [126, 128, 128]],
  ["red", [255, 0, 0], [81, 90, 240]],
  ["green", [0, 255, 0], [145, 54, 34]],
  ["blue", [0, 0, 255], [41, 240, 110]],
  ["yellow", [255, 255, 0], [210, 16, 146]],
])("%s", (_, color, expected) => {
  const planes = yuvOf(
    Uint8Array.from({ length: 12 }, (__, i) => color[i % 3] as number),
    2,
    2,
  );
  expect(planes.map(({ data }) => data[0])).toEqual(expected);
});

test("random pictures are the rounded formula, and bytes between rows stay", () => {
  const random = randomOf("yuv");
  const [width, height, padding] = [14, 10, 3];
  const rgb = Uint8Array.from({ length: 3 * width * height }, () => random.below(256));
  const [luma, blue, red] = yuvOf(rgb, width, height, padding);
  const pixel = (x: number, y: number) => [0, 1, 2].map((c) => rgb[3 * (y * width + x) + c] as number);
  const weigh = (color: readonly number[], weights: readonly number[]) =>
    color.reduce((sum, value, c) => sum + (value * (weights[c] as number)) / 255, 0);
  const off = { luma: 0, blue: 0, red: 0 };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const exact = 16 + weigh(pixel(x, y), [65.481, 128.553, 24.966]);
      off.luma = Math.max(off.luma, Math.abs((luma.data[y * luma.stride + x] as number) - exact));
    }
  }
  for (let y = 0; y < height / 2; y++) {
    for (let x = 0; x < width / 2; x++) {
      const four = [0, 1, 2, 3].map((i) => pixel(2 * x + (i & 1), 2 * y + (i >> 1)));
      const mean = [0, 1, 2].map((c) => four.reduce((sum, color) => sum + (color[c] as number) / 4, 0));
      const exact = [weigh(mean, [-37.797, -74.203, 112]), weigh(mean, [112, -93.786, -18.214])] as const;
      off.blue = Math.max(off.blue, Math.abs((blue.data[y * blue.stride + x] as number) - 128 - exact[0]));
      off.red = Math.max(off.red, Math.abs((red.data[y * red.stride + x] as number) - 128 - exact[1]));
    }
  }
  for (const most of Object.values(off)) expect(most).toBeLessThan(0.503);
  for (const { data, stride } of [luma, blue, red]) {
    expect(data.filter((_, i) => i % stride >= stride - padding).every((byte) => byte === 7)).toBe(true);
  }
});

import { expect, test } from "vitest";
import { type Caption, CaptionPainter, clockText } from "../../src/plot/caption.node.ts";
import { layOutCaption } from "../../src/plot/caption-layout.ts";
import type { Overlay } from "../../src/video/overlay.ts";

const caption: Caption = {
  time: 83.25,
  predictions: [
    { label: "carving ice", index: 0, score: 0.5 },
    { label: "sawing wood", index: 1, score: 0.25 },
    { label: "making snowman", index: 2, score: 0.1 },
  ],
  segment: null,
};

/** Relative luminance (WCAG 2.2) of a grey of 0..255. */
function luminance(value: number): number {
  const share = value / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}

/** Over a scene of one grey: the light of each pixel. */
function over({ data }: Overlay, scene: number): number[] {
  return Array.from({ length: data.length / 4 }, (_, p) => {
    const [red, green, blue, alpha] = data.subarray(4 * p, 4 * p + 4) as unknown as [number, number, number, number];
    const light = (value: number) => luminance(value + scene * (1 - alpha / 255));
    return 0.2126 * light(red) + 0.7152 * light(green) + 0.0722 * light(blue);
  });
}

test.each([
  { scene: "white", grey: 255 },
  { scene: "grey", grey: 128 },
  { scene: "black", grey: 0 },
])("text has a contrast of at least 4.5 to 1 on a $scene scene", async ({ grey }) => {
  const overlay = await new CaptionPainter({ width: 1280, height: 720 }).paint(caption);
  const lights = over(overlay, grey).sort((a, b) => a - b);
  const text = lights.at(-200) as number;
  const panel = lights[Math.floor(lights.length / 2)] as number;
  expect((text + 0.05) / (panel + 0.05)).toBeGreaterThanOrEqual(4.5);
});

test("the bar is as long as the class is sure", async () => {
  const size = { width: 1280, height: 720 };
  const overlay = await new CaptionPainter(size).paint(caption);
  const { bar, padding, width } = layOutCaption(size);
  const isBlue = (x: number) => overlay.data[4 * ((bar.y + 1) * overlay.width + x) + 2] === 233;
  const blue = Array.from({ length: overlay.width }, (_, x) => x).filter(isBlue);
  expect(blue[0]).toBe(padding);
  expect(blue.length).toBe(Math.floor((width - 2 * padding) / 2));
});

test.each([
  [3840, 2160, 2],
  [1920, 1080, 2],
  [1080, 1920, 2],
  [640, 360, 2],
  [172, 172, 1],
  [128, 72, 0],
])("in %i × %i pixels it fits, grows with the picture and has room for %i other classes", (width, height, others) => {
  const layout = layOutCaption({ width, height });
  expect(layout.others).toHaveLength(others);
  expect(layout.left + layout.width).toBeLessThanOrEqual(width);
  expect(layout.top + layout.height).toBeLessThanOrEqual(height);
  expect(layout.heading.size).toBe(Math.round(1.3 * Math.max(10, 0.036 * Math.min(width, height))));
  expect([layout.left % 2, layout.top % 2]).toEqual([0, 0]);
  expect(layout.footer.y + layout.footer.size * 1.3).toBeLessThanOrEqual(layout.height);
});

test("labels that are too long are cut within the panel, and markup in them is text", async () => {
  const painter = new CaptionPainter({ width: 320, height: 240 });
  const named = (label: string) => ({ ...caption, predictions: [{ label, index: 0, score: 0.5 }] });
  const ink = async (label: string) => {
    const { data } = await painter.paint(named(label));
    return data.filter((value, i) => i % 4 === 0 && value > 200).length;
  };
  const plain = await ink("a");
  const long = "throwing a ball that is neither a baseball nor an American football ".repeat(3);
  expect(await ink(long)).toBeGreaterThan(2 * plain);
  expect(await ink("<b>&amp;</b>\u202e")).toBeGreaterThan(1.5 * plain);
});

test.each([
  [0, "0:00.0"],
  [0.2 * 3, "0:00.6"],
  [59.99, "0:59.9"],
  [83.25, "1:23.2"],
  [3600 + 62, "1:01:02.0"],
])("%f s is %s", (seconds, text) => {
  expect(clockText(seconds)).toBe(text);
});

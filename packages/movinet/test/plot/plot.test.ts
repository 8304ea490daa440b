import { inflateSync } from "node:zlib";
import { Resvg } from "@resvg/resvg-js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { percentText } from "../../src/flow/predict.ts";
import { classLines } from "../../src/plot/class-lines.ts";
import { renderPlot } from "../../src/plot/plot.node.ts";
import {
  choosePlotClasses,
  chooseThumbnails,
  classLine,
  createPlotRecorder,
  type PlotPoint,
  shrinkPicture,
  thinLine,
  timeTicks,
} from "../../src/plot/plot-data.ts";
import { encodePng } from "../../src/plot/png.node.ts";
import type { Picture } from "../../src/video/frame.ts";

const points = (rows: number[][], fps = 5): PlotPoint[] =>
  rows.map((scores, i) => ({ time: i / fps, scores: Float32Array.from(scores) }));

/** Noise, which no compression makes small. */
function noise(width: number, height: number): Picture {
  let seed = 1;
  const data = Uint8Array.from({ length: width * height * 3 }, () => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return seed >>> 16;
  });
  return { data, width, height };
}

const plain = (value: number): Picture => ({ data: new Uint8Array(4 * 2 * 3).fill(value), width: 4, height: 2 });

test("the plot shows the final top five, best first", () => {
  expect(choosePlotClasses(points([[0.1, 0, 0.5, 0.02, 0.03, 0.3, 0.05]]))).toEqual([2, 5, 0, 6, 4]);
});

test("a class that dominated earlier takes the place of the least of the final five", () => {
  const early = [0.01, 0.01, 0.01, 0.01, 0.01, 0.9, 0.05];
  const late = [0.9, 0.04, 0.03, 0.02, 0.01, 0, 0];
  expect(choosePlotClasses(points([early, early, late]))).toEqual([0, 1, 2, 3, 5]);
});

test("the answer is shown even if five others dominated longer", () => {
  const rows = Array.from({ length: 11 }, (_, i) => Array.from({ length: 7 }, (_, c) => (c === i % 6 ? 0.9 : 0.01)));
  const final = [0, 0, 0, 0, 0, 0, 0.2];
  expect(choosePlotClasses(points([...rows, final]))[0]).toBe(6);
  expect(choosePlotClasses(points([...rows, final]))).toHaveLength(5);
});

test("models of fewer classes show them all", () => {
  expect(choosePlotClasses(points([[0.2, 0.8]]))).toEqual([1, 0]);
  expect(choosePlotClasses(points([[1]]))).toEqual([0]);
});

test("scores of the recent past stand where they begin to hold, and the last ones hold until the end", () => {
  const since = [0, 0, 0, 0.2, 0.4];
  const given = points([[0.1], [0.2], [0.3], [0.4], [0.5]]).map((point, i) => ({ ...point, since: since[i]! }));
  expect(classLine(given, 0).map(({ time, score }) => [time, Number(score.toFixed(1))])).toEqual([
    [0, 0.3],
    [0.2, 0.4],
    [0.4, 0.5],
    [0.8, 0.5],
  ]);
  expect(classLine(points([[0.7]]), 0)).toEqual([-0.5, 0.5].map((time) => ({ time, score: Math.fround(0.7) })));
});

test("with segments only what they name is shown, and what came near while it stood", () => {
  const scores = [
    [0, 0, 0, 0.9],
    [0.9, 0.05, 0.03, 0],
    [0.6, 0.1, 0.3, 0],
    [0.1, 0.8, 0.1, 0],
  ];
  const since = [0, 0, 0.2, 0.4];
  const given = points(scores).map((point, i) => ({ ...point, since: since[i]! }));
  const bands = [
    { start: 0, end: 0.3, label: "a", class: 0 },
    { start: 0.3, end: 0.6, label: "b", class: 1 },
  ];
  const told = classLines(given, ["a", "b", "c", "d"], bands).map(({ label, final, peak }) => [label, final, peak]);
  expect(told).toEqual([
    ["a", null, "peak 90 % at 0.0 s"],
    ["b", null, "peak 80 % at 0.4 s"],
    ["c", null, "peak 30 % at 0.2 s"],
  ]);
});

test("thinning keeps the ends, the extremes, the order and the limit", () => {
  fc.assert(
    fc.property(fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 3000 }), (scores) => {
      const line = scores.map((score, time) => ({ time, score }));
      const thin = thinLine(line, 60);
      expect(thin.length).toBeLessThanOrEqual(60);
      expect([thin[0], thin.at(-1)]).toEqual([line[0], line.at(-1)]);
      expect(Math.max(...thin.map((point) => point.score))).toBe(Math.max(...scores));
      expect(thin.every((point, i) => i === 0 || point.time > thin[i - 1]!.time)).toBe(true);
    }),
  );
});

test.each([
  [0, 1, ["0.0 s"]],
  [4.2, 22, ["0 s", "1 s", "2 s", "3 s", "4 s"]],
  [0.4, 3, ["0.0 s", "0.1 s", "0.2 s", "0.3 s", "0.4 s"]],
  [599.8, 3000, ["0:00", "2:00", "4:00", "6:00", "8:00"]],
  [7200, 3000, ["0:00", "30:00", "1:00:00", "1:30:00", "2:00:00"]],
])("ticks of %s seconds", (end, count, texts) => {
  const moments = Array.from({ length: count }, (_, i) => ({
    time: count === 1 ? 0 : (i / (count - 1)) * end,
    scores: new Float32Array(1),
  }));
  expect(timeTicks(moments).map(({ text }) => text)).toEqual(texts);
});

test("percentages never claim a rounded certainty", () => {
  expect([0, 0.001, 0.012, 0.994, 0.9999, 1].map(percentText)).toEqual([
    "0 %",
    "<1 %",
    "1 %",
    "99 %",
    ">99 %",
    "100 %",
  ]);
});

test("each thumbnail is the one nearest to the middle of its stretch of time", () => {
  const shown = points([[1], [1], [1], [1], [1]]).map((point, i) => ({ ...point, thumbnail: plain(i) }));
  expect(chooseThumbnails(shown, 2).map(({ data }) => data[0])).toEqual([1, 3]);
  expect(chooseThumbnails(points([[1]]), 2)).toEqual([]);
});

test("a recorder copies what it is given and keeps few pictures of a long video", () => {
  const recorder = createPlotRecorder();
  const scores = Float32Array.of(0.5);
  for (let i = 0; i < 3000; i++) recorder.add(i / 5, scores, plain(i % 256));
  scores.fill(0);
  const kept = recorder.points.filter(({ thumbnail }) => thumbnail).map(({ time }) => time);
  expect(recorder.points[7]!.scores[0]).toBe(0.5);
  expect(kept.length).toBeGreaterThanOrEqual(20);
  expect(kept.length).toBeLessThanOrEqual(40);
  expect(kept.at(-1)).toBeGreaterThan(560);
});

test("shrinking averages, and never enlarges", () => {
  const data = Uint8Array.from([0, 0, 0, 100, 100, 100, 50, 60, 70, 50, 60, 70]);
  expect(shrinkPicture({ data, width: 4, height: 1 }, 2, 2)).toEqual({
    data: Uint8Array.from([50, 50, 50, 50, 60, 70]),
    width: 2,
    height: 1,
  });
});

test("a PNG file holds the pixels it was given", () => {
  const picture = noise(5, 3);
  const png = Buffer.from(encodePng(picture));
  const rows = inflateSync(png.subarray(png.indexOf("IDAT") + 4));
  const pixels = Array.from({ length: 45 }, (_, i) => i).reduce<number[]>((sum, i) => {
    const left = i % 15 < 3 ? 0 : sum[i - 3]!;
    sum.push((rows[Math.floor(i / 15) * 16 + 1 + (i % 15)]! + left) % 256);
    return sum;
  }, []);
  expect(pixels).toEqual(Array.from(picture.data));
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([5, 3]);
});

const labels = [
  "passing American football (not in game)",
  "Putting something that cannot actually stand upright upright on the table, so it falls on its side",
  "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
  "salt & <pepper>",
  "e",
  "f",
];
const title = "natty_juggling_with_a_really_longfile_name_that_does_not_fit_2024.mp4";
const subtitle = "a0-stream (Kinetics-600): passing American football (not in game), 62 % after 60 frames";

const cases: Record<string, PlotPoint[]> = {
  "one frame": points([[0.5, 0.2, 0.1, 0.1, 0.06, 0.04]]),
  "constant lines": points(Array.from({ length: 30 }, () => [0.5, 0.1, 0.1, 0.1, 0.1, 0.1])),
  "one class": points([[1], [1], [1]]),
  "two classes": points([
    [0.2, 0.8],
    [0.7, 0.3],
  ]),
  "ten minutes": Array.from({ length: 3000 }, (_, i) => ({
    time: i / 5,
    scores: Float32Array.from({ length: 6 }, (_, c) => (1 + Math.sin(i * (c + 1))) / 2),
    ...(i % 100 === 0 && { thumbnail: noise(160, 160) }),
  })),
};

test.each(Object.entries(cases))("%s: no text is cut off, all of it is there, the file is small", async (_, given) => {
  const plot = { title, subtitle, points: given, labels };
  const svg = await renderPlot(plot, "svg");
  expect(svg.length).toBeLessThan(300_000);
  expect(svg).toMatch(/>…\w*that_does_not_fit_2024\.mp4</);
  expect(svg).toContain("passing American football (not in game)");
  expect(svg).not.toMatch(/NaN|undefined|null/);

  const png = Buffer.from(await renderPlot(plot, "png"));
  expect(png.readUInt32BE(16)).toBe(1200);

  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!.map(Number);
  const font = "node_modules/@expo-google-fonts/atkinson-hyperlegible";
  const inked = new Resvg(svg.replace(/<rect[^>]*class="fill-page"\/>/, ""), {
    font: {
      fontFiles: [
        `${font}/400Regular/AtkinsonHyperlegible_400Regular.ttf`,
        `${font}/700Bold/AtkinsonHyperlegible_700Bold.ttf`,
      ],
      loadSystemFonts: false,
    },
  }).getBBox()!;
  expect(inked.x).toBeGreaterThan(4);
  expect(inked.y).toBeGreaterThan(4);
  expect(inked.x + inked.width).toBeLessThan(width! - 4);
  expect(inked.y + inked.height).toBeLessThan(height! - 4);
});

test("text really is drawn in the PNG: without its text the picture is much smaller", async () => {
  const plot = { title, subtitle, points: cases["one frame"]!, labels };
  const bare = new Resvg(await renderPlot(plot, "svg"), {
    fitTo: { mode: "zoom", value: 2 },
    font: { loadSystemFonts: false },
  });
  expect((await renderPlot(plot, "png")).length).toBeGreaterThan(bare.render().asPng().length * 2);
});

test("pictures squashed to a square are shown at the aspect of the video", async () => {
  const given = points(Array.from({ length: 10 }, () => [1])).map((point) => ({
    ...point,
    thumbnail: noise(172, 172),
  }));
  const shown = async (aspect?: number) => {
    const svg = await renderPlot({ title, subtitle, points: given, labels, ...(aspect && { aspect }) }, "svg");
    const images = Array.from(
      svg.matchAll(/<image [^>]*?width="([\d.]+)" height="([\d.]+)"/g),
      ([, w, h]) => Number(w) / Number(h),
    );
    return { count: images.length, aspect: images[0] };
  };
  expect(await shown()).toEqual({ count: 8, aspect: expect.closeTo(1) });
  expect(await shown(16 / 9)).toEqual({ count: 4, aspect: expect.closeTo(16 / 9) });
});

test("no points is an error that says so", async () => {
  await expect(renderPlot({ title, subtitle, points: [], labels }, "svg")).rejects.toThrow(
    "plot.points is empty; classify at least one frame",
  );
});

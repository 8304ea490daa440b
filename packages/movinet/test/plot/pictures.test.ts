/** Every picture, whatever it shows: nothing is cut, nothing stands on anything else, and all of it can be read. */
import { globSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { earlinessChart, reliabilityChart, trainingCharts } from "../../src/evaluate/report-charts.ts";
import type { EpochRecord } from "../../src/evaluate/report-data.ts";
import { reportStyle } from "../../src/evaluate/report-style.ts";
import { colorOf, dark, light, seriesCount, type Theme, type Tone } from "../../src/plot/palette.ts";
import type { PlotPoint } from "../../src/plot/plot-data.ts";
import { drawPlot, type Plot } from "../../src/plot/plot-picture.ts";
import { renderFile } from "../../src/plot/svg.ts";
import { countTicks, ticksUpTo } from "../../src/plot/ticks.ts";
import { faultsOf, textsIn } from "./drawn.ts";

const documents = new URL("../../../../docs/", import.meta.url);
const word = fc.constantFrom(
  "a",
  "ice",
  "carving",
  "(not in game)",
  "WWWWWWWWWWWWWWWWWWWWWWWWWW",
  "anticlockwise",
  '&<">',
);
const label = fc.array(word, { minLength: 1, maxLength: 9 }).map((words) => words.join(" "));

/** Videos of any length, of as many classes, cut anywhere. */
const plots: fc.Arbitrary<Plot> = fc
  .record({
    title: label,
    subtitle: label,
    labels: fc.array(label, { minLength: 1, maxLength: 40 }),
    seconds: fc.constantFrom(0, 0.1, 0.37, 1, 4.2, 59.9, 119.9, 125, 599, 3601, 86_400),
    moments: fc.integer({ min: 1, max: 60 }),
    cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 }),
    shape: fc.constantFrom("portrait" as const, "landscape" as const),
    seed: fc.nat(1000),
  })
  .map(({ title, subtitle, labels, seconds, moments, cuts, shape, seed }) => {
    const scoresAt = (moment: number) =>
      Float32Array.from(labels, (_, c) => Math.abs(Math.sin(seed + moment * (c + 1))) ** (1 + (c % 5)));
    const count = seconds === 0 ? 1 : moments + 1;
    const points: PlotPoint[] = Array.from({ length: count }, (_, i) => ({
      time: count === 1 ? 0 : (i / (count - 1)) * seconds,
      scores: scoresAt(i),
    }));
    const bounds = [0, ...cuts.toSorted((a, b) => a - b), 1].map((share) => share * seconds);
    const segments =
      cuts.length === 0 ? [] : bounds.slice(1).map((end, i) => ({ start: bounds[i]!, end, scores: scoresAt(i) }));
    return { title, subtitle, points, labels, shape, segments };
  });

const strip = { urls: Array.from({ length: 8 }, () => "data:,"), width: 50, height: 60 };

test("a plot cuts no text and lays none on another", () => {
  fc.assert(
    fc.property(plots, (plot) => {
      expect(faultsOf(renderFile(drawPlot(plot, strip)))).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

test("a landscape plot is 16 : 9, and a portrait's text is 12 pixels high where a phone shows it", () => {
  fc.assert(
    fc.property(plots, (plot) => {
      const { width, height } = drawPlot(plot, strip);
      expect([width, plot.shape === "landscape" ? height / 9 : 0]).toEqual(
        plot.shape === "landscape" ? [960, 60] : [600, 0],
      );
    }),
  );
  const portrait = renderFile(
    drawPlot({ title: "t", subtitle: "s", points: [{ time: 0, scores: Float32Array.of(1) }], labels: ["a"] }, strip),
  );
  const sizes = [...portrait.matchAll(/font-size="([\d.]+)"/g)].map(([, size]) => Number(size));
  expect(Math.min(...sizes) * (360 / 600)).toBeGreaterThanOrEqual(12);
});

test.each(globSync("*.svg", { cwd: documents }))("docs/%s: nothing is cut or overprinted", (file) => {
  expect(faultsOf(readFileSync(new URL(file, documents), "utf8"))).toEqual([]);
});

const scale = fc.constantFrom(1e-7, 3e-5, 0.004, 0.7, 1, 12, 9999, 2.5e6);
const histories: fc.Arbitrary<readonly EpochRecord[]> = fc
  .record({ epochs: fc.integer({ min: 1, max: 300 }), first: fc.constantFrom(1, 7), scale, validation: fc.boolean() })
  .map(({ epochs, first, scale: most, validation }) =>
    Array.from({ length: epochs }, (_, i) => ({
      epoch: first + i,
      loss: most / (i + 1),
      learningRate: most * (1 - i / epochs),
      validationLoss: validation ? most / (i + 1.5) : null,
      validationTop1: validation ? i / epochs : null,
    })),
  );

describe("charts of reports", () => {
  test("of a training cut no text and lay none on another, and say the first and the last epoch", () => {
    fc.assert(
      fc.property(histories, fc.double({ min: 0, max: 1, noNaN: true }), (history, share) => {
        const best = history[Math.floor(share * (history.length - 1))]?.epoch ?? null;
        for (const { drawing } of trainingCharts(history, best)) {
          const svg = renderFile(drawing);
          expect(faultsOf(svg)).toEqual([]);
          const contents = textsIn(svg).map(({ content }) => content);
          expect(contents).toEqual(expect.arrayContaining([String(history[0]?.epoch), String(history.at(-1)?.epoch)]));
        }
      }),
      { numRuns: 60 },
    );
  });

  test("of answers cut no text and lay none on another", () => {
    const bins = fc.array(fc.tuple(fc.nat(100_000), fc.double({ min: 0, max: 1, noNaN: true })), {
      minLength: 10,
      maxLength: 10,
    });
    fc.assert(
      fc.property(
        bins,
        fc.integer({ min: 2, max: 60 }),
        fc.constantFrom(0.1, 2, 90, 7200),
        (counts, moments, seconds) => {
          const calibration = {
            error: 0.1,
            perfect: null,
            bins: counts.map(([count, accuracy], i) => ({
              low: i / 10,
              high: (i + 1) / 10,
              count,
              accuracy,
              confidence: i / 10,
            })),
          };
          expect(faultsOf(renderFile(reliabilityChart(calibration).drawing))).toEqual([]);
          const curve = Array.from({ length: moments }, (_, i) => ({
            frames: i + 1,
            seconds: (i / (moments - 1)) * seconds,
            top1: i / moments,
            confidence: 0.5,
            running: moments - i,
          }));
          const chart = earlinessChart({ curve, soundFrom: 1, byShare: [], settled: null });
          expect(faultsOf(renderFile(chart!.drawing))).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });
});

test.each([
  [1, 1, ["1"]],
  [1, 2, ["1", "2"]],
  [1, 12, ["1", "2", "4", "6", "8", "10", "12"]],
  [1, 200, ["1", "50", "100", "150", "200"]],
  [5, 23, ["5", "10", "15", "20", "23"]],
])("epochs %i to %i have these ticks", (first, last, texts) => {
  expect(countTicks(first, last).map(({ text }) => text)).toEqual(texts);
});

test.each([
  [0, ["0", "0.2", "0.4", "0.6", "0.8", "1"]],
  [2.31, ["0", "0.5", "1", "1.5", "2", "2.5"]],
  [0.001, ["0", "0.0002", "0.0004", "0.0006", "0.0008", "0.001"]],
  [3e-6, ["0", "1e-6", "2e-6", "3e-6"]],
])("an axis up to %d has these ticks", (most, texts) => {
  expect(ticksUpTo(most).map(({ text }) => text)).toEqual(texts);
});

function luminance(color: string): number {
  const [r, g, b] = linear(color);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function linear(color: string): [number, number, number] {
  return [1, 3, 5].map((at) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].toSorted((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** Linear RGB as people without one kind of cone see it (Machado, Oliveira and Fernandes 2009, severity 1). */
const blindness = {
  protanopia: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deuteranopia: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  tritanopia: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
};

/** Oklab (Ottosson 2020). */
function oklab([r, g, b]: readonly number[]): readonly [number, number, number] {
  const cone = (x: number, y: number, z: number) => Math.cbrt(x * r! + y * g! + z * b!);
  const l = cone(0.4122214708, 0.5363325363, 0.0514459929);
  const m = cone(0.2119034982, 0.6806995451, 0.1073969566);
  const s = cone(0.0883024619, 0.2817188376, 0.6299787005);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

describe.each([
  ["light", light],
  ["dark", dark],
] as [string, Theme][])("%s colours", (_, theme) => {
  const series = Array.from({ length: seriesCount }, (_, i) => colorOf(`series${i}`, theme));

  test("texts have a contrast of 4.5 : 1 on every ground on which they stand", () => {
    const on = (tone: Tone, ground: Tone) => contrast(colorOf(tone, theme), colorOf(ground, theme));
    for (let i = 0; i < seriesCount; i++) {
      expect(on(`series${i}`, "page")).toBeGreaterThanOrEqual(4.5);
      expect(on("ink", `tint${i}`)).toBeGreaterThanOrEqual(4.5);
    }
    for (const ground of ["page", "card"] as const) {
      expect(on("ink", ground)).toBeGreaterThanOrEqual(4.5);
      expect(on("faint", ground)).toBeGreaterThanOrEqual(4.5);
    }
  });

  test("numbers in the confusion matrix and on bars of a report too, however strong their ground is", () => {
    const [own] = theme === light ? reportStyle.split("@media") : reportStyle.split("@media").slice(1);
    for (const [name, strongest] of [
      ["good", 0.8],
      ["bad", 0.82],
    ] as const) {
      const [, ...channels] = new RegExp(`--${name}: (\\d+) (\\d+) (\\d+)`).exec(own as string) ?? [];
      const page = [1, 3, 5].map((at) => Number.parseInt(theme.page.slice(at, at + 2), 16));
      const mixed = channels.map((value, i) => Math.round(Number(value) * strongest + page[i]! * (1 - strongest)));
      const ground = `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
      expect(contrast(theme.ink, ground)).toBeGreaterThanOrEqual(4.5);
    }
  });

  test.each(Object.entries(blindness))("lines stay apart in %s", (_, matrix) => {
    const seen = series.map((color) => {
      const rgb = linear(color);
      return oklab(
        [0, 3, 6].map((row) =>
          Math.max(
            0,
            rgb.reduce((sum, value, i) => sum + value * matrix[row + i]!, 0),
          ),
        ),
      );
    });
    const distances = seen.flatMap((a, i) =>
      seen.slice(i + 1).map((b) => Math.hypot(...a.map((value, k) => value - b[k]!))),
    );
    expect(Math.min(...distances)).toBeGreaterThan(0.07);
  });
});

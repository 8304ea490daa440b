/** A stream network beside its relatives: what is put together of answers and costs. */
import { describe, expect, test } from "vitest";
import { callMacs, measureCosts } from "../../src/evaluate/costs.node.ts";
import {
  type Cost,
  compareFamily,
  costLengths,
  type FamilyFindings,
  familyVerdict,
  medianLength,
} from "../../src/evaluate/family.ts";
import { familyCharts, renderFamilyFigure } from "../../src/evaluate/family-charts.ts";
import { renderFamilyReport } from "../../src/evaluate/family-report.ts";
import type { Answer } from "../../src/evaluate/metrics.ts";
import { frameByFrame, wholeClip } from "../../src/train/relatives.ts";
import { hashedModel } from "../laws/models.ts";

/** Twenty clips of two classes, of which the first `right` are answered rightly. */
function answers(right: number): readonly Answer[] {
  return Array.from({ length: 20 }, (_, i) => {
    const truth = i % 2;
    const best = i < right ? truth : 1 - truth;
    const moments = { frames: [1, 8], times: [0, 0.7], best: [1 - truth, best], confidence: [0.6, 1] };
    return { name: `${i}`, group: null, classes: [truth], scores: Float32Array.of(1 - best, best), moments };
  });
}

const costs = (callMs: number, megabytes: (frames: number) => number): readonly Cost[] =>
  [4, 8, 16].map((frames) => ({ frames, callMs: callMs * frames, peakBytes: 1e6 * megabytes(frames) }));

const findings: FamilyFindings = {
  answers: { stream: answers(20), whole: answers(20), averaged: answers(19), frameByFrame: answers(10) },
  costs: {
    stream: costs(1, () => 5).map((cost) => ({ ...cost, callMs: 2 })),
    base: costs(1, (frames) => frames),
    frameByFrame: costs(1, () => 4).map((cost) => ({ ...cost, callMs: 1 })),
  },
  macs: { stream: 100, whole: 800, averaged: 400, frameByFrame: 60 },
};
const comparison = compareFamily(findings, {
  frames: 8,
  fps: 10,
  window: 4,
  labels: ["left", "right"],
  output: "softmax",
});

describe("compareFamily", () => {
  test("costs of a clip, of the first answer, and of memory", () => {
    const told = comparison.relations.map(({ kind, clip, first, memory }) => ({
      kind,
      macs: clip.macs,
      ms: clip.ms,
      first,
      megabytes: memory.map(({ bytes }) => bytes / 1e6),
    }));
    expect(told).toEqual([
      { kind: "stream", macs: 800, ms: 16, first: { seconds: 0, ms: 2 }, megabytes: [5, 5, 5] },
      { kind: "whole", macs: 800, ms: 8, first: { seconds: 0.7, ms: 8 }, megabytes: [4, 8, 16] },
      { kind: "averaged", macs: 4000, ms: 40, first: { seconds: 0.7, ms: 40 }, megabytes: [4, 4, 4] },
      { kind: "frameByFrame", macs: 480, ms: 8, first: { seconds: 0, ms: 1 }, megabytes: [4, 4, 4] },
    ]);
  });

  test("accuracy, and the verdict on the same clips", () => {
    expect(comparison.relations.map(({ evaluation }) => evaluation.top1.value)).toEqual([1, 1, 0.95, 0.5]);
    expect(familyVerdict(comparison)).toEqual([
      "The stream network and base, whole clip are right on the same clips.",
      expect.stringMatching(
        /^These clips do not separate the stream network from base, 10 windows: they differ by 5\.0 points/,
      ),
      expect.stringMatching(/^The stream network is better than 2-D, frame by frame by 50\.0 points/),
    ]);
  });

  test("the charts tell in words what they show", () => {
    const [accuracy, memory] = familyCharts(comparison).map(({ drawing }) => drawing.description);
    expect(accuracy).toContain("stream: 0.0 % at 1 frames, 100.0 % at 8");
    expect(accuracy).toContain("base, 10 windows: 95.0 % at 8");
    expect(memory).toContain("base, whole clip: 4 MB at 4 frames, 16 MB at 16");
  });
});

test("the page escapes what it is given and needs nothing else; the figure has its own colours", () => {
  const page = renderFamilyReport({
    title: "<b>",
    date: new Date(0),
    command: "movinet evaluate",
    model: "m",
    dataset: "d",
    judged: "its test clips",
    comparison,
    trainings: [],
    warnings: ["a & b"],
    failures: [],
    config: {},
    environment: {},
  });
  expect(page).not.toContain("<b></title>");
  expect(page).toContain("a &#38; b");
  expect(page.match(/<svg [^>]*role="img"/g)).toHaveLength(2);
  const figure = renderFamilyFigure(comparison);
  expect(figure).not.toContain("var(--");
  expect(figure).toMatch(/^<svg [^>]*width="\d+" height="[\d.]+"/);
  expect(figure.match(/>stream<\/text>/g)).toHaveLength(2);
});

test("memory is measured on clips that fit, the median's and the window's length among them", () => {
  expect(costLengths(17, 16, 172 * 172)).toEqual([8, 16, 17, 32, 64, 128]);
  expect(costLengths(50, 16, 320 * 320)).toEqual([8, 16, 32, 50]);
  expect([medianLength([5]), medianLength([9, 1, 5]), medianLength([1, 2, 3, 4])]).toEqual([5, 5, 2]);
});

test("a whole clip has the multiply–adds of the stream's steps, but for the classifier; a frame-by-frame network fewer", () => {
  const model = hashedModel("a0-stream", { classes: 5, resolution: { width: 40, height: 40 } });
  const classifier = 480 * 2048 + 2048 * 5;
  expect(callMacs(wholeClip(model, 6).model, 6)).toBe(6 * callMacs(model, 1) - 5 * classifier);
  const flat = frameByFrame(model).model;
  expect(callMacs(flat, 1, true)).toBeLessThan(callMacs(flat, 1));
});

test("a base network's memory grows with the clip, a stream network's does not", async () => {
  const model = hashedModel("a0-stream", { classes: 5 });
  const options = { device: "cpu", threads: 1 };
  const growth = ([short, long]: readonly Cost[]) => (long?.peakBytes ?? 0) - (short?.peakBytes ?? 0);
  const base = growth(await measureCosts(wholeClip(model, 8).model, [8, 64], options));
  expect(base).toBeGreaterThan(50e6);
  const stream = await measureCosts(model, [8, 64], options);
  expect(growth(stream)).toBeLessThan(base / 2);
  expect(stream[0]?.peakBytes).toBeGreaterThan(50e6); // not hidden behind what this process has had
}, 60_000);

test("time and memory are those of the device that was asked for", async () => {
  const model = hashedModel("t0-stream", { classes: 5, resolution: { height: 48, width: 48 } });
  const [cost] = await measureCosts(model, [4], { device: "wasm", threads: undefined });
  expect(cost?.frames).toBe(4);
  expect(cost?.callMs).toBeGreaterThan(0);
  await expect(measureCosts(model, [4], { device: "abacus", threads: 1 })).rejects.toThrow("unknown device");
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { renderResult, renderTimings, type TimingSummary } from "../src/tables/result.ts";
import { fitText, textWidth } from "../src/tables/text.ts";

const result = {
  source: "carving_ice.mp4",
  frames: 22,
  duration: 4.36,
  predictions: [
    { label: "carving ice", index: 72, score: 0.984 },
    { label: "chiseling stone", index: 84, score: 0.012 },
    { label: "passing American football (not in game)", index: 247, score: 0.002 },
    { label: "溜冰", index: 3, score: 0.0004 },
    { label: "nothing", index: 4, score: 0 },
  ],
};

test("a result on a terminal of 80 columns", () => {
  expect(`\n${renderResult(result, { color: false, width: 80 })}\n`).toMatchInlineSnapshot(`
    "
    carving_ice.mp4   22 frames, 4.4 s
      carving ice                               98.4 %  ███████████████████▋
      chiseling stone                            1.2 %  ▎
      passing American football (not in game)    0.2 %  ▏
      溜冰                                       0.0 %
      nothing                                    0.0 %
    "
  `);
});

test("a result on a narrow terminal has shorter labels and bars", () => {
  expect(`\n${renderResult(result, { color: false, width: 40 })}\n`).toMatchInlineSnapshot(`
    "
    carving_ice.mp4   22 frames, 4.4 s
      carving ice             98.4 %  █████▉
      chiseling stone          1.2 %  ▏
      passing American foo…    0.2 %  ▏
      溜冰                     0.0 %
      nothing                  0.0 %
    "
  `);
});

test("colours: the best is bold, and stripped of its codes the text is the same", () => {
  const coloured = renderResult(result, { color: true, width: 80 });
  expect(coloured).toContain("\x1b[1mcarving ice\x1b[0m");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ANSI codes begin with one
  expect(coloured.replace(/\x1b\[\d+m/g, "")).toBe(renderResult(result, { color: false, width: 80 }));
});

test("no line is wider than the terminal, and no label can steer it", () => {
  const label = fc.oneof(fc.string({ unit: "grapheme", maxLength: 90 }), fc.constant("\x1b[2J\u0007\n"));
  fc.assert(
    fc.property(
      label,
      label,
      fc.float({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 40, max: 200 }),
      (a, b, score, width) => {
        const predictions = [{ label: b, index: 0, score }];
        const text = renderResult({ ...result, source: a, predictions }, { color: false, width });
        expect(text.split("\n")).toHaveLength(2);
        for (const line of text.split("\n")) expect(textWidth(line)).toBeLessThanOrEqual(width);
        expect(text).not.toMatch(/[^\P{Cc}\n]/u);
      },
    ),
  );
});

test("a name that steers terminals does not steer this one", () => {
  const predictions = [{ index: 0, label: "a\x1b[31m --> b\u202e<i>&", score: 1 }];
  const summary = { source: "f\x1b]0;x\x07\n.mp4", frames: 1, duration: 1, predictions };
  const [name, best] = renderResult(summary, { color: false, width: 80 }).split("\n");
  expect([name, best]).toEqual([
    "f�]0;x� .mp4   1 frame, 1.0 s",
    expect.stringContaining("a�[31m --> b�<i>&  100.0 %"),
  ]);
});

test("text is cut at the side that matters less, wide letters count twice", () => {
  expect(fitText("carving ice", 11)).toBe("carving ice");
  expect(fitText("carving ice", 9)).toBe("carving…");
  expect(fitText("/videos/a/carving_ice.mp4", 16, "end")).toBe("…carving_ice.mp4");
  expect(fitText("溜冰溜冰", 5)).toBe("溜冰…");
  expect(textWidth("e\u0301👩‍👩‍👧‍👦溜")).toBe(5);
});

const timings: TimingSummary = {
  frames: 22,
  seconds: 4.36,
  decodeMs: 612,
  preprocessMs: 41.2,
  inferMs: 521,
  totalMs: 1243,
  steps: { p50Ms: 21.34, p95Ms: 30.06 },
  realTimeFactor: 3.51,
  stateBytes: 1_131_200,
  peakRssBytes: 212_400_000,
};

test("timings are three lines", () => {
  expect(`\n${renderTimings(timings, { color: false })}\n`).toMatchInlineSnapshot(`
    "
      time    1.24 s for 22 frames, 4.4 s of video (3.5x real time)
      stages  decode 612 ms, preprocess 41.2 ms, infer 521 ms
      steps   p50 21.3 ms, p95 30.1 ms, state 1.13 MB, peak memory 212 MB
    "
  `);
});

test("where no step's time is known by itself, none is told", () => {
  const [, , line] = renderTimings({ ...timings, steps: null }, { color: false }).split("\n");
  expect(line).toBe("  steps   state 1.13 MB, peak memory 212 MB");
});

test("timings of a long run without states still fit 80 columns", () => {
  const long = {
    frames: 123_456,
    seconds: 24_691,
    decodeMs: 7_412_345,
    preprocessMs: 1_212_345,
    inferMs: 13_412_345,
    totalMs: 14_412_345,
    steps: { p50Ms: 1021.34, p95Ms: 12_030.06 },
    realTimeFactor: 0.05,
    stateBytes: 0,
    peakRssBytes: 12_212_400_000,
  };
  const text = renderTimings(long, { color: false });
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  expect(`\n${text}\n`).toMatchInlineSnapshot(`
    "
      time    4 h 0 min for 123456 frames, 6 h 52 min of video (0.05x real time)
      stages  decode 2 h 4 min, preprocess 20 min 12 s, infer 3 h 44 min
      steps   p50 1.02 s, p95 12.0 s, peak memory 12.2 GB
    "
  `);
});

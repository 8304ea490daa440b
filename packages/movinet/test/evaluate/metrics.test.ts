/** Measures against hand-computed ones, and what must hold for any answers. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { calibrationOf } from "../../src/evaluate/calibration.ts";
import { compareAnswers } from "../../src/evaluate/compare.ts";
import { earlinessOf } from "../../src/evaluate/early.ts";
import { type Answer, averagePrecision, evaluateAnswers } from "../../src/evaluate/metrics.ts";
import { answer, moments } from "./answers.ts";

const labels = ["bow", "jump", "run"];

/**
 *              answered
 *              bow jump run
 *   bow    3    2    1   0
 *   jump   2    0    1   1
 *   run    1    0    1   0
 */
const six = [
  answer("a", 0, [0.92, 0.04, 0.04]),
  answer("b", 0, [0.6, 0.3, 0.1]),
  answer("c", 0, [0.4, 0.5, 0.1]),
  answer("d", 1, [0.1, 0.8, 0.1]),
  answer("e", 1, [0.2, 0.2, 0.6]),
  answer("f", 2, [0.05, 0.75, 0.2]),
];

describe("six clips of three classes", () => {
  const evaluation = evaluateAnswers(six, { labels });

  test("top-1, top-5, the majority's share and the matrix", () => {
    expect(evaluation.top1).toMatchObject({ hits: 3, total: 6, value: 0.5 });
    expect(evaluation.top5.value).toBe(1);
    expect(evaluation.majority).toBe(0.5);
    expect(evaluation.confusion).toEqual([
      [2, 1, 0],
      [0, 1, 1],
      [0, 1, 0],
    ]);
  });

  test("precision, recall and F1 of each class, and their means", () => {
    const rows = evaluation.perClass.map(({ label, support, answered, precision, recall, f1 }) => {
      return [label, support, answered, precision, recall, f1];
    });
    expect(rows).toEqual([
      ["bow", 3, 2, 1, 2 / 3, 0.8],
      ["jump", 2, 3, 1 / 3, 0.5, 0.4],
      ["run", 1, 1, 0, 0, 0],
    ]);
    expect(evaluation.macro.precision).toBeCloseTo(4 / 9, 12);
    expect(evaluation.macro.recall).toBeCloseTo(7 / 18, 12);
    expect(evaluation.macro.f1).toBeCloseTo(0.4, 12);
  });

  test("log loss and calibration", () => {
    const loss = -(Math.log(0.92) + Math.log(0.6) + Math.log(0.4) + Math.log(0.8) + Math.log(0.2) + Math.log(0.2)) / 6;
    expect(evaluation.logLoss).toBeCloseTo(loss, 6);
    // Bins: 0.5 (wrong); 0.6 twice (right, wrong); 0.75 (wrong); 0.8 (right); 0.92 (right).
    expect(evaluation.calibration.error).toBeCloseTo((0.5 + 0.2 + 0.75 + 0.2 + 0.08) / 6, 6);
    expect(evaluation.calibration.bins.map(({ count }) => count)).toEqual([0, 0, 0, 0, 0, 1, 2, 1, 1, 1]);
    expect(evaluation.calibration.bins[6]?.accuracy).toBe(0.5);
    expect(evaluation.calibration.bins[0]).toMatchObject({ confidence: null, accuracy: null });
  });

  test("lists only the classes asked for, and those that were seen", () => {
    const many = ["-", "bow", "jump", "-", "run", "-"];
    const wide = six.slice(0, 2).map((clip) => {
      const [a = 0, b = 0, c = 0] = clip.scores;
      return answer(clip.name, 1, [0, a, b, 0, c, 0]);
    });
    const { perClass, confusion } = evaluateAnswers(wide, { labels: many, listed: [4] });
    expect(perClass.map(({ index, support, precision, f1 }) => [index, support, precision, f1])).toEqual([
      [1, 2, 1, 1],
      [4, 0, null, null],
    ]);
    expect(confusion).toEqual([
      [2, 0],
      [0, 0],
    ]);
  });
});

test("of equal scores the lower index is likelier", () => {
  const tied = [answer("a", 1, [0.5, 0.5, 0]), answer("b", 0, [0.5, 0.5, 0])];
  expect(evaluateAnswers(tied, { labels }).top1.hits).toBe(1);
});

describe("classes that do not exclude each other", () => {
  const clips = [
    answer("a", [0, 1], [0.9, 0.6, 0.2]),
    answer("b", [1], [0.6, 0.4, 0.1]),
    answer("c", [2], [0.2, 0.7, 0.8]),
  ];
  const evaluation = evaluateAnswers(clips, { labels, output: "sigmoid" });

  test("F1 at 0.5: three hits of five answers, four right", () => {
    expect(evaluation.perClass.map(({ support, answered }) => [support, answered])).toEqual([
      [1, 2],
      [2, 2],
      [1, 1],
    ]);
    expect(evaluation.multiLabel?.f1).toBeCloseTo((2 * 3) / (5 + 4), 12);
  });

  test("mean average precision", () => {
    // bow: a first of all → 1; jump: ranks c, a, b with a and b right → (1/2 + 2/3) / 2; run: 1.
    expect(evaluation.multiLabel?.meanAveragePrecision).toBeCloseTo((1 + 7 / 12 + 1) / 3, 12);
    expect(evaluation.confusion).toBeNull();
    expect(evaluation.top1.hits).toBe(2);
  });

  test("average precision takes equal scores together", () => {
    expect(averagePrecision([0.5, 0.5, 0.5, 0.5], [true, false, false, false])).toBe(0.25);
    expect(averagePrecision([0.9, 0.8, 0.7, 0.6], [true, false, true, false])).toBeCloseTo((1 + 2 / 3) / 2, 12);
  });
});

describe("how early is it right?", () => {
  const clips = [
    { classes: [0], moments: moments(1, 0, 1, 0, 0) },
    { classes: [1], moments: moments(1, 1) },
    { classes: [2], moments: moments(2, 0, 0) },
  ];
  const early = earlinessOf(clips, 5);

  test("the curve keeps the last answer of clips that are over", () => {
    expect(early?.curve.map(({ frames, top1, running }) => [frames, Math.round(top1 * 3), running])).toEqual([
      [1, 2, 3],
      [2, 2, 3],
      [3, 1, 2],
      [4, 2, 1],
      [5, 2, 1],
    ]);
    expect(early?.curve.at(-1)?.seconds).toBeCloseTo(0.8, 12);
  });

  test("by share of the clip, and when the answer came to stay", () => {
    expect(early?.byShare.map(({ top1 }) => Math.round(top1 * 3))).toEqual([2, 2, 3, 2, 1, 1, 2, 2, 2, 2]);
    expect(early?.settled).toEqual({ clips: 2, share: (4 / 5 + 1 / 2) / 2, seconds: (0.6 + 0) / 2 });
  });

  test("before a first window there is no answer, which is wrong", () => {
    const late = { classes: [0], moments: { frames: [3, 6], times: [0.4, 1], best: [0, 0], confidence: [0.7, 0.9] } };
    expect(earlinessOf([late], 5)?.curve.map(({ top1 }) => top1)).toEqual([0, 0, 1, 1, 1, 1]);
  });

  test("nothing without moments; a long clip has 128 points from its first frame to its last", () => {
    expect(earlinessOf([{ classes: [0], moments: null }], 5)).toBeNull();
    const long = { classes: [0], moments: moments(...Array.from({ length: 1000 }, () => 0)) };
    const curve = earlinessOf([long], 5)?.curve ?? [];
    expect([curve.length, curve[0]?.frames, curve.at(-1)?.frames]).toEqual([128, 1, 1000]);
  });
});

describe("two models on the same clips", () => {
  test("counts pairs by name and tells the difference with its interval", () => {
    const right = (name: string) => answer(name, 0, [0.9, 0.1]);
    const wrong = (name: string) => answer(name, 0, [0.1, 0.9]);
    const first = [right("a"), right("b"), right("c"), wrong("d")];
    const second = [wrong("d"), right("a"), wrong("b"), wrong("c")];
    const comparison = compareAnswers(first, second);
    expect(comparison).toMatchObject({ bothRight: 1, onlyFirst: 2, onlySecond: 0, bothWrong: 1, difference: 0.5 });
    // Bonett and Price: (3/6 − 1/6) ± 3.182 · √((3/6 + 1/6 − 1/9) / 6).
    expect(comparison.interval).toEqual({
      low: expect.closeTo(1 / 3 - 0.9683875719, 9),
      high: 1,
      effective: 4,
      trusted: true,
    });
    expect(comparison.p).toBeCloseTo(0.3533874663, 9);
    expect(() => compareAnswers(first, second.slice(1))).toThrow("the same clips");
  });
});

test("answers that do not fit are refused", () => {
  expect(() => evaluateAnswers([], { labels })).toThrow("answers must not be empty");
  expect(() => evaluateAnswers([answer("a", 0, [1, 0])], { labels })).toThrow("a does not match 3 softmax classes");
  expect(() => evaluateAnswers([answer("a", [0, 1], [1, 0, 0])], { labels })).toThrow("a does not match");
  expect(() => evaluateAnswers([answer("a", 3, [1, 0, 0])], { labels })).toThrow("a does not match");
});

describe("of any answers", () => {
  const clip = fc.record({
    truth: fc.nat({ max: 3 }),
    scores: fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 4, maxLength: 4 }),
    group: fc.option(fc.constantFrom("x", "y", "z"), { nil: null }),
  });
  const clips = fc.array(clip, { minLength: 1, maxLength: 40 }).map((all) =>
    all.map(({ truth, scores, group }, i): Answer => {
      const sum = scores.reduce((a, b) => a + b, 0);
      return {
        ...answer(
          String(i),
          truth,
          scores.map((score) => score / sum),
        ),
        group,
      };
    }),
  );
  const names = ["p", "q", "r", "s"];
  const inUnit = (...values: readonly number[]) => values.every((value) => value >= 0 && value <= 1);

  test("counts agree with each other and shares keep within 0..1", () => {
    fc.assert(
      fc.property(clips, (answers) => {
        const { top1, top5, confusion, perClass, calibration, macro, logLoss } = evaluateAnswers(answers, {
          labels: names,
        });
        const matrix = confusion ?? [];
        expect(matrix.flat().reduce((a, b) => a + b, 0)).toBe(answers.length);
        expect(matrix.reduce((sum, row, i) => sum + (row[i] ?? 0), 0)).toBe(top1.hits);
        expect(matrix.map((row) => row.reduce((a, b) => a + b, 0))).toEqual(perClass.map(({ support }) => support));
        expect(calibration.bins.reduce((sum, { count }) => sum + count, 0)).toBe(answers.length);
        expect(top5.hits).toBe(answers.length);
        expect(inUnit(calibration.error, macro.precision, macro.recall, macro.f1, top1.value)).toBe(true);
        expect(inUnit(top1.interval.low, top1.interval.high)).toBe(true);
        expect(top1.interval.low).toBeLessThanOrEqual(top1.value);
        expect(top1.interval.high).toBeGreaterThanOrEqual(top1.value);
        expect(Number.isFinite(logLoss) && logLoss >= 0).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test("their order does not matter", () => {
    fc.assert(
      fc.property(clips, (answers) => {
        const { top1, ...all } = evaluateAnswers(answers, { labels: names });
        const { top1: other, ...reversed } = evaluateAnswers(answers.toReversed(), { labels: names });
        expect([other.hits, reversed.confusion, reversed.perClass]).toEqual([top1.hits, all.confusion, all.perClass]);
        expect(reversed.calibration.error).toBeCloseTo(all.calibration.error, 10);
      }),
      { numRuns: 30 },
    );
  });

  test("confidence that is always right or always wrong is its own error", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1 }),
        fc.boolean(),
        (all, right) => {
          const { error } = calibrationOf(all.map((confidence) => ({ confidence, right })));
          const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
          expect(error).toBeCloseTo(right ? 1 - mean : mean, 9);
        },
      ),
    );
  });

  test("a model against itself: no difference", () => {
    fc.assert(
      fc.property(clips, (answers) => {
        expect(compareAnswers(answers, answers)).toMatchObject({ difference: 0, p: 1, onlyFirst: 0, onlySecond: 0 });
      }),
      { numRuns: 30 },
    );
  });
});

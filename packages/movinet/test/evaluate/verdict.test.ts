/** What is said of the numbers: never more than they bear. */
import { describe, expect, test } from "vitest";
import { randomOf } from "../../src/common/random.ts";
import { calibrationOf, perfectCalibration } from "../../src/evaluate/calibration.ts";
import { compareAnswers } from "../../src/evaluate/compare.ts";
import type { Moments } from "../../src/evaluate/early.ts";
import { familyVerdict, type Relation } from "../../src/evaluate/family.ts";
import { type Answer, evaluateAnswers } from "../../src/evaluate/metrics.ts";
import { columnPercents, headline, verdict, warningsOf } from "../../src/evaluate/verdict.ts";
import { answer } from "./answers.ts";

const labels = ["x", "y"];

/** Clips of two classes in turn, the first `right` of them answered rightly, each so sure. */
function answersOf(right: number, total: number, score = 0.95, groups?: number): readonly Answer[] {
  return Array.from({ length: total }, (_, i) => {
    const said = i < right ? i % 2 : 1 - (i % 2);
    const scores = said === 0 ? [score, 1 - score] : [1 - score, score];
    return answer(`${i}`, i % 2, scores, groups === undefined ? {} : { group: `${Math.floor((i * groups) / total)}` });
  });
}
const of = (...how: Parameters<typeof answersOf>) => evaluateAnswers(answersOf(...how), { labels });

describe("the headline", () => {
  test("tells the interval", () => {
    expect(headline(of(47, 49))).toBe("47 of 49 clips correct (95.9 %, 95 % interval 86.3–98.9 %)");
    expect(headline(of(1, 1))).toBe("1 of 1 clip correct (100.0 %, 95 % interval 20.7–100.0 %)");
  });

  test("40 of 40 from two groups is no 91–100 %", () => {
    expect(headline(of(40, 40, 0.95, 2))).toBe(
      "40 of 40 clips correct (100.0 %, 95 % interval 16–100 %, unreliable: only 2 groups)",
    );
    expect(headline(of(12, 12, 0.95, 1))).toMatch(/95 % interval 0–100 %, unreliable: only one group\)$/);
  });

  test("of clips that the model has learned from says so, and nothing else is said", () => {
    const evaluation = evaluateAnswers(answersOf(49, 49), { labels, learned: true });
    expect(headline(evaluation)).toBe(
      "It recalls 49 of 49 clips it was trained on, which says nothing about new clips.",
    );
    expect(verdict(evaluation)).toEqual([]);
  });
});

describe("what it means", () => {
  test("with clips that stand alone", () => {
    expect(verdict(of(48, 50))).toEqual([
      "It is better than always answering the most frequent class (50.0 % correct).",
      "Its confidence is well calibrated: 95 % confident on average and 96 % correct.",
    ]);
    expect(verdict(of(12, 20)).join(" ")).toMatch(
      /do not show that it is better.*the interval is wide.*overconfident: 95 % confident on average and 60 % correct/,
    );
    expect(verdict(of(2, 40))[0]).toMatch(/^It is worse than/);
    expect(verdict(of(50, 50, 0.6)).at(-1)).toMatch(/^It is underconfident/);
  });

  test("with groups: they are what counts", () => {
    expect(verdict(of(45, 60, 0.75, 60))[0]).toMatch(/^It is better than/);
    expect(verdict(of(45, 60, 0.75, 6)).slice(0, 2)).toEqual([
      "These clips do not show that it is better than always answering the most frequent class (50.0 % correct).",
      "The interval accounts for 6 groups, because clips of one group tend to be right or wrong together: the 60 clips are worth about 6 independent ones. It is wide: on clips from other groups, expect anything within it.",
    ]);
  });

  test("of fewer than five groups neither better nor worse, nor anything of its confidence", () => {
    for (const right of [0, 60]) {
      const text = verdict(of(right, 60, 0.95, 4)).join(" ");
      expect(text).toMatch(/^Only 4 groups cannot show whether it is better than always/);
      expect(text).toContain("The interval is unreliable: all 60 clips come from only 4 groups");
      expect(text).toMatch(/60 clips of 4 groups are too few to tell whether its confidence is well calibrated/);
      expect(text).not.toMatch(/It is (better|worse)|overconfident|underconfident/);
    }
  });
});

describe("confidence is held against that of a perfectly calibrated model", () => {
  const sureness = (count: number, seed = 0) => {
    const random = randomOf("sureness", count, seed);
    return Array.from({ length: count }, () => random.between(0.5, 1));
  };

  test("whose error is known where all answers are equally sure: the mean deviation of a binomial share", () => {
    // Σ |k / 49 − 0.95| · P(k) = 0.0253 for the binomial distribution; k ≤ 44 in 9.7 %, k ≤ 43 in 3.5 % of draws.
    const { mean, most } = perfectCalibration(Array.from({ length: 49 }, () => 0.95));
    expect(mean).toBeCloseTo(0.0253, 2);
    expect(most).toBeCloseTo(0.95 - 44 / 49, 9);
    expect(perfectCalibration([1, 1, 0])).toEqual({ mean: 0, most: 0 });
  });

  test("which is 10 points at 49 clips and 5 at 200, and is exceeded by one in twenty of them", () => {
    expect(perfectCalibration(sureness(49)).mean).toBeCloseTo(0.1, 2);
    expect(perfectCalibration(sureness(200)).mean).toBeCloseTo(0.05, 2);
    let above = 0;
    for (let seed = 0; seed < 200; seed++) {
      const confidences = sureness(100, seed);
      const random = randomOf("right", seed);
      const answers = confidences.map((confidence) => ({ confidence, right: random.chance(confidence) }));
      above += Number(calibrationOf(answers).error > perfectCalibration(confidences).most);
    }
    expect(above).toBeGreaterThanOrEqual(3);
    expect(above).toBeLessThanOrEqual(20);
  });

  /** Two classes; right just as often as it is sure. */
  const perfect = (count: number, groups = count) => {
    const random = randomOf("perfect", count);
    const answers = sureness(count).map((score, i) => {
      return answer(`${i}`, random.chance(score) ? 0 : 1, [score, 1 - score], { group: `${i % groups}` });
    });
    return verdict(evaluateAnswers(answers, { labels })).find((sentence) => sentence.includes("confidence"));
  };

  test("a few clips of which it is very sure do not show that it may be", () => {
    for (const clips of [3, 7, 29]) {
      expect(verdict(of(clips, clips, 0.999)).join(" ")).toContain("too few to tell whether its confidence");
    }
    expect(verdict(of(40, 40, 0.999)).join(" ")).toContain("Its confidence is well calibrated");
  });

  test("it takes clips enough to say that it can be taken at its word", () => {
    expect(perfect(400)).toMatch(/^Its confidence is well calibrated: \d+ % confident/);
    expect(perfect(49)).toMatch(/^49 clips are too few to tell whether its confidence is well calibrated: \d/);
    expect(perfect(400, 8)).toMatch(/^400 clips of 8 groups are too few to tell/);
  });

  test("right on average, but wrong where it is sure", () => {
    const answers = Array.from({ length: 400 }, (_, i) => {
      const [score, right] = i % 2 === 0 ? [0.95, i % 4 === 0 || i % 8 === 2] : [0.6, i % 8 !== 1];
      return answer(`${i}`, right ? 0 : 1, [score, 1 - score]);
    });
    expect(verdict(evaluateAnswers(answers, { labels })).join(" ")).toMatch(
      /Its confidence is right on average \(78 % confident on average and 75 % correct\), but not clip by clip/,
    );
  });
});

describe("early answers", () => {
  /** Clips of twelve frames, right after frame `i % late`. */
  const early = (late: number, confidence: (frame: number) => number, count = 60) =>
    Array.from({ length: count }, (_, i) => {
      const frames = Array.from({ length: 12 }, (_, t) => t + 1);
      const moments: Moments = {
        frames,
        times: frames.map((frame) => (frame - 1) / 5),
        best: frames.map((frame) => (frame > i % late ? i % 2 : 1 - (i % 2))),
        confidence: frames.map(confidence),
      };
      return answer(`${i}`, i % 2, i % 2 === 0 ? [0.95, 0.05] : [0.05, 0.95], { moments });
    });

  test("that are surer than they should be are named, with the frames from which on they are not", () => {
    const evaluation = evaluateAnswers(
      early(10, (frame) => Math.min(0.95, 0.47 + frame / 20)),
      { labels },
    );
    expect(evaluation.early?.curve.slice(0, 2)).toEqual([
      { frames: 1, seconds: 0, top1: 0.1, confidence: expect.closeTo(0.52, 12), running: 60 },
      { frames: 2, seconds: 0.2, top1: 0.2, confidence: expect.closeTo(0.57, 12), running: 60 },
    ]);
    expect(evaluation.early?.soundFrom).toBe(8);
    expect(verdict(evaluation)).toContain(
      "After 1 frame it is 52 % confident and 10 % correct, after 7 82 % and 70 %: it is overconfident until it has seen 8 frames.",
    );
  });

  test("that are not, or of too few clips, are not", () => {
    const sound = evaluateAnswers(
      early(10, (frame) => Math.min(0.95, frame / 10)),
      { labels },
    );
    expect(sound.early?.soundFrom).toBe(1);
    const few = evaluateAnswers(
      early(10, () => 0.5, 4),
      { labels },
    );
    for (const evaluation of [sound, few]) expect(verdict(evaluation).join(" ")).not.toContain("surer");
  });
});

describe("a stream network beside its relatives", () => {
  const against = (first: readonly Answer[], second: readonly Answer[]) => {
    const relation = {
      kind: "whole",
      evaluation: evaluateAnswers(first, { labels }),
      against: compareAnswers(first, second),
    };
    return familyVerdict({ frames: 8, fps: 5, window: 8, relations: [relation as unknown as Relation] })[0];
  };

  test("says better just where the interval leaves out 0, and nothing of fewer than five groups", () => {
    expect(against(answersOf(60, 60), answersOf(45, 60))).toMatch(
      /^The stream network is better than base, whole clip by 25\.0 points \(95 % interval of the difference: 12\.4 to 36\.0\)\.$/,
    );
    expect(against(answersOf(45, 60), answersOf(60, 60))).toMatch(/^The stream network is worse than base, whole clip/);
    expect(against(answersOf(60, 60, 0.9, 6), answersOf(45, 60, 0.9, 6))).toMatch(
      /^These clips do not separate the stream network from base, whole clip: they differ by 25\.0 points \(.*−/,
    );
    expect(against(answersOf(60, 60, 0.9, 4), answersOf(0, 60, 0.9, 4))).toBe(
      "60 clips from only 4 groups cannot separate the stream network from base, whole clip: they differ by 100.0 points.",
    );
  });
});

test("a column shows no digits that cannot be trusted", () => {
  expect(columnPercents(of(47, 49).top1.interval, 1)).toBe("86.3–98.9 %");
  expect(columnPercents(of(40, 40, 0.95, 2).top1.interval, 1)).toBe("16–100 % *");
});

test("where a reader might fool himself", () => {
  const told = [{ group: "ann" }];
  expect(warningsOf(of(48, 50), told, { heldOut: true })).toEqual([]);
  expect(warningsOf(of(48, 50), [{ group: null }], { heldOut: true })).toEqual([
    expect.stringMatching(/^No groups are given, so all clips count as independent/),
  ]);
  expect(warningsOf(of(6, 7), told, { heldOut: false })).toEqual([
    expect.stringContaining("held out"),
    "Only 7 clips were evaluated: the true accuracy may be anywhere in 48.7–97.4 %.",
  ]);
  const uneven = Array.from({ length: 30 }, (_, i) =>
    answer(String(i), Number(i < 4), [0.9, 0.1], { group: `${i % 3}` }),
  );
  expect(warningsOf(evaluateAnswers(uneven, { labels }), uneven, { heldOut: true })).toEqual([
    "All clips come from only 3 groups, so the interval is unreliable: other people or places may well be harder.",
    "The classes are not balanced: x has 26 clips, y has 4. Check the recall of each class.",
    "1 of 2 classes has fewer than 5 clips: its own numbers mean little.",
  ]);
  const one = answersOf(30, 30, 0.9, 1);
  expect(warningsOf(evaluateAnswers(one, { labels }), one, { heldOut: true })).toEqual([
    "All clips come from only one group, so the interval is unreliable: other people or places may well be harder.",
  ]);
});

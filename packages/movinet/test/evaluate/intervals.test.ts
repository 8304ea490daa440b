/** Intervals of shares and of differences against figures of SciPy, and what groups do to them. */
import { describe, expect, test } from "vitest";
import { compareAnswers, differenceOf } from "../../src/evaluate/compare.ts";
import { betaCdf, betaQuantile, studentQuantile, studentTails } from "../../src/evaluate/distributions.ts";
import { effectiveClips, proportionOf, wilsonInterval } from "../../src/evaluate/intervals.ts";
import { evaluateAnswers } from "../../src/evaluate/metrics.ts";
import { answer } from "./answers.ts";

/** Clips in groups of these sizes, of which so many hit. */
function grouped(sizes: readonly number[], hits: readonly number[]) {
  return {
    hits: sizes.flatMap((size, g) => Array.from({ length: size }, (_, i) => i < (hits[g] as number))),
    groups: sizes.flatMap((size, g) => Array.from({ length: size }, () => `person ${g}`)),
  };
}

function intervalOf(sizes: readonly number[], right: readonly number[]) {
  const { hits, groups } = grouped(sizes, right);
  return proportionOf(hits, groups).interval;
}

const alike = (count: number, value: number) => Array.from({ length: count }, () => value);

test("the beta and Student's t distribution, against SciPy", () => {
  expect(betaCdf(0.3, 2.5, 4)).toBeCloseTo(0.3521975859067672, 12);
  expect(betaCdf(0.999, 50.3, 0.7)).toBeCloseTo(0.8672515868129297, 12);
  expect(betaCdf(0.001, 0.5, 300)).toBeCloseTo(0.5613457311299086, 12);
  expect(betaCdf(0.9, 1800, 201.5)).toBeCloseTo(0.5321531924183561, 11);
  expect(betaQuantile(0.025, 3.2, 7.7)).toBeCloseTo(0.07760006287014046, 12);
  expect(betaQuantile(0.975, 4.2, 6.7)).toBeCloseTo(0.6749478316016391, 12);
  expect(studentTails(2.3, 3.7)).toBeCloseTo(0.08830340068840908, 12);
  expect(studentTails(1.1, 48)).toBeCloseTo(0.27681840525163903, 12);
  expect(studentQuantile(0.05, 4)).toBeCloseTo(2.7764451051977943, 10);
  expect(studentQuantile(0.05, 1.3)).toBeCloseTo(7.500529325562036, 9);
  expect(studentQuantile(0.05, 120)).toBeCloseTo(1.9799304050824411, 10);
});

describe("of a share", () => {
  test("Wilson's, against published values", () => {
    expect(wilsonInterval(47, 49)).toMatchObject({ low: expect.closeTo(0.8629, 4), high: expect.closeTo(0.9887, 4) });
    expect(wilsonInterval(0, 10)).toMatchObject({ low: 0, high: expect.closeTo(0.2775, 4) });
    expect(wilsonInterval(5, 10)).toMatchObject({ low: expect.closeTo(0.2366, 4), high: expect.closeTo(0.7634, 4) });
    expect(wilsonInterval(21, 27)).toMatchObject({ low: expect.closeTo(0.5924, 4), high: expect.closeTo(0.8939, 4) });
  });

  test("is Wilson's where every clip stands alone", () => {
    const hits = Array.from({ length: 60 }, (_, i) => i % 6 < 4);
    const wilson = { ...wilsonInterval(40, 60), by: "wilson", effective: 60, trusted: true };
    expect(
      proportionOf(
        hits,
        alike(60, 0).map(() => null),
      ).interval,
    ).toEqual(wilson);
    expect(
      proportionOf(
        hits,
        hits.map((_, i) => `${i}`),
      ).interval,
    ).toEqual(wilson);
  });

  test.each([
    ["one group fails", alike(6, 10), [10, 10, 9, 8, 10, 3], 6.419512429849122, 0.3759272785929324, 0.9947996609632029],
    [
      "unequal sizes",
      [2, 4, 6, 8, 10, 12],
      [2, 3, 6, 5, 10, 8],
      7.277563851448526,
      0.38362928434791393,
      0.9881941348104425,
    ],
    ["two mistakes", alike(7, 7), [7, 7, 6, 7, 6, 7, 7], 10.31337045589827, 0.6385922570579604, 0.9999889288695006],
    ["whole groups", alike(6, 10), [10, 10, 10, 10, 0, 0], 6, 0.22277809550351213, 0.9567281317072583],
    [
      "many groups",
      alike(40, 5),
      alike(5, 0).flatMap(() => [5, 4, 3, 5, 5, 2, 5, 4]),
      91.18911508431535,
      0.7312816541442461,
      0.8966166130196354,
    ],
  ])("Korn and Graubard's with groups: %s", (_, sizes, right, effective, low, high) => {
    expect(intervalOf(sizes, right)).toEqual({
      by: "groups",
      trusted: true,
      effective: expect.closeTo(effective, 9),
      low: expect.closeTo(low, 9),
      high: expect.closeTo(high, 9),
    });
  });

  test("where nothing tells how alike clips of a group are, each group counts once", () => {
    expect(intervalOf(alike(8, 5), alike(8, 5))).toMatchObject({
      low: expect.closeTo(0.6305833524, 9),
      high: 1,
      effective: 8,
    });
    expect(intervalOf(alike(8, 5), alike(8, 0))).toMatchObject({ low: 0, high: expect.closeTo(1 - 0.6305833524, 9) });
    expect(intervalOf(alike(8, 4), alike(8, 2)).effective).toBe(8);
    expect(intervalOf([97, 1, 1, 1], [97, 1, 1, 1]).effective).toBeCloseTo(100 ** 2 / (97 ** 2 + 3), 12);
  });

  test("of fewer than five groups it is not to be trusted; one group says nothing", () => {
    expect(intervalOf([20, 20], [20, 20])).toMatchObject({
      low: expect.closeTo(Math.sqrt(0.025), 9),
      high: 1,
      trusted: false,
    });
    expect(intervalOf(alike(4, 10), [10, 9, 8, 10]).trusted).toBe(false);
    expect(intervalOf([12], [9])).toEqual({ low: 0, high: 1, by: "groups", effective: 1, trusted: false });
  });

  test("each class has the interval of its own groups", () => {
    const clips = Array.from({ length: 40 }, (_, i) =>
      answer(`${i}`, i % 2, [1 - (i % 2), i % 2], { group: `${i % 4 < 2 ? 0 : 1}` }),
    );
    const { perClass, top1 } = evaluateAnswers(clips, { labels: ["x", "y"] });
    const ofTwoGroups = { by: "groups", low: expect.closeTo(0.1581, 4), high: 1, trusted: false };
    expect([top1.interval, ...perClass.map(({ interval }) => interval)]).toMatchObject([
      ofTwoGroups,
      ofTwoGroups,
      ofTwoGroups,
    ]);
  });
});

describe("of a difference", () => {
  /** Gains of groups of `m` clips, of which so many are right in one model only. */
  function gainsOf(groups: readonly (readonly [first: number, second: number, m: number])[]) {
    return {
      gains: groups.flatMap(([a, b, m]) => [...alike(a, 1), ...alike(b, -1), ...alike(m - a - b, 0)]),
      groups: groups.flatMap(([, , m], g) => alike(m, 0).map(() => `${g}`)),
    };
  }

  test("Bonett and Price's where each clip stands alone, with p from the same reckoning", () => {
    const alone = (first: number, second: number, clips: number) =>
      differenceOf(
        gainsOf([[first, second, clips]]).gains,
        alike(clips, 0).map(() => null),
      );
    const close = (low: number, high: number, p: number, effective: number) => ({
      low: expect.closeTo(low, 9),
      high: expect.closeTo(high, 9),
      p: expect.closeTo(p, 9),
      effective,
    });
    expect(alone(8, 1, 40)).toEqual(close(0.015648005725, 0.317685327608, 0.031411402694, 40));
    expect(alone(10, 0, 20)).toEqual(close(0.194791527339, 0.714299381752, 0.001654950532, 20));
    expect(alone(1, 0, 20)).toEqual(close(-0.118075243647, 0.208984334556, 0.567557863453, 20));
    expect(alone(0, 0, 20).p).toBe(1);
    expect(alone(20, 0, 20).high).toBe(1);
  });

  test("with groups: on as many clips as they tell", () => {
    const { gains, groups } = gainsOf([
      [4, 0, 6],
      [3, 1, 6],
      [5, 0, 8],
      [2, 0, 5],
      [3, 0, 7],
      [4, 1, 9],
      [0, 1, 5],
      [4, 0, 6],
    ]);
    expect(differenceOf(gains, groups)).toEqual({
      effective: expect.closeTo(10.095643596891316, 9),
      low: expect.closeTo(-0.10149643143974885, 9),
      high: expect.closeTo(0.807739765287939, 9),
      p: expect.closeTo(0.11292092532827819, 9),
    });
  });

  test("one group says nothing, and fewer than five are not to be trusted", () => {
    expect(
      differenceOf(
        alike(9, 1),
        alike(9, 0).map(() => "a"),
      ),
    ).toEqual({ low: -1, high: 1, effective: 1, p: 1 });
    const answers = (right: boolean, groups: number) =>
      Array.from({ length: 40 }, (_, i) => answer(`${i}`, 0, right ? [1, 0] : [0, 1], { group: `${i % groups}` }));
    expect(compareAnswers(answers(true, 4), answers(false, 4))).toMatchObject({
      groups: 4,
      interval: { trusted: false },
    });
    expect(compareAnswers(answers(true, 5), answers(false, 5))).toMatchObject({
      groups: 5,
      interval: { trusted: true },
    });
  });
});

test("a group of one clip does not count less than one", () => {
  expect(effectiveClips([1, 0, 1], ["a", "b", null])).toBe(3);
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Dataset, Sample } from "../../src/data/dataset.ts";
import { joinCopies } from "../../src/data/groups.ts";
import { countGroups, foldSamples, splitSamples } from "../../src/data/splits.ts";
import { headFolds, someOf } from "../../src/train/frozen-folds.ts";
import { datasetOf, sampleOf } from "./clips.ts";

const unknown = () => undefined;
const groupsOf = (dataset: Dataset) => dataset.samples.map(({ group }) => group);
const clip = (file: string, group: string | null = null, facts: Partial<Sample> = {}) =>
  sampleOf(file, { group, ...facts });

describe("joinCopies", () => {
  test.each([
    ["stretches of one file are of one group, called as the file", [clip("a"), clip("a"), clip("b")], ["a", "a", null]],
    [
      "a stretch beside one with a group is of that group",
      [clip("a"), clip("a", "p"), clip("b", "p")],
      ["p", "p", "p"],
    ],
    [
      "two groups that share a file are one",
      [clip("a", "p"), clip("a", "q"), clip("b", "q"), clip("c", "r")],
      ["p", "p", "p", "r"],
    ],
    [
      "a file is not taken for a group that is called so",
      [clip("a"), clip("a"), clip("b", "a")],
      ["file a", "file a", "a"],
    ],
  ])("%s", (_, samples, groups) => {
    expect(groupsOf(joinCopies(datasetOf(samples), unknown))).toEqual(groups);
  });

  test("copies are of one group, whatever they are called; other samples stay the same objects", () => {
    const samples = [clip("a"), clip("b", "p"), clip("c"), clip("d"), clip("e", "q")];
    const hashes = new Map([
      ["a", "1"],
      ["b", "2"],
      ["c", "1"],
      ["d", "2"],
    ]);
    const joined = joinCopies(datasetOf(samples), ({ file }) => hashes.get(file));
    expect(groupsOf(joined)).toEqual(["a", "p", "a", "p", "q"]);
    expect(joined.samples.map((sample, i) => sample === samples[i])).toEqual([false, true, false, false, true]);
  });

  test("a copy of a clip that is kept for testing is kept too, and one that is told to be trained is warned of", () => {
    const told = clip("told", null, { split: "train" });
    const dataset = datasetOf([clip("kept", null, { split: "test" }), clip("copy"), told, clip("other")]);
    const joined = joinCopies(dataset, ({ file }) => (file === "other" ? file : "same"));
    expect(joined.samples.map(({ split }) => split)).toEqual(["test", "test", "train", null]);
    expect(joined.warnings).toEqual([
      "a group spans several splits, so the model would be tested on what it was trained on (kept is in test and train). Keep each group within one split.",
    ]);
  });
});

const stretch = fc.record({
  file: fc.integer({ min: 0, max: 11 }),
  group: fc.option(fc.constantFrom("p", "q", "r", "s"), { freq: 1 }),
  c: fc.integer({ min: 0, max: 2 }),
});
const stretches = fc.array(stretch, { minLength: 4, maxLength: 40 }).map((rows) => {
  return rows.map(({ file, group, c }, i) => clip(`${file}.mp4`, group, { classes: [c], start: i, end: i + 1 }));
});
const seeds = fc.integer({ min: 0, max: 1000 });

/** Files and told groups that are on both sides. */
function crossing(
  a: readonly Sample[],
  b: readonly Sample[],
  told: ReadonlyMap<number | null, string | null>,
): unknown[] {
  const keys = (samples: readonly Sample[]) =>
    new Set(samples.flatMap(({ file, start }) => [`file ${file}`, ...(told.get(start) ? [told.get(start)] : [])]));
  return [...keys(a)].filter((key) => keys(b).has(key));
}

test("no split and no fold, of datasets or of heads, has a file or a group on both sides", () => {
  let divided = 0;
  fc.assert(
    fc.property(stretches, seeds, (own, seed) => {
      const told = new Map(own.map(({ start, group }) => [start, group]));
      const { samples, ...rest } = joinCopies(datasetOf(own, ["a", "b", "c"]), unknown);
      const dataset = { ...rest, samples };
      const halves: [readonly Sample[], readonly Sample[]][] = [];
      try {
        const { train, validation } = splitSamples(dataset, { seed });
        halves.push([train, validation]);
        divided++;
      } catch (error) {
        expect(error).toMatchObject({ code: "E_DATASET_SPLIT" });
      }
      const groups = countGroups(dataset);
      const folds = groups < 2 ? [] : foldSamples(dataset, Math.min(4, groups), seed);
      for (const { train, validation } of folds) halves.push([train, validation]);
      const all = samples.map((_, s) => s);
      const sides = [...headFolds(samples, all, seed, 0), new Set(someOf(samples, 10, seed))];
      for (const side of sides) {
        halves.push([samples.filter((_, s) => side.has(s)), samples.filter((_, s) => !side.has(s))]);
      }
      for (const [one, other] of halves) expect(crossing(one, other, told)).toEqual([]);
    }),
  );
  expect(divided).toBeGreaterThan(20);
});

test("a stretch with a group and one without, of one file, cross in none of 200 splits", () => {
  const others = Array.from({ length: 30 }, (_, i) => clip(`${i}.mp4`, null, { classes: [i % 2] }));
  const pair = [clip("long.mp4", "p", { start: 0, end: 5 }), clip("long.mp4", null, { start: 5, end: 10 })];
  const dataset = joinCopies(datasetOf([...others, ...pair]), unknown);
  for (let seed = 0; seed < 100; seed++) {
    const { validation } = splitSamples(dataset, { seed });
    const folds = [validation, ...foldSamples(dataset, 2, seed).map((fold) => fold.validation)];
    for (const held of folds) expect(held.filter(({ file }) => file === "long.mp4").length % 2).toBe(0);
  }
});

describe("folds of a head", () => {
  test("are of about one size; there are none of one group", () => {
    const rows = Array.from({ length: 60 }, (_, i) => ({
      classes: [i % 2],
      group: i < 30 ? `${Math.floor(i / 3)}` : null,
    }));
    const all = rows.map((_, s) => s);
    const sizes = headFolds(rows, all, 0, 1).map((fold) => fold.size);
    expect([sizes.length, sizes.reduce((a, b) => a + b)]).toEqual([5, 60]);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(3);
    const one = rows.map((row) => ({ ...row, group: "p" }));
    expect(headFolds(one, all, 0, 0)).toEqual([]);
  });

  test("a part of many samples keeps every class", () => {
    const rows = Array.from({ length: 600 }, (_, i) => ({ classes: [Math.floor(i / 3)], group: null }));
    const some = someOf(rows, 300, 0);
    expect(Math.abs(some.length - 300)).toBeLessThan(30);
    expect(new Set(some.map((s) => rows[s]!.classes[0])).size).toBe(200);
    expect(someOf(rows, 600, 0)).toHaveLength(600);
  });
});

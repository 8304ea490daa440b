/** What teaches, chooses and judges never meet; and what a card notes of a training finds its clips again. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DatasetError } from "../../src/common/errors.ts";
import { type Dataset, groupKey, type Sample } from "../../src/data/dataset.ts";
import { findSeen, hasUnknownPast, noteLearned, stretchOf } from "../../src/train/learned.node.ts";
import { divideForTests } from "../../src/train/test-parts.ts";

interface Sketch {
  readonly group: number | null;
  readonly label: number;
  readonly split: Sample["split"];
  readonly seen: boolean;
}

function datasetOf(sketches: readonly Sketch[]): Dataset {
  const samples = sketches.map(({ group, label, split }, i): Sample => {
    const name = `${i}.mp4`;
    return {
      file: name,
      name,
      classes: [label],
      split,
      group: group === null ? null : `g${group}`,
      start: null,
      end: null,
    };
  });
  return { path: "clips", labels: ["a", "b", "c"], samples, multiLabel: false, findings: [], warnings: [] };
}

const sketch = fc.record({
  group: fc.option(fc.nat(9), { nil: null }),
  label: fc.nat(2),
  split: fc.constantFrom<Sample["split"]>(null, null, null, "train", "validation", "test"),
  seen: fc.boolean(),
});
const options = fc.record({
  folds: fc.constantFrom(null, null, 2, 5),
  validation: fc.constantFrom(0.1, 0.2, 0.5),
  choosing: fc.boolean(),
  seed: fc.nat(99),
  anySeen: fc.boolean(),
});

test("clips that teach, choose and judge are of other groups, and what was seen judges and chooses nothing", () => {
  let divided = 0;
  fc.assert(
    fc.property(fc.array(sketch, { minLength: 2, maxLength: 200 }), options, (sketches, { anySeen, ...how }) => {
      const dataset = datasetOf(sketches);
      const seen = new Set(dataset.samples.filter((_, i) => anySeen && sketches[i]?.seen));
      let parts: ReturnType<typeof divideForTests>["parts"];
      try {
        parts = divideForTests(dataset, { ...how, seen }).parts;
      } catch (error) {
        expect(error).toBeInstanceOf(DatasetError);
        return;
      }
      divided++;
      for (const { train, choose, judge } of parts) {
        const keys = (samples: readonly Sample[]) => new Set(samples.map(groupKey));
        const taught = keys(train);
        const chosen = keys(choose);
        for (const key of keys(judge)) expect(taught.has(key) || chosen.has(key)).toBe(false);
        if (seen.size === 0) for (const key of chosen) expect(taught.has(key)).toBe(false);
        for (const sample of [...choose, ...judge]) expect(seen.has(sample)).toBe(false);
        for (const sample of [...train, ...choose, ...judge]) expect(sample.split).not.toBe("test");
        expect(choose.length === 0 || choose.length >= 20).toBe(true);
        expect(how.choosing || choose.length === 0).toBe(true);
      }
      const judged = parts.flatMap(({ judge }) => judge);
      expect(new Set(judged).size).toBe(judged.length);
    }),
    { numRuns: 300 },
  );
  expect(divided).toBeGreaterThan(100);
});

describe("what a card notes", () => {
  const dataset = datasetOf(
    Array.from({ length: 8 }, (_, i) => ({ group: i >> 1, label: 0, split: null, seen: false })),
  );
  const { samples } = dataset;
  const none = new Map<string, string>();
  const hashes = { files: new Map(samples.map(({ file }, i) => [file, `${i}`.repeat(64)])), pictures: none };
  const learned = noteLearned(samples.slice(0, 3), hashes, null);

  test("finds clips under other names and with them their groups, as they are named and as they stand here", () => {
    expect(learned.files).toEqual(["0".repeat(16), "1".repeat(16), "2".repeat(16)]);
    expect(learned.groups).toHaveLength(2);
    const moved = samples.map((sample) => ({ ...sample, file: `moved/${sample.file}`, name: `moved/${sample.name}` }));
    const movedHashes = { files: new Map(moved.map(({ file }, i) => [file, `${i}`.repeat(64)])), pictures: none };
    const { seen } = findSeen(moved, movedHashes, learned);
    expect([...seen].map(({ name }) => name)).toEqual([0, 1, 2, 3].map((i) => `moved/${i}.mp4`));
    const alone = [...moved.slice(2, 3), ...moved.slice(4)].map((sample) => ({ ...sample, group: "other" }));
    expect(findSeen(alone, movedHashes, learned).seen.size).toBe(alone.length);
  });

  test("finds the same pictures in other files", () => {
    const pictures = (files: readonly Sample[]) =>
      new Map(files.map((sample, i) => [stretchOf(sample), `${i}`.repeat(64)]));
    const noted = noteLearned(samples.slice(0, 1), { files: none, pictures: pictures(samples) }, null);
    const other = samples.map((sample) => ({ ...sample, file: `remuxed ${sample.file}`, group: null }));
    const { seen } = findSeen(other, { files: none, pictures: pictures(other) }, noted);
    expect([...seen]).toEqual(other.slice(0, 1));
  });

  test("the same names of groups without a known file are told, not left out", () => {
    const others = samples.map((sample) => ({ ...sample, file: `new ${sample.file}` }));
    expect(findSeen(others, { files: none, pictures: none }, learned)).toEqual({
      seen: new Set(),
      likeNamed: ["g0", "g1"],
    });
  });

  test("a model that was trained by an older version has a past that nobody knows", () => {
    expect(hasUnknownPast({ learned: null, source: "trained from a0-stream" })).toBe(true);
    expect(hasUnknownPast({ learned, source: "trained from a0-stream" })).toBe(false);
    expect(hasUnknownPast({ learned: null, source: null })).toBe(false);
  });

  test("adds to what the model had learned from before", () => {
    expect(noteLearned(samples.slice(3, 4), hashes, learned).files).toHaveLength(4);
    expect(findSeen(samples, hashes, null)).toEqual({ seen: new Set(), likeNamed: [] });
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openDataset } from "../../src/data/dataset.node.ts";
import { type Dataset, groupKey, type Sample, type Split } from "../../src/data/dataset.ts";
import { countGroups, foldSamples, splitSamples } from "../../src/data/splits.ts";
import { hasShared, sharedFolder, sharedReason } from "../shared.ts";
import { told } from "../told.ts";
import { datasetOf as clipsOf, sampleOf } from "./clips.ts";

interface Facts {
  readonly classes: readonly number[];
  readonly group: string | null;
  readonly split?: Split | null;
}

function datasetOf(facts: readonly Facts[]): Dataset {
  const samples = facts.map((fact, i) => sampleOf(`${i}.mp4`, { split: null, ...fact }));
  return clipsOf(samples, ["a", "b", "c", "d"]);
}

const group = fc.option(fc.constantFrom("p", "q", "r", "s", "t"));
const classes = fc.uniqueArray(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 2 });
const anyDataset = fc.array(fc.record({ classes, group }), { minLength: 2, maxLength: 40 }).map(datasetOf);
const seed = fc.integer({ min: 0, max: 1000 });

const keys = (samples: readonly Sample[]) => new Set(samples.map(groupKey));
const classesOf = (samples: readonly Sample[]) => new Set(samples.flatMap((sample) => sample.classes));
const crossing = (a: readonly Sample[], b: readonly Sample[]) => [...keys(a)].filter((key) => keys(b).has(key));

/** Whether some group can be held out and every class still be trained. */
function divisible({ samples }: Dataset): boolean {
  return [...keys(samples)].some((key) => {
    const rest = samples.filter((sample) => groupKey(sample) !== key);
    return rest.length > 0 && classesOf(rest).size === classesOf(samples).size;
  });
}

describe("splitSamples", () => {
  test("groups never cross, each sample is in one part, each class is trained, the same seed gives the same", () => {
    fc.assert(
      fc.property(anyDataset, seed, fc.constantFrom(0.1, 0.2, 0.5, 0.9), (dataset, key, validation) => {
        if (!divisible(dataset)) {
          const error = expect.objectContaining({ code: "E_DATASET_SPLIT" });
          expect(() => splitSamples(dataset, { validation, seed: key })).toThrow(error);
          return;
        }
        const parts = splitSamples(dataset, { validation, seed: key });
        expect(crossing(parts.train, parts.validation)).toEqual([]);
        expect(parts.validation.length).toBeGreaterThan(0);
        expect(new Set([...parts.train, ...parts.validation])).toEqual(new Set(dataset.samples));
        expect(parts.train.length + parts.validation.length).toBe(dataset.samples.length);
        expect(classesOf(parts.train)).toEqual(classesOf(dataset.samples));
        expect(splitSamples(dataset, { validation, seed: key })).toEqual(parts);
      }),
    );
  });

  test("without groups, each class keeps its share", () => {
    const sizes = [50, 20, 10, 5];
    const dataset = datasetOf(
      sizes.flatMap((size, c) => Array.from({ length: size }, () => ({ classes: [c], group: null }))),
    );
    const { validation } = splitSamples(dataset, { seed: 3 });
    const held = sizes.map((_, c) => validation.filter((sample) => sample.classes[0] === c).length);
    expect(held).toEqual([10, 4, 2, 1]);
    expect(splitSamples(dataset, { seed: 4 }).validation).not.toEqual(validation);
  });

  test("stretches of one file are of one group", () => {
    const samples = Array.from({ length: 20 }, (_, i) =>
      sampleOf(`${i % 4}.mp4`, { classes: [i % 2], start: i, end: i + 1 }),
    );
    const dataset = clipsOf(samples);
    const { train, validation } = splitSamples(dataset, { validation: 0.25, seed: 1 });
    expect(new Set(validation.map(({ file }) => file)).size).toBe(2 - 1);
    expect(train.length).toBe(15);
  });

  test("the dataset's own splits hold; what has none goes with its group, else into training", () => {
    const dataset = datasetOf([
      { classes: [0], group: "p", split: "train" },
      { classes: [1], group: "p" },
      { classes: [0], group: "q", split: "validation" },
      { classes: [1], group: "q" },
      { classes: [1], group: "r", split: "test" },
      { classes: [0], group: "s" },
    ]);
    const { train, validation, test: tested } = splitSamples(dataset, { seed: 0 });
    const names = [train, validation, tested].map((part) => part.map(({ name }) => name));
    expect(names).toEqual([["0.mp4", "1.mp4", "5.mp4"], ["2.mp4", "3.mp4"], ["4.mp4"]]);
  });

  test("with a test split only, validation is taken out of training; share 0 takes none", () => {
    const rows = Array.from({ length: 40 }, (_, i) => ({ classes: [i % 2], group: null }));
    const dataset = datasetOf(rows.map((row, i) => ({ ...row, split: i < 10 ? "test" : "train" })));
    const parts = splitSamples(dataset, { seed: 1 });
    expect([parts.train.length, parts.validation.length, parts.test.length]).toEqual([24, 6, 10]);
    expect(splitSamples(dataset, { validation: 0, seed: 1 }).validation).toEqual([]);
  });

  test("what cannot be trained is refused in one line", () => {
    const untrained = datasetOf([
      { classes: [0], group: null, split: "train" },
      { classes: [1], group: null, split: "validation" },
    ]);
    expect(() => splitSamples(untrained, { seed: 0 })).toThrow(
      told("E_DATASET_SPLIT", "set: the class b has no training clips. Add some"),
    );
    const one = datasetOf([0, 1, 0].map((c) => ({ classes: [c], group: "p" })));
    expect(() => splitSamples(one, { seed: 0 })).toThrow(
      told("E_DATASET_SPLIT", "set: all 3 clips belong to one group"),
    );
    expect(() => splitSamples(one, { validation: 1, seed: 0 })).toThrow("validation must be in 0..1, got 1");
  });
});

describe("foldSamples", () => {
  test("groups never cross, each sample validates once, no fold is empty", () => {
    fc.assert(
      fc.property(anyDataset, seed, fc.integer({ min: 2, max: 8 }), (dataset, key, k) => {
        if (countGroups(dataset) < k) {
          expect(() => foldSamples(dataset, k, key)).toThrow(expect.objectContaining({ code: "E_DATASET_SPLIT" }));
          return;
        }
        const folds = foldSamples(dataset, k, key);
        expect(folds).toHaveLength(k);
        for (const { train, validation } of folds) {
          expect(crossing(train, validation)).toEqual([]);
          expect(validation.length).toBeGreaterThan(0);
          expect(train.length + validation.length).toBe(dataset.samples.length);
        }
        const validated = folds.flatMap(({ validation }) => validation);
        expect(validated.length).toBe(dataset.samples.length);
        expect(new Set(validated)).toEqual(new Set(dataset.samples));
        expect(foldSamples(dataset, k, key)).toEqual(folds);
      }),
    );
  });

  test("every class of two groups and more is trained in every fold, where groups are of one class", () => {
    const row = fc.record({ c: fc.integer({ min: 0, max: 3 }), g: fc.integer({ min: 0, max: 3 }) });
    fc.assert(
      fc.property(fc.array(row, { minLength: 10, maxLength: 40 }), seed, (rows, key) => {
        const dataset = datasetOf(rows.map(({ c, g }) => ({ classes: [c], group: `${c} ${g}` })));
        const k = Math.min(3, countGroups(dataset));
        if (k < 2) return;
        const several = [0, 1, 2, 3].filter((c) => new Set(rows.filter((r) => r.c === c).map(({ g }) => g)).size > 1);
        for (const { train } of foldSamples(dataset, k, key)) {
          expect([...classesOf(train)]).toEqual(expect.arrayContaining(several));
        }
      }),
    );
  });

  test("as many folds as groups leave one group out each", () => {
    const dataset = datasetOf(Array.from({ length: 30 }, (_, i) => ({ classes: [i % 3], group: `p${i % 6}` })));
    const held = foldSamples(dataset, 6, 0).map(({ validation }) => new Set(validation.map(({ group: g }) => g)));
    expect(held.map(({ size }) => size)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(new Set(held.flatMap((groups) => [...groups])).size).toBe(6);
  });

  test("samples kept for testing take no part; fewer than 2 folds are a wrong argument", () => {
    const dataset = datasetOf(
      Array.from({ length: 9 }, (_, i) => ({ classes: [i % 2], group: null, split: i < 3 ? "test" : null })),
    );
    expect(foldSamples(dataset, 2, 0).map(({ train, validation }) => [train.length, validation.length])).toEqual([
      [3, 3],
      [3, 3],
    ]);
    expect(() => foldSamples(dataset, 1, 0)).toThrow("folds must be at least 2, got 1");
  });
});

describe.skipIf(!hasShared)(`real datasets${sharedReason}`, () => {
  test.each([
    ["yoga6", 8, [5, 7]],
    ["fight2", 5, [18, 21]],
  ] as const)("%s in %i folds", async (name, k, [least, most]) => {
    const dataset = await openDataset(`${sharedFolder}/dataset/${name}`);
    for (let key = 0; key < 5; key++) {
      for (const { train, validation } of foldSamples(dataset, k, key)) {
        expect(classesOf(train).size).toBe(dataset.labels.length);
        expect(validation.length).toBeGreaterThanOrEqual(least);
        expect(validation.length).toBeLessThanOrEqual(most);
      }
      const { validation } = splitSamples(dataset, { seed: key });
      expect(classesOf(validation).size).toBe(dataset.labels.length);
      expect(Math.abs(validation.length / dataset.samples.length - 0.2)).toBeLessThan(0.06);
    }
  });
});

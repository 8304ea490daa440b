import { describe, expect, test } from "vitest";
import { randomOf } from "../../src/common/random.ts";
import { distribute, type Labelled, type Part } from "../../src/data/distribute.ts";

type Groups = readonly (readonly Labelled[])[];

const folds = (k: number): Part[] => Array.from({ length: k }, () => ({ share: 1 / k, heldOut: true }));
const aside = (share: number): Part[] => [
  { share: 1 - share, heldOut: false },
  { share, heldOut: true },
];
const draw = (groups: Groups, parts: readonly Part[], seed: number) => distribute(groups, parts, randomOf(seed));

/** χ² of the parts' samples of each class and of all, plus a million for each class that is held out whole. */
function imbalance(groups: Groups, parts: readonly Part[], partOf: readonly number[]): number {
  const classes = new Set(groups.flat().flatMap((sample) => sample.classes));
  let sum = 0;
  for (const c of [...classes, null]) {
    const sizes = groups.map((group) => group.filter((sample) => c === null || sample.classes.includes(c)).length);
    const total = sizes.reduce((a, b) => a + b, 0);
    for (const [part, { share, heldOut }] of parts.entries()) {
      const own = sizes.reduce((a, size, g) => a + (partOf[g] === part ? size : 0), 0);
      sum += (own - share * total) ** 2 / (share * total) + (heldOut && own === total ? 1e6 : 0);
    }
  }
  return sum;
}

function leastImbalance(groups: Groups, parts: readonly Part[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (let code = 0; code < parts.length ** groups.length; code++) {
    const partOf = groups.map((_, g) => Math.floor(code / parts.length ** g) % parts.length);
    if (new Set(partOf).size === parts.length) least = Math.min(least, imbalance(groups, parts, partOf));
  }
  return least;
}

/** 5 to 7 groups of 1 to 9 samples of 2 to 4 classes. */
function smallCase(index: number): Groups {
  const random = randomOf("small", index);
  const [count, classes] = [5 + random.below(3), 2 + random.below(3)];
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + random.below(9) }, () => ({ classes: [random.below(classes)] })),
  );
}

test.each([
  ["3 folds", folds(3), 1.15],
  ["a fifth aside", aside(0.2), 1.25],
] as const)("%s of 60 small cases are about as balanced as can be", (_, parts, most) => {
  let [found, least] = [0, 0];
  for (let index = 0; index < 60; index++) {
    const groups = smallCase(index);
    const optimum = leastImbalance(groups, parts);
    const classes = new Set(groups.flat().flatMap((sample) => sample.classes)).size;
    for (let seed = 0; seed < 5; seed++) {
      const own = imbalance(groups, parts, draw(groups, parts, seed));
      expect(own - optimum).toBeLessThanOrEqual(0.1 * parts.length * (classes + 1));
      [found, least] = [found + (own % 1e6), least + (optimum % 1e6)];
    }
  }
  expect(found / least).toBeLessThan(most);
});

describe("seeds draw other partitions", () => {
  const sized = (...sizes: number[]): Groups =>
    sizes.map((size) => Array.from({ length: size }, (_, i) => ({ classes: [i % 2] })));
  const upTo20 = sized(...Array.from({ length: 20 }, (_, i) => i + 2));

  test.each([
    ["ten groups of distinct sizes in 5 folds", sized(3, 4, 5, 6, 7, 8, 9, 10, 11, 12), folds(5), 10],
    ["ten groups of distinct sizes, a fifth aside", sized(3, 4, 5, 6, 7, 8, 9, 10, 11, 12), aside(0.2), 10],
    ["twenty groups of distinct sizes in 5 folds", upTo20, folds(5), 45],
    ["twenty groups of distinct sizes, a fifth aside", upTo20, aside(0.2), 40],
  ] as const)("%s", (_, groups, parts, least) => {
    const seen = new Set<string>();
    const total = groups.flat().length;
    for (let seed = 0; seed < 50; seed++) {
      const partOf = draw(groups, parts, seed);
      expect(draw(groups, parts, seed)).toEqual(partOf);
      const names = new Map<number, number>();
      for (const part of partOf) if (!names.has(part)) names.set(part, names.size);
      // Folds are the same under other numbers; a part that is aside is not.
      seen.add(partOf.map((part) => (parts[0]!.heldOut ? names.get(part) : part)).join());
      for (const [part, { share }] of parts.entries()) {
        const size = groups.filter((__, g) => partOf[g] === part).flat().length;
        expect(Math.abs(size / total - share)).toBeLessThan(0.05);
      }
    }
    expect(seen.size).toBeGreaterThanOrEqual(least);
  });
});

test("no class is held out whole where that can be avoided, though its two groups are the smallest", () => {
  for (let seed = 0; seed < 50; seed++) {
    const random = randomOf("rare", seed);
    const large = Array.from({ length: 8 }, () =>
      Array.from({ length: 5 + random.below(9) }, () => ({ classes: [0] })),
    );
    const groups = [...large, [{ classes: [1] }], [{ classes: [1] }, { classes: [0] }]];
    for (const parts of [folds(2), folds(3), aside(0.2)]) {
      expect(imbalance(groups, parts, draw(groups, parts, seed))).toBeLessThan(1e5);
    }
  }
});

test("10 000 groups of 60 classes: each class keeps its share to a sample or two in a hundred", () => {
  const random = randomOf("many");
  const groups = Array.from({ length: 10_000 }, () =>
    Array.from({ length: 1 + random.below(9) }, () => ({ classes: [random.below(60)] })),
  );
  const partOf = draw(groups, folds(5), 0);
  for (let c = 0; c < 60; c++) {
    const own = groups.map((group) => group.filter(({ classes }) => classes[0] === c).length);
    const total = own.reduce((a, b) => a + b, 0);
    for (let part = 0; part < 5; part++) {
      const share = own.reduce((a, n, g) => a + (partOf[g] === part ? n : 0), 0) / total;
      expect(Math.abs(share - 0.2)).toBeLessThan(0.02);
    }
  }
});

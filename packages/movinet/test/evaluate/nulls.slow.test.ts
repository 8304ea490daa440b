/** The law of simulated nulls: what is printed holds the truth, and no difference is found where there is none. */
import { describe, expect, test } from "vitest";
import { betterThanGuessing, coverage, type Dependence, differenceRates, type Sizes, sizesOf } from "./nulls.ts";

const simulations = 1000;
const groupCounts = [5, 8, 20];
const allSizes: readonly Sizes[] = [2, 10, "1–20", "giant"];
const dependences: readonly Dependence[] = [
  { kind: "beta", strength: 0 },
  { kind: "beta", strength: 0.3 },
  { kind: "beta", strength: 0.6 },
  { kind: "same", strength: 1 },
  { kind: "fail", strength: 0.6 },
];
const cells = groupCounts.flatMap((groups) => allSizes.map((kind) => [groups, kind] as const));

describe.each(cells)("%i groups of %s clips", (groups, kind) => {
  const sizes = sizesOf(kind, groups);

  test("intervals of a share cover it in at least 93 %", () => {
    for (const dependence of dependences) {
      for (const share of [0.2, 0.5, 0.8, 0.95]) {
        const { covered } = coverage(share, sizes, dependence, simulations);
        expect(covered, `${share} ${JSON.stringify(dependence)}`).toBeGreaterThan(0.93);
      }
    }
  });

  test("differences: at most 7 % of nulls are significant, and intervals cover at least 93 %", () => {
    for (const [first, second] of [
      [0.1, 0.1],
      [0.4, 0.4],
      [0.3, 0.05],
    ] as const) {
      for (const how of ["beta", "sign", "models"] as const) {
        const { covered, significant } = differenceRates(
          { kind: how, strength: 0.3, first, second },
          sizes,
          simulations,
        );
        expect(covered, `${how} ${first} ${second}`).toBeGreaterThan(0.93);
        if (first === second) expect(significant, `${how} ${first}`).toBeLessThan(0.07);
      }
    }
  });

  test("random labels are better than guessing in at most 2.5 %", () => {
    for (const answers of ["by clip", "by group", "always one"] as const) {
      const rate = betterThanGuessing(2, sizes, { labels: "by group", answers }, simulations);
      expect(rate, answers).toBeLessThanOrEqual(0.025);
    }
  });
});

test("Wilson's interval over clips does not, which is why groups count", () => {
  expect(coverage(0.8, sizesOf(10, 8), { kind: "beta", strength: 0.3 }, simulations).wilsonCovered).toBeLessThan(0.8);
});

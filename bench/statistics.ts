/**
 * How often intervals hold the truth and verdicts are wrong, in simulations whose truth is known:
 * `node bench/statistics.ts [SIMULATIONS] > bench/results/statistics.csv` (1000 each: 10 minutes).
 */
import {
  betterThanGuessing,
  coverage,
  type Dependence,
  type Difference,
  differenceRates,
  type Sizes,
  sizesOf,
} from "../packages/movinet/test/evaluate/nulls.ts";

const simulations = Number(process.argv[2] ?? 1000);
const groupCounts = [5, 8, 10, 20, 40];
const allSizes: readonly Sizes[] = [2, 5, 10, 20, "1–20", "giant"];
const shares = [0.2, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98];
const dependences: readonly Dependence[] = [
  ...[0, 0.1, 0.3, 0.6].map((strength) => ({ kind: "beta", strength }) as const),
  ...[0.3, 0.6, 1].map((strength) => ({ kind: "same", strength }) as const),
  ...[0.3, 0.6].map((strength) => ({ kind: "fail", strength }) as const),
];
const differences: readonly Difference[] = [
  ...[0, 0.1, 0.3, 0.6, 1].flatMap((strength) =>
    [
      [0.02, 0.02],
      [0.1, 0.1],
      [0.4, 0.4],
      [0.02, 0],
      [0.3, 0.05],
      [0.7, 0.05],
    ].map(([first, second]) => ({ kind: "beta", strength, first, second }) as Difference),
  ),
  ...[
    [0.02, 0.02],
    [0.1, 0.1],
    [0.4, 0.4],
    [0.3, 0.05],
    [0.7, 0.05],
  ].map(([first, second]) => ({ kind: "sign", strength: 0, first, second }) as Difference),
  ...[0.1, 0.3, 0.6].flatMap((strength) =>
    [
      [0.5, 0.5],
      [0.8, 0.8],
      [0.95, 0.95],
      [0.9, 0.7],
    ].map(([first, second]) => ({ kind: "models", strength, first, second }) as Difference),
  ),
];

const digits = (value: number) => value.toFixed(3);
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const row = (...cells: readonly (string | number)[]) => console.log(cells.join(","));

row(
  "of",
  "groups",
  "clips of a group",
  "dependence",
  "strength",
  "least covered",
  "most called different or better",
  "mean width",
  "least covered by Wilson",
  "mean width of Wilson",
);
for (const groups of groupCounts) {
  for (const kind of allSizes) {
    const sizes = sizesOf(kind, groups);
    for (const dependence of dependences) {
      const cells = shares.map((share) => coverage(share, sizes, dependence, simulations));
      row(
        "share",
        groups,
        kind,
        dependence.kind,
        dependence.strength,
        digits(Math.min(...cells.map(({ covered }) => covered))),
        "",
        digits(mean(cells.map(({ width }) => width))),
        digits(Math.min(...cells.map(({ wilsonCovered }) => wilsonCovered))),
        digits(mean(cells.map(({ wilsonWidth }) => wilsonWidth))),
      );
    }
  }
}
for (const groups of groupCounts) {
  for (const kind of [1, ...allSizes] as const) {
    const sizes = sizesOf(kind, groups);
    const keys = new Map(differences.map((difference) => [`${difference.kind},${difference.strength}`, difference]));
    for (const { kind: how, strength } of keys.values()) {
      const cells = differences
        .filter((difference) => difference.kind === how && difference.strength === strength)
        .map((difference) => ({ ...difference, ...differenceRates(difference, sizes, simulations) }));
      const nulls = cells.filter(({ first, second }) => first === second);
      row(
        "difference",
        groups,
        kind,
        how,
        strength,
        digits(Math.min(...cells.map(({ covered }) => covered))),
        digits(Math.max(...nulls.map(({ significant }) => significant))),
        digits(mean(cells.map(({ width }) => width))),
        "",
        "",
      );
    }
  }
}
for (const groups of groupCounts) {
  for (const kind of [1, ...allSizes] as const) {
    for (const labels of ["by clip", "by group"] as const) {
      for (const answers of ["by clip", "by group", "always one"] as const) {
        const rates = [2, 3, 6].map((classes) =>
          betterThanGuessing(classes, sizesOf(kind, groups), { labels, answers }, simulations),
        );
        row(
          "random labels",
          groups,
          kind,
          `labels ${labels}; answers ${answers}`,
          "",
          "",
          digits(Math.max(...rates)),
          "",
          "",
          "",
        );
      }
    }
  }
}

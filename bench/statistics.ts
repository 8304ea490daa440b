/**
 * How often intervals contain the true value and verdicts are wrong, in simulations with a known truth: `node
 * bench/statistics.ts [SIMULATIONS] > bench/results/statistics.csv` (1000 each: 10 minutes).
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
import { mean, row } from "./material.ts";

const simulations = Number(process.argv[2] ?? 1000);
const groupCounts = [5, 8, 10, 20, 40];
const allSizes: readonly Sizes[] = [2, 5, 10, 20, "1–20", "giant"];
const shares = [0.2, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98];
const dependences: readonly Dependence[] = [
  ...[0, 0.1, 0.3, 0.6].map((strength) => ({ kind: "beta", strength }) as const),
  ...[0.3, 0.6, 1].map((strength) => ({ kind: "same", strength }) as const),
  ...[0.3, 0.6].map((strength) => ({ kind: "fail", strength }) as const),
];
const differing = (kind: Difference["kind"], strengths: readonly number[], ...pairs: readonly [number, number][]) =>
  strengths.flatMap((strength) => pairs.map(([first, second]) => ({ kind, strength, first, second }) as Difference));
const differences: readonly Difference[] = [
  ...differing(
    "beta",
    [0, 0.1, 0.3, 0.6, 1],
    [0.02, 0.02],
    [0.1, 0.1],
    [0.4, 0.4],
    [0.02, 0],
    [0.3, 0.05],
    [0.7, 0.05],
  ),
  ...differing("sign", [0], [0.02, 0.02], [0.1, 0.1], [0.4, 0.4], [0.3, 0.05], [0.7, 0.05]),
  ...differing("models", [0.1, 0.3, 0.6], [0.5, 0.5], [0.8, 0.8], [0.95, 0.95], [0.9, 0.7]),
];

const digits = (value: number) => value.toFixed(3);
/** Over cells with different true values: the smallest coverage, and the mean width. */
const summary = (cells: readonly { readonly covered: number; readonly width: number }[]) => ({
  covered: digits(Math.min(...cells.map(({ covered }) => covered))),
  width: digits(mean(cells.map(({ width }) => width))),
});

row(
  "of,groups,clips of a group,dependence,strength,least covered,most called different or better,mean width",
  "least covered by Wilson,mean width of Wilson",
);
for (const groups of groupCounts) {
  for (const kind of allSizes) {
    const sizes = sizesOf(kind, groups);
    for (const dependence of dependences) {
      const cells = shares.map((share) => coverage(share, sizes, dependence, simulations));
      const own = summary(cells.map(({ covered, width }) => ({ covered, width })));
      const wilson = summary(cells.map((cell) => ({ covered: cell.wilsonCovered, width: cell.wilsonWidth })));
      row(
        "share",
        groups,
        kind,
        dependence.kind,
        dependence.strength,
        own.covered,
        "",
        own.width,
        wilson.covered,
        wilson.width,
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
      const called = digits(Math.max(...nulls.map(({ significant }) => significant)));
      const { covered, width } = summary(cells);
      row("difference", groups, kind, how, strength, covered, called, width, "", "");
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
        const what = `labels ${labels}; answers ${answers}`;
        row("random labels", groups, kind, what, "", "", digits(Math.max(...rates)), "", "", "");
      }
    }
  }
}

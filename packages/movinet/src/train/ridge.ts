import { solveRidge } from "./linear-algebra.ts";

/** Input of a ridge regression: rows of one or several vectors each, with known inner products. */
export interface RidgeTask {
  /** For each kind of vector, the inner products of all rows, `[rows, rows]`. */
  readonly grams: readonly Float64Array[];
  readonly rows: number;
  /** The target of each row, `[classes][rows]`. */
  readonly targets: readonly Float64Array[];
}

/** Coefficients of the training rows: a score is `mean + Σ kinds, rows (factor · ⟨x − centre, row⟩ · coefficient)`. */
export interface RidgeFit {
  /** Weight of each member, above 0, with sum 1; the centre of a kind is the weighted mean of its vectors. */
  readonly weights: Float64Array;
  /** `[classes][members]`. */
  readonly coefficients: readonly Float64Array[];
  /** The weighted mean of each class's targets. */
  readonly means: Float64Array;
  /** The factor of each kind's inner products: its share over its variance. */
  readonly factors: readonly number[];
}

/** A subset of the rows, centred and scaled for one mix, ready to be solved for several strengths. */
export interface PreparedRidge {
  solve(strength: number): RidgeFit;
  /** Scores of any row, `[classes]`. */
  score(fit: RidgeFit, row: number): Float64Array;
}

/**
 * Prepares a kernel ridge regression on some rows. `shares` is each kind's share of the variance (sum 1), so that a
 * strength means the same for every dataset. Vectors are centred, but never scaled individually.
 */
export function prepareRidge(
  { grams, rows, targets }: RidgeTask,
  members: readonly number[],
  given: Float64Array,
  shares: readonly number[],
): PreparedRidge {
  const n = members.length;
  const total = given.reduce((a, b) => a + b, 0);
  const weights = given.map((weight) => weight / total);
  const meanOf = (values: (m: number) => number) => weights.reduce((sum, weight, m) => sum + weight * values(m), 0);
  const kinds = grams.map((gram, k) => {
    if (shares[k] === 0) return { gram, factor: 0, inner: new Float64Array(n), centre: 0 };
    const inner = Float64Array.from(members, (row) => meanOf((m) => gram[row * rows + members[m]!]!));
    const centre = meanOf((m) => inner[m]!);
    const variance = meanOf((m) => gram[members[m]! * (rows + 1)]! - 2 * inner[m]! + centre);
    return { gram, factor: variance > 1e-12 ? shares[k]! / variance : 0, inner, centre };
  });
  const roots = weights.map(Math.sqrt);
  const kernel = new Float64Array(n * n);
  for (const { gram, factor, inner, centre } of kinds) {
    if (factor === 0) continue;
    for (let i = 0; i < n; i++) {
      const row = members[i]! * rows;
      const scale = factor * roots[i]!;
      for (let j = 0; j < n; j++) {
        kernel[i * n + j]! += scale * roots[j]! * (gram[row + members[j]!]! - inner[i]! - inner[j]! + centre);
      }
    }
  }
  const means = Float64Array.from(targets, (target) => meanOf((m) => target[members[m]!]!));
  const residuals = targets.map((target, c) => roots.map((root, m) => root * (target[members[m]!]! - means[c]!)));
  return {
    solve(strength) {
      const coefficients = solveRidge(kernel, strength, residuals).map((alpha) => alpha.map((a, m) => a * roots[m]!));
      return { weights, coefficients, means, factors: kinds.map(({ factor }) => factor) };
    },
    score({ coefficients }, row) {
      const values = new Float64Array(n);
      for (const { gram, factor, inner, centre } of kinds) {
        if (factor === 0) continue;
        const own = meanOf((m) => gram[row * rows + members[m]!]!);
        for (let m = 0; m < n; m++) {
          values[m]! += factor * (gram[row * rows + members[m]!]! - own - inner[m]! + centre);
        }
      }
      return means.map((mean, c) => coefficients[c]!.reduce((sum, a, m) => sum + a * values[m]!, mean));
    },
  };
}

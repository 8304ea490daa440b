/**
 * The difference between logits, relative to the larger of 1 and their magnitude; NaN if one is missing or not a
 * number.
 */
export function differenceOf(got: Float32Array, expected: Float32Array): number {
  if (got.length !== expected.length) return Number.NaN;
  return got.reduce((largest, value, i) => {
    const other = expected[i] as number;
    return Math.max(largest, Math.abs(value - other) / Math.max(1, Math.abs(other)));
  }, 0);
}

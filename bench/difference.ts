/** How far logits are from others, over the larger of 1 and their size; NaN where one is missing or no number. */
export function differenceOf(got: Float32Array, expected: Float32Array): number {
  if (got.length !== expected.length) return Number.NaN;
  return got.reduce((largest, value, i) => {
    const other = expected[i] as number;
    return Math.max(largest, Math.abs(value - other) / Math.max(1, Math.abs(other)));
  }, 0);
}

import type { WatchSource } from "movinet/watch";

/** The region of `[left, top, width, height]`, in fractions of the picture; null: it is not a part of the picture. */
export function regionOf(numbers: readonly number[]): NonNullable<WatchSource["region"]> | null {
  const [left = Number.NaN, top = Number.NaN, width = Number.NaN, height = Number.NaN, ...more] = numbers;
  const slack = 1e-9;
  const fits = (from: number, length: number) => from >= 0 && length > 0 && from + length <= 1 + slack;
  return more.length === 0 && fits(left, width) && fits(top, height) ? { left, top, width, height } : null;
}

/** Round numbers on an axis, and how they are written. */

export interface Tick {
  readonly value: number;
  readonly text: string;
}

export const shareTicks: readonly Tick[] = [0, 0.25, 0.5, 0.75, 1].map((value) => ({
  value,
  text: `${Math.round(value * 100)} %`,
}));

/** From 0 to the first round number that is not below `most`, in at most `steps` steps. */
export function ticksUpTo(most: number, steps = 5, write: (value: number) => string = numberText): readonly Tick[] {
  const step = roundStep(most > 0 ? most / steps : 1 / steps);
  const count = Math.max(1, Math.ceil((most > 0 ? most : 1) / step - 1e-9));
  return Array.from({ length: count + 1 }, (_, i) => ({ value: i * step, text: write(i * step) }));
}

/** Round numbers within a range, at most `steps` steps apart. */
export function ticksWithin(low: number, high: number, steps = 6): readonly Tick[] {
  const step = roundStep((high - low) / steps);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, i) => ({ value: (first + i) * step, text: numberText((first + i) * step) }));
}

/** Whole numbers of what is counted from `first` to `last`: both of these, and round ones between that keep away from them. */
export function countTicks(first: number, last: number, steps = 6): readonly Tick[] {
  const step = Math.max(1, roundStep((last - first) / steps || 1));
  const between = ticksWithin(first, last, (last - first) / step || 1).map(({ value }) => Math.round(value));
  const apart = between.filter((value) => value - first >= 0.5 * step && last - value >= 0.5 * step);
  return [...new Set([first, ...apart, last])].map((value) => ({ value, text: numberText(value) }));
}

/** The least of 1, 2 and 5 times a power of ten that is not below `least`. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5, 10].find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10) * power;
}

/** `1500`, `0.25`, `0.0004`, `2e-5`: no more digits than a round number has. */
export function numberText(value: number): string {
  if (value !== 0 && Math.abs(value) < 1e-4) return Number(value.toPrecision(4)).toExponential();
  return String(Number(value.toPrecision(6)));
}

/** How the numbers of an evaluation are written. */
import { fewestGroups } from "./groups.ts";
import type { Interval } from "./intervals.ts";
import type { Evaluation } from "./metrics.ts";

/** A share as `95.9 %`. */
export function percent(share: number, digits = 1): string {
  return `${(share * 100).toFixed(digits)} %`;
}

/** An interval as `86.3–98.9 %`. */
export function percents({ low, high }: Pick<Interval, "low" | "high">, digits = 1): string {
  return `${(low * 100).toFixed(digits)}–${percent(high, digits)}`;
}

/** An interval in a column, as `86–99 %`; `86–99 % *` where it cannot be trusted, which {@link starText} explains. */
export function columnPercents(interval: Interval, digits = 0): string {
  return interval.trusted ? percents(interval, digits) : `${percents(interval, 0)} *`;
}

/** What {@link columnPercents}' star means; null where none of them has one. */
export function starText(intervals: readonly (Interval | null)[]): string | null {
  if (intervals.every((interval) => interval?.trusted ?? true)) return null;
  return `* All its clips are of fewer than ${fewestGroups} groups: do not trust the interval.`;
}

/** Over which classes the means are taken: `mean of the 6 with clips`, or `mean of the 6 classes` where that is all. */
export function meanText({ macro, perClass }: Pick<Evaluation, "macro" | "perClass">): string {
  return macro.classes === perClass.length
    ? `mean of the ${macro.classes} classes`
    : `mean of the ${macro.classes} with clips`;
}

/** The calibration error beside what a perfectly calibrated model would show. */
export function perfectText({ perfect }: Evaluation["calibration"]): string | null {
  if (perfect === null) return null;
  return `a perfectly calibrated model would show ${percent(perfect.mean)} on so many clips, rarely more than ${percent(perfect.most)}`;
}

/** `only one group` or `only 3 groups`. */
export function groupsText(groups: number): string {
  return groups === 1 ? "only one group" : `only ${groups} groups`;
}

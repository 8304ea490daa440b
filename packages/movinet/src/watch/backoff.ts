/** Milliseconds before the next attempt to connect: they double from `first` to `most`, less a random share. */
export interface BackoffRule {
  readonly first: number;
  readonly most: number;
  /** The largest share that chance takes away, so that cameras behind one switch do not come back at the same instant. */
  readonly jitter: number;
}

/** So short that a camera is back within five seconds of its return. */
export const usualBackoff: BackoffRule = { first: 500, most: 3000, jitter: 0.4 };
/** After several refusals of user and password: cameras lock accounts that try again and again. */
export const refusedBackoff: BackoffRule = { first: 60_000, most: 60_000, jitter: 0.2 };

/** @param failures failures in a row, at least 1. */
export function backoffMs({ first, most, jitter }: BackoffRule, failures: number, random: () => number): number {
  return Math.min(most, first * 2 ** Math.min(failures - 1, 30)) * (1 - jitter * random());
}

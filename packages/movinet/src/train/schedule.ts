/** The learning rate of a step; the first step is 0. */
export type Schedule = (step: number) => number;

/**
 * The official schedule (spec §5.1): `peak · (1 + cos(π · step / steps)) / 2`, 0 from `steps` on. The `warmup` steps
 * (default 0) rise linearly from 0 to the cosine's own value at step `warmup`: they do not shift the cosine. Throws a
 * `TypeError` for non-integer numbers of steps or a warm-up longer than the schedule.
 */
export function cosineSchedule(
  peak: number,
  { steps, warmup = 0 }: { readonly steps: number; readonly warmup?: number },
): Schedule {
  if (!(Number.isInteger(steps) && steps > 0)) throw new TypeError(`steps must be an integer ≥ 1, got ${steps}`);
  if (!(Number.isInteger(warmup) && warmup >= 0 && warmup <= steps)) {
    throw new TypeError(`warmup must be an integer in 0..${steps}, got ${warmup}`);
  }
  const cosine = (step: number) => (peak * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps))) / 2;
  return (step) => (step < warmup ? (step / warmup) * cosine(warmup) : cosine(step));
}

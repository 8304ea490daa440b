/** The learning rate of a step; the first step is 0. */
export type Schedule = (step: number) => number;

/**
 * The official schedule (spec §5.1): `peak · (1 + cos(π · step / steps)) / 2`, 0 from `steps` on. The `warmup` steps (default 0)
 * rise in a straight line from 0 to the cosine's own value at step `warmup`: the cosine is not shifted by them. Throws a
 * `TypeError` for numbers of steps that are not whole or a warm-up that is longer than all.
 */
export function cosineSchedule(
  peak: number,
  { steps, warmup = 0 }: { readonly steps: number; readonly warmup?: number },
): Schedule {
  if (!(Number.isInteger(steps) && steps > 0)) throw new TypeError(`steps: ${steps} is no number of steps.`);
  if (!(Number.isInteger(warmup) && warmup >= 0 && warmup <= steps)) {
    throw new TypeError(`warmup: ${warmup} is not a number of steps in 0..${steps}.`);
  }
  const cosine = (step: number) => (peak * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps))) / 2;
  return (step) => (step < warmup ? (step / warmup) * cosine(warmup) : cosine(step));
}

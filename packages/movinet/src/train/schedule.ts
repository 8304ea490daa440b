/** The learning rate of a step; the first step is 0. */
export type Schedule = (step: number) => number;

/** `warmup` steps (default 0) rise in a straight line from 0 at step 0; then the rate stays. */
export function constantSchedule(rate: number, { warmup = 0 }: { readonly warmup?: number } = {}): Schedule {
  checkSteps("warmup", warmup, 0);
  return (step) => rate * Math.min(1, warmup > 0 ? step / warmup : 1);
}

/**
 * The official schedule (spec §5.1): `peak · (1 + cos(π · step / steps)) / 2`, 0 from `steps` on. The `warmup` steps (default 0)
 * rise in a straight line from 0 to the cosine's own value at step `warmup`: the cosine is not shifted by them. Throws a
 * `TypeError` for numbers of steps that are not whole or a warm-up that is longer than all.
 */
export function cosineSchedule(
  peak: number,
  { steps, warmup = 0 }: { readonly steps: number; readonly warmup?: number },
): Schedule {
  checkSteps("steps", steps, 1);
  checkSteps("warmup", warmup, 0);
  if (warmup > steps) throw new TypeError(`warmup: ${warmup} is not a number of steps in 0..${steps}.`);
  const cosine = (step: number) => (peak * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps))) / 2;
  return (step) => (step < warmup ? (step / warmup) * cosine(warmup) : cosine(step));
}

function checkSteps(name: string, value: number, least: number): void {
  if (!(Number.isInteger(value) && value >= least)) throw new TypeError(`${name}: ${value} is no number of steps.`);
}

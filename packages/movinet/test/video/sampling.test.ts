import fc from "fast-check";
import { expect, test } from "vitest";
import { createSampler, createStillLimit } from "../../src/video/sampling.ts";

/** Which picture each frame shows, by the sampler. */
function sample(times: readonly number[], fps: number): number[] {
  const sampler = createSampler(fps);
  const shown: number[] = [];
  const serve = (picture: number, frames: number) => shown.push(...Array.from({ length: frames }, () => picture));
  for (const [i, time] of times.entries()) serve(i - 1, sampler.next(time));
  serve(times.length - 1, sampler.end());
  return shown;
}

/** The definition: while start + k / fps ≤ last, the last picture with time ≤ start + k / fps. */
function define(times: readonly number[], fps: number): number[] {
  const shown: number[] = [];
  const [start = 0] = times;
  for (let k = 0; start + k / fps <= (times.at(-1) ?? 0) + 1e-6; k++) {
    shown.push(times.findLastIndex((time) => time <= start + k / fps + 1e-6));
  }
  return shown;
}

test("frames are what the definition says, for any increasing timestamps", () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(
      fc.integer({ min: -5000, max: 5000 }),
      gaps,
      fc.constantFrom(1, 2.5, 5, 12, 29.97),
      (start, steps, fps) => {
        const times = steps.map((_, i) => (start + steps.slice(0, i + 1).reduce((a, b) => a + b, 0)) / 1000);
        expect(sample(times, fps)).toEqual(define(times, fps));
      },
    ),
  );
});

test("a stretch begins at its start, whatever pictures there are, and ends before its end", () => {
  const times = Array.from({ length: 101 }, (_, i) => 3 + i / 10);
  const stretched = (start: number, end: number | null, origin: number | null = null, from = 0) => {
    const sampler = createSampler(5, { start, end }, origin);
    const shown: number[] = [];
    const serve = (picture: number, frames: number) => shown.push(...Array.from({ length: frames }, () => picture));
    for (const [i, time] of times.entries()) if (i >= from) serve(i - 1, sampler.next(time));
    const { done } = sampler;
    serve(times.length - 1, sampler.end());
    return { shown, done };
  };
  expect(stretched(0.55, 1.35)).toEqual({ shown: [5, 7, 9, 11], done: true });
  expect(stretched(9.5, null)).toEqual({ shown: [95, 97, 99], done: false });
  expect(stretched(9.5, 20)).toEqual({ shown: [95, 97, 99], done: false });
  expect(stretched(11, null)).toEqual({ shown: [], done: false });
  expect(stretched(5, 6, 3, 42)).toEqual({ shown: [50, 52, 54, 56, 58], done: true });
});

test("5 of 30 pictures a second are every sixth, whatever the start", () => {
  const times = Array.from({ length: 131 }, (_, i) => 1.4 + i / 30);
  expect(sample(times, 5)).toEqual(Array.from({ length: 22 }, (_, k) => 6 * k));
});

test("one picture is one frame, and slow video repeats its pictures", () => {
  expect(sample([7], 5)).toEqual([0]);
  expect(sample([0, 1], 5)).toEqual([0, 0, 0, 0, 0, 1]);
});

test("few frames per second are no pictures that stay", () => {
  const limit = createStillLimit(1 / 60);
  expect(Array.from({ length: 10_000 }, () => limit(1))).not.toContain(false);
});

test("pictures that stay for hours are bounded: 10 s each are free, then 10 000 s together", () => {
  const allowed = (seconds: readonly number[], fps: number) => {
    const stills = createStillLimit(fps);
    return seconds.map((still) => stills(still * fps));
  };
  expect(allowed([10_010, 10, 0.2], 5)).toEqual([true, true, true]);
  expect(allowed([10_010, 10.2], 5)).toEqual([true, false]);
  expect(allowed([1e6], 1)).toEqual([false]);
  expect(allowed(Array(18).fill(599), 30).indexOf(false)).toBe(16);
  expect(allowed(Array(100_000).fill(10), 5).every((one) => one)).toBe(true);
});

test("a picture that would stay for ages is not counted through to its end", () => {
  const sampler = createSampler(5);
  sampler.next(0);
  const served = sampler.next(1e12);
  expect(createStillLimit(5)(served)).toBe(false);
});

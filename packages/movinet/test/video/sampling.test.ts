import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSampler } from "../../src/run/video/sampling.ts";
import { createTimeline } from "../../src/run/video/timeline.ts";

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

describe("createTimeline", () => {
  const placed = (stamps: readonly (number | null)[]) => {
    const timeline = createTimeline();
    const times = stamps.map((stamp) => Number(timeline.place(stamp, 0.04).toFixed(6)));
    return { times, breaks: timeline.breaks };
  };

  test("believes timestamps, also of long stills, and fills in missing ones", () => {
    expect(placed([5, 5.1, null, 5.2, 305])).toEqual({ times: [5, 5.1, 5.14, 5.2, 305], breaks: 0 });
  });

  test("pictures a little out of order do not go back", () => {
    expect(placed([0, 0.08, 0.04, 0.12])).toEqual({ times: [0, 0.08, 0.08, 0.12], breaks: 0 });
  });

  test("a jump of hours, forth or back, is left out, and later stamps go on from there", () => {
    expect(placed([0, 0.04, 90_000, 90_000.04])).toEqual({ times: [0, 0.04, 0.08, 0.12], breaks: 1 });
    expect(placed([95_443, 95_443.04, 0, 0.04])).toEqual({
      times: [95_443, 95_443.04, 95_443.08, 95_443.12],
      breaks: 1,
    });
  });

  test("whatever the stamps are, times never decrease and never jump", () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.double({ min: -1e12, max: 1e12, noNaN: true }))), (stamps) => {
        const timeline = createTimeline();
        const times = stamps.map((stamp) => timeline.place(stamp, 0.04));
        for (const [i, time] of times.slice(1).entries()) {
          expect(time).toBeGreaterThanOrEqual(times[i] as number);
          expect(time - (times[i] as number)).toBeLessThanOrEqual(601);
        }
      }),
    );
  });
});

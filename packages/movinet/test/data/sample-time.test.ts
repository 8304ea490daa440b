import fc from "fast-check";
import { expect, test } from "vitest";
import { randomOf } from "../../src/common/random.ts";
import { middleClipTimes, randomClipTimes } from "../../src/data/sample-time.ts";

test("the middle clip is the official one", () => {
  expect([...middleClipTimes({ frames: 50, fps: 10 }, { frames: 16, fps: 5 })]).toEqual(
    Array.from({ length: 16 }, (_, k) => 9 + 2 * k),
  );
  expect([...middleClipTimes({ frames: 11, fps: 5 }, { frames: 4, fps: 5 })]).toEqual([3, 4, 5, 6]);
  expect([...middleClipTimes({ frames: 30, fps: 30 }, { frames: 5, fps: 12.5 })]).toEqual([9, 11, 13, 16, 18]);
});

test("a short video repeats from its beginning", () => {
  expect([...middleClipTimes({ frames: 5, fps: 10 }, { frames: 6, fps: 5 })]).toEqual([0, 2, 4, 1, 3, 0]);
  expect([...middleClipTimes({ frames: 1, fps: 10 }, { frames: 3, fps: 5 })]).toEqual([0, 0, 0]);
  const starts = new Set<number>();
  for (let seed = 0; seed < 100; seed++) {
    const indices = randomClipTimes({ frames: 5, fps: 10 }, { frames: 6, fps: 5 }, randomOf(seed));
    starts.add(indices[0] as number);
    expect([...indices]).toEqual(Array.from({ length: 6 }, (_, k) => ((indices[0] as number) + 2 * k) % 5));
  }
  expect([...starts].sort()).toEqual([0, 1, 2, 3, 4]);
});

test("at whole strides, each of the official offsets is as likely as the others", () => {
  const counts = new Map<number, number>();
  for (let seed = 0; seed < 3000; seed++) {
    const indices = randomClipTimes({ frames: 20, fps: 10 }, { frames: 8, fps: 5 }, randomOf("offset", seed));
    expect([...indices]).toEqual(Array.from({ length: 8 }, (_, k) => (indices[0] as number) + 2 * k));
    counts.set(indices[0] as number, (counts.get(indices[0] as number) ?? 0) + 1);
  }
  expect([...counts.keys()].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  for (const count of counts.values()) expect(Math.abs(count - 500)).toBeLessThan(100);
});

test("indices are frames of the video, in order where it is long enough, and as fast as asked", () => {
  const video = fc.record({
    frames: fc.integer({ min: 1, max: 400 }),
    fps: fc.double({ min: 1, max: 60, noNaN: true }),
  });
  const wanted = fc.record({
    frames: fc.integer({ min: 1, max: 50 }),
    fps: fc.double({ min: 1, max: 30, noNaN: true }),
  });
  fc.assert(
    fc.property(video, wanted, fc.integer(), (footage, clip, seed) => {
      const indices = randomClipTimes(footage, clip, randomOf(seed), [0.8, 1.25]);
      expect(indices).toHaveLength(clip.frames);
      for (const index of [...indices, ...middleClipTimes(footage, clip)]) {
        expect(Number.isInteger(index) && index >= 0 && index < footage.frames).toBe(true);
      }
      const stride = footage.fps / clip.fps;
      if (footage.frames > 1.25 * stride * clip.frames) {
        const span = (indices.at(-1) as number) - (indices[0] as number);
        expect(span).toBeGreaterThan(0.8 * stride * (clip.frames - 1) - 1);
        expect(span).toBeLessThan(1.25 * stride * (clip.frames - 1) + 1);
        expect([...indices]).toEqual([...indices].sort((a, b) => a - b));
      }
      expect(randomClipTimes(footage, clip, randomOf(seed), [0.8, 1.25])).toEqual(indices);
    }),
  );
});

test("speeds differ, and half of them are slower than 1", () => {
  const spans = Array.from({ length: 400 }, (_, seed) => {
    const indices = randomClipTimes({ frames: 500, fps: 50 }, { frames: 21, fps: 5 }, randomOf(seed), [0.8, 1.25]);
    return ((indices[20] as number) - (indices[0] as number)) / 200;
  });
  expect(Math.min(...spans)).toBeLessThan(0.82);
  expect(Math.max(...spans)).toBeGreaterThan(1.22);
  expect(Math.abs(spans.filter((speed) => speed < 1).length - 200)).toBeLessThan(40);
});

test("impossible numbers are refused", () => {
  const clip = { frames: 4, fps: 5 };
  expect(() => middleClipTimes({ frames: 0, fps: 5 }, clip)).toThrow("video.frames must be an integer ≥ 0, got 0");
  expect(() => middleClipTimes({ frames: 4, fps: Number.NaN }, clip)).toThrow("fps must be above 0, got NaN and 5");
  expect(() => randomClipTimes({ frames: 4, fps: 5 }, clip, randomOf(1), [1.2, 1])).toThrow(
    "speed must be a range above 0, got [1.2, 1]",
  );
});

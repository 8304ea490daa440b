import { expect, test } from "vitest";
import { cosineSchedule } from "../../src/train/schedule.ts";

test("cosine is the official schedule", () => {
  const rate = cosineSchedule(1.8, { steps: 85_785, warmup: 2_145 });
  expect(rate(0)).toBe(0);
  expect(rate(2_145)).toBeCloseTo(1.7972, 4);
  expect(rate(1_000)).toBeCloseTo((1_000 / 2_145) * rate(2_145), 12);
  expect(rate(2_144)).toBeLessThan(rate(2_145));
  expect(rate(30_000)).toBeCloseTo(0.9 * (1 + Math.cos((Math.PI * 30_000) / 85_785)), 12);
  expect(rate(85_785)).toBe(0);
  expect(rate(90_000)).toBe(0);
});

test("cosine without warm-up begins at its peak and is half of it in the middle", () => {
  const rate = cosineSchedule(0.4, { steps: 100 });
  expect([rate(0), rate(50), rate(100)]).toEqual([0.4, expect.closeTo(0.2, 12), 0]);
});

test("impossible numbers of steps are refused", () => {
  expect(() => cosineSchedule(1, { steps: 0 })).toThrow("steps must be an integer ≥ 1, got 0");
  expect(() => cosineSchedule(1, { steps: 10, warmup: 11 })).toThrow("warmup must be an integer in 0..10, got 11");
  expect(() => cosineSchedule(1, { steps: 10, warmup: -1 })).toThrow("warmup must be an integer in 0..10, got -1");
});

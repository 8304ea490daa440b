import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lanesFor, RateMeter } from "../../src/watch/frame-rate.ts";
import { LiveSampler, type Sample } from "../../src/watch/live-sampler.ts";

/** The samples of pictures with a timestamp and an arrival. */
function samplesOf(pictures: readonly (readonly [number | null, number])[], fps = 5): Sample[] {
  const sampler = new LiveSampler(fps, 2);
  return pictures.map(([stamp, arrived]) => sampler.add(stamp, arrived)).filter((sample) => sample !== null);
}

const steady = (count: number, rate: number, from = 0) => Array.from({ length: count }, (_, i) => from + i / rate);

describe("which pictures of a live stream are processed", () => {
  test("of 25 pictures per second, every fifth", () => {
    const samples = samplesOf(steady(251, 25).map((time) => [time, 100 + time]));
    expect(samples.map(({ frame }) => frame)).toEqual(Array.from({ length: 51 }, (_, i) => i));
    expect(samples.every(({ times, gap }) => times === 1 && !gap)).toBe(true);
    for (const { time, frame } of samples) expect(time).toBeCloseTo(frame / 5, 6);
  });

  test.each([12, 15, 24, 29.97, 30, 60])("of %d per second, the nearest one to each instant", (rate) => {
    const samples = samplesOf(steady(Math.round(20 * rate), rate).map((time) => [time, time]));
    for (const { time, frame } of samples.slice(10)) expect(Math.abs(time - frame / 5)).toBeLessThan(0.51 / rate);
    expect(samples.at(-1)?.frame).toBeGreaterThanOrEqual(99);
    expect(samples.every(({ times }) => times === 1)).toBe(true);
  });

  test("a camera that is slower than the sampling repeats its pictures", () => {
    const samples = samplesOf(steady(20, 1).map((time) => [time, time]));
    expect(samples.map(({ times }) => times).slice(2)).toEqual(new Array(18).fill(5));
  });

  test("without timestamps, by the wall clock", () => {
    const samples = samplesOf(steady(101, 10).map((time) => [null, time]));
    expect(samples).toHaveLength(51);
  });

  test("timestamps that arrive in bursts are sampled as they were taken", () => {
    const samples = samplesOf(steady(250, 25).map((time) => [time, Math.ceil(time)]));
    expect(samples.length).toBeGreaterThanOrEqual(47);
    expect(samples.length).toBeLessThanOrEqual(53);
  });

  test("timestamps that jump, ahead or back, do not change the rate", () => {
    for (const jump of [1e6, 30, -30, -1e6]) {
      const samples = samplesOf(steady(251, 25).map((time) => [time < 5 ? time : time + jump, time]));
      expect(samples.map(({ times, gap }) => [times, gap])).toEqual(new Array(51).fill([1, false]));
    }
  });

  test("timestamps at the wrong speed are held to the wall clock", () => {
    for (const speed of [2, 0.5, 10, 0]) {
      const samples = samplesOf(steady(25 * 300, 25).map((time) => [speed * time, time]));
      const last = samples.filter(({ time }) => time > 0).length;
      expect(last).toBeGreaterThan(1200);
      expect(last).toBeLessThan(1800);
    }
  });

  test("a silence of more than two seconds begins a new stream", () => {
    const samples = samplesOf([...steady(50, 25), ...steady(50, 25, 12)].map((time) => [time, time]));
    expect(samples.filter(({ gap }) => gap)).toMatchObject([{ times: 1 }]);
    expect(samples.filter(({ gap }) => gap)[0]?.time).toBeGreaterThan(11);
  });

  test("a shorter one is filled", () => {
    const samples = samplesOf([...steady(51, 25), ...steady(50, 25, 3.2)].map((time) => [time, time]));
    expect(samples.filter(({ times }) => times > 1)).toMatchObject([{ times: 6, gap: false }]);
  });

  test("whatever comes, time and frames only grow, and frames are at most as many as the clock allows", () => {
    const picture = fc.record({ step: fc.double({ min: 0, max: 5, noNaN: true }), stamp: fc.option(fc.double()) });
    fc.assert(
      fc.property(fc.array(picture, { maxLength: 200 }), (pictures) => {
        const sampler = new LiveSampler(5, 2);
        let arrived = 50;
        let before: Sample = { time: 0, frame: -1, times: 0, gap: false };
        for (const { step, stamp } of pictures) {
          arrived += step;
          const sample = sampler.add(stamp, arrived);
          if (sample === null) continue;
          expect(sample.time).toBeGreaterThanOrEqual(before.time);
          expect(sample.frame).toBeGreaterThan(before.frame);
          expect(sample.frame).toBeLessThanOrEqual(5 * (arrived - 50 + 5));
          expect(sample.times).toBeLessThanOrEqual(sample.frame - before.frame);
          before = sample;
        }
      }),
    );
  });
});

test("a camera's rate is measured by its median step, and decides how many sessions take turns", () => {
  const meter = new RateMeter();
  const rates = steady(13, 25).map((time, i) => meter.add(time + (i === 7 ? 0.3 : 0)));
  expect(rates.slice(0, -1)).toEqual(new Array(12).fill(null));
  expect(rates.at(-1)).toBeCloseTo(25, 3);
  expect([25, 15, 29.97, 7, 5, 1, 1000].map((rate) => lanesFor(rate, 5))).toEqual([5, 3, 6, 1, 1, 1, 12]);
});

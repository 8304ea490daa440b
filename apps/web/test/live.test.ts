/** The flow of the live view without a browser: which pictures are seen, by which stream, and what is made of the answers. */
import { describe, expect, test } from "vitest";
import { Interleaved, type Stepper } from "../src/logic/interleaved.ts";
import { Live } from "../src/logic/live.ts";
import { Pacer } from "../src/logic/pacer.ts";

/** The slots of pictures that are taken at these seconds. */
function slotsOf(rate: number, seconds: readonly number[]) {
  const pacer = new Pacer(rate);
  return seconds.map((time) => pacer.take(time)?.slot ?? null);
}
const every = (fps: number, count: number, jitter: (i: number) => number = () => 0) =>
  Array.from({ length: count }, (_, i) => 7 + i / fps + jitter(i));

describe("the pacer", () => {
  test("takes every third picture of a camera at 30 a second for a model at 10", () => {
    const slots = slotsOf(10, every(30, 10));
    expect(slots).toEqual([0, null, null, 1, null, null, 2, null, null, 3]);
  });

  test("takes every picture of a camera whose rate is the wanted one, though it is not punctual", () => {
    const jitter = (i: number) => 0.2 * Math.sin(i * 2.4) * (1 / 30);
    expect(slotsOf(30, every(30, 200, jitter))).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });

  test("counts instants without a picture", () => {
    const pacer = new Pacer(10);
    expect([0, 0.1, 0.5, 0.6].map((time) => pacer.take(time)?.missed)).toEqual([0, 0, 3, 0]);
  });

  test("goes on at the next instant where a clip begins again, and after a gap says so", () => {
    const pacer = new Pacer(10, 4);
    expect(pacer.take(20)).toEqual({ slot: 0, time: 4, missed: 0, afterGap: false });
    expect(pacer.take(20.1)).toEqual({ slot: 1, time: 4.1, missed: 0, afterGap: false });
    expect(pacer.take(0)).toEqual({ slot: 2, time: 4.2, missed: 0, afterGap: false });
    expect(pacer.take(9)).toEqual({ slot: 3, time: 4.3, missed: 0, afterGap: true });
  });
});

/** A stream that names class 0 with what it was given, and notes it. */
function noting(): Stepper<number> & { readonly seen: number[] } {
  const seen: number[] = [];
  return {
    seen,
    step: async (image) => {
      seen.push(image);
      return { scores: Float32Array.of(image, 1 - image) };
    },
    reset: async () => {
      seen.length = 0;
    },
  };
}

describe("interleaved streams", () => {
  test("each take the slots of their own, and the answer is the mean of their last ones", async () => {
    const streams = [noting(), noting(), noting()];
    const interleaved = new Interleaved(streams);
    const images = [0, 0.25, 0.5, 0.75, 1];
    const answers: number[] = [];
    for (const [slot, image] of images.entries()) answers.push((await interleaved.step(slot, image))[0] as number);
    expect(streams.map(({ seen }) => seen)).toEqual([[0, 0.75], [0.25, 1], [0.5]]);
    expect(answers).toEqual([0, 0.125, 0.25, 0.5, 0.75]);
    expect(interleaved.count).toBe(5);
  });

  test("a missed slot moves no stream to another phase", async () => {
    const streams = [noting(), noting()];
    const interleaved = new Interleaved(streams);
    for (const slot of [0, 1, 3, 4]) await interleaved.step(slot, slot / 4);
    expect(streams.map(({ seen }) => seen)).toEqual([
      [0, 1],
      [0.25, 0.75],
    ]);
  });
});

describe("the live view", () => {
  const live = (streams: readonly Stepper<number>[]) =>
    new Live<number>({ streams, fps: 10, labels: ["jump", "rest"], begin: 0 });

  test("names, makes events, and counts what it missed", async () => {
    const one = live([noting()]);
    const events = [];
    for (let i = 0; i < 10; i++) events.push(...((await one.see(1, i / 10, 0.5))?.events ?? []));
    const answer = await one.see(1, 1.5, 0.5);
    expect(answer?.named).toEqual({ index: 0, score: 1 });
    expect(answer?.dropped).toBe(5);
    expect(answer?.stateSeconds).toBeCloseTo(1.1);
    expect(events).toEqual([{ id: 1, label: "jump", start: 0, end: null, peak: 1 }]);
    expect(await one.restart()).toEqual([{ id: 1, label: "jump", start: 0, end: 1.5, peak: 1 }]);
    expect((await one.see(0, 0, 0.5))?.time).toBeCloseTo(1.6);
  });

  test("says nothing below the threshold", async () => {
    const one = live([noting()]);
    expect((await one.see(0.4, 0, 0.7))?.named).toBeNull();
    expect((await one.see(0.4, 0.1, 0.5))?.named?.index).toBe(1);
  });

  test("two streams look twice as often, each at the model's rate, and begin anew after a gap", async () => {
    const streams = [noting(), noting()];
    const both = live(streams);
    for (let i = 0; i < 40; i++) await both.see(i / 40, i / 40, 0.5);
    expect(streams.map(({ seen }) => seen.length)).toEqual([10, 10]);
    const [first = []] = streams.map(({ seen }) => seen.map((time) => Math.round(time * 40)));
    expect(first.slice(1).map((at, i) => at - (first[i] as number))).toEqual(Array(9).fill(4));
    const answer = await both.see(0.5, 60, 0.5);
    expect(answer?.stateSeconds).toBeCloseTo(1 / 20);
    expect(answer?.time).toBeCloseTo(1);
  });
});

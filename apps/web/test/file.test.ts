/** What the File view makes of a clip's answers: where things are, what is named, and the files that are saved. */
import type { Segment } from "movinet";
import { describe, expect, test } from "vitest";
import { captionAt } from "../src/file/caption.ts";
import { Recording } from "../src/file/recording.ts";
import { keyTarget, leftText, percentOf, ticks, tickText } from "../src/file/timeline.ts";

const scores = (...values: number[]) => Float32Array.from(values);
const moment = (time: number, since: number, ...values: number[]) => {
  return { time, since, scores: scores(...values), predictions: [] };
};
const segment = (start: number, end: number, ...values: number[]): Segment => {
  return { start, end, scores: scores(...values) };
};

describe("a recording", () => {
  test("says what holds at a time: of answers from the same time on, the last one", () => {
    const recording = new Recording();
    expect(recording.at(0)).toBeNull();
    recording.add([moment(0, 0, 0.1), moment(0.5, 0, 0.2), moment(1, 0.5, 0.3)], []);
    const held = [0, 0.49, 0.5, 9].map((time) => recording.at(time)?.scores[0]?.toFixed(1));
    expect(held).toEqual(["0.2", "0.2", "0.3", "0.3"]);
  });

  test("draws the classes of segments, the longest first, then those with the highest peaks", () => {
    const recording = new Recording();
    recording.add([moment(0, 0, 0.1, 0.9, 0, 0), moment(1, 1, 0.2, 0.1, 0.7, 0)], []);
    const segments = [segment(0, 1, 0, 1, 0, 0), segment(1, 5, 0, 0, 0, 1)];
    expect(recording.classes(3, segments)).toEqual([3, 1, 2]);
    expect(recording.classes(2, [])).toEqual([1, 2]);
    expect(recording.classes(9, [])).toEqual([1, 2, 0, 3]);
  });

  test("has curves that keep every peak, whatever their length", () => {
    const recording = new Recording();
    const count = 10_000;
    const moments = Array.from({ length: count }, (_, i) => moment(i + 1, i, i === 7003 ? 1 : 0.1 * (i % 3)));
    recording.add(moments, []);
    const curve = recording.curve(0, count, 300);
    expect(curve.length).toBeGreaterThan(300);
    expect(curve.length).toBeLessThanOrEqual(2 * 301);
    expect(curve.filter(({ score }) => score === 1).map(({ time }) => time)).toEqual([7003]);
    expect(curve.map(({ time }) => time)).toEqual(curve.map(({ time }) => time).toSorted((a, b) => a - b));
    expect(new Recording().curve(0, 1, 300)).toEqual([]);
  });

  test("has a curve without the answers that hold for no time", () => {
    const recording = new Recording();
    recording.add([moment(0, 0, 0.25), moment(0.5, 0, 0.5), moment(1, 0.5, 0.75)], []);
    expect(recording.curve(0, 1.5, 300)).toEqual([
      { time: 0, score: 0.5 },
      { time: 0.5, score: 0.75 },
      { time: 1.5, score: 0.75 },
    ]);
  });

  test("shows the tile that is nearest, if it is near enough", () => {
    const recording = new Recording();
    const tile = (time: number) => ({ time, picture: { close: () => {} } as ImageBitmap });
    recording.add([], [tile(0), tile(2), tile(4)]);
    expect([0.9, 1.2, 3.9, 4.9, 5.1].map((time) => recording.tileAt(time, 1)?.time ?? null)).toEqual([
      0,
      2,
      4,
      4,
      null,
    ]);
  });
});

test("the caption of a time is the newest by then", () => {
  const captions = [0, 1, 2].map((from) => ({ from, label: `from ${from}`, score: 0.5 }));
  expect([-1, 0, 1.9, 9].map((time) => captionAt(captions, time)?.label ?? null)).toEqual([
    null,
    "from 0",
    "from 1",
    "from 2",
  ]);
});

describe("the timeline", () => {
  test("has round times, as many as have room", () => {
    expect(ticks(18, 840)).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
    expect(ticks(18, 280)).toEqual([0, 10]);
    expect(ticks(0.7, 840)).toEqual([0, 0.5]);
    expect(ticks(90_000, 280).length).toBeLessThan(20);
  });

  test("writes times as short as the clip lets them be", () => {
    expect([0, 0.5, 12].map((time) => tickText(time, 18))).toEqual(["0 s", "0.5 s", "12 s"]);
    expect(tickText(75, 300)).toBe("1:15");
    expect(tickText(3675, 7200)).toBe("1:01:15");
  });

  test("moves by frame, segment and to the ends, and never beyond", () => {
    const where = { duration: 10, step: 0.2, starts: [0, 3, 6] };
    const from = (at: number, ...keys: string[]) => keys.map((key) => keyTarget(key, at, where));
    expect(from(5, "ArrowLeft", "ArrowRight", "Home", "End")).toEqual([4.8, 5.2, 0, 10]);
    expect(from(5, "PageDown", "PageUp", "a")).toEqual([6, 3, null]);
    expect(from(3, "PageDown", "PageUp")).toEqual([6, 0]);
    expect(from(10, "ArrowRight", "PageDown")).toEqual([10, 10]);
    expect(from(0, "ArrowLeft", "PageUp")).toEqual([0, 0]);
  });

  test("says how long it takes", () => {
    expect([leftText(60, 30, 10), leftText(3600, 0, 20), leftText(60, 60, 10)]).toEqual([
      "3 s left",
      "3 min left",
      "almost done",
    ]);
    expect([percentOf(3, 12), percentOf(15, 12), percentOf(1, 0)]).toEqual(["25.000%", "100.000%", "0.000%"]);
  });
});

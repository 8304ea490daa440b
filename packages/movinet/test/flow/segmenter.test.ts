import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Segment, Segmenter } from "../../src/flow/segmenter.ts";
import { renderSubtitles } from "../../src/flow/subtitles.ts";
import { distance } from "../laws/models.ts";

/** Probabilities of `classes` classes of which one holds `sure`. */
function sureOf(c: number, sure: number, classes = 4): Float32Array {
  return Float32Array.from({ length: classes }, (_, i) => (i === c ? sure : (1 - sure) / (classes - 1)));
}

function best(segment: Segment): number {
  return segment.scores.indexOf(Math.max(...segment.scores));
}

/** Frames at 5 a second, each given by its class. */
function segmentsOf(classes: readonly number[], sure = 0.95): readonly Segment[] {
  const segmenter = new Segmenter();
  for (const [k, c] of classes.entries()) segmenter.add(k / 5, sureOf(c, sure));
  return segmenter.end(classes.length / 5);
}

const runs = (...lengths: readonly (readonly [number, number])[]) =>
  lengths.flatMap(([c, frames]) => Array.from({ length: frames }, () => c));

describe("Segmenter", () => {
  test("steady predictions become segments that begin where the prediction changes", () => {
    const segments = segmentsOf(runs([2, 40], [0, 60], [3, 20]));
    expect(segments.map((segment) => [segment.start, segment.end, best(segment)])).toEqual([
      [0, 8, 2],
      [8, 20, 0],
      [20, 24, 3],
    ]);
    expect(segments[1]?.scores[0]).toBeCloseTo(0.95, 5);
  });

  test("the segment so far is known while predictions come; before the first speaks for anything there is none", () => {
    const segmenter = new Segmenter();
    const known: string[] = [];
    for (const [k, c] of runs([2, 20], [1, 20]).entries()) {
      segmenter.add(k / 5, sureOf(c, 0.95));
      const { current } = segmenter;
      const text = current ? `${current.index} since ${current.start}` : "none";
      if (known.at(-1) !== text) known.push(text);
    }
    expect(known).toEqual(["none", "2 since 0", "1 since 4"]);
  });

  test("a second of something else is no segment; five are", () => {
    expect(segmentsOf(runs([1, 30], [2, 5], [1, 30]), 0.99)).toHaveLength(1);
    expect(segmentsOf(runs([1, 30], [2, 25], [1, 30]), 0.99).map(best)).toEqual([1, 2, 1]);
  });

  test("a wavering model is one segment", () => {
    expect(
      segmentsOf(
        Array.from({ length: 100 }, (_, k) => k % 2),
        0.6,
      ),
    ).toHaveLength(1);
  });

  test("probabilities that hold for no time count for nothing", () => {
    const segmenter = new Segmenter();
    for (const since of [0, 0, 0, 0.2, 5]) segmenter.add(since, sureOf(since === 5 ? 1 : 0, 0.9));
    expect(segmenter.end(9).map((segment) => [segment.start, segment.end, best(segment)])).toEqual([
      [0, 5, 0],
      [5, 9, 1],
    ]);
  });

  test("a video without frames has no segments, one of a single frame has one", () => {
    expect(new Segmenter().end(0)).toEqual([]);
    expect(segmentsOf([3]).map((segment) => [segment.start, segment.end, best(segment)])).toEqual([[0, 0.2, 3]]);
  });

  test("the segments are those of the sequence of classes that is worth the most", () => {
    const frame = fc.array(fc.double({ min: 0.001, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 });
    const seconds = 4;
    // The path ends in the second class, which is never unlikely, but the first has the higher mean: one segment.
    const [sure, dip, up] = [
      [0.99, 0.005, 0.005],
      [0.001, 0.45, 0.549],
      [0.75, 0.249, 0.001],
    ] as const;
    const joined = [sure, sure, dip, up, dip, up].map((row) => [...row]);
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 6 }), (weights) => {
        const scores = weights.map((row) => Float32Array.from(row, (x) => x / row.reduce((a, b) => a + b)));
        const segmenter = new Segmenter();
        for (const [k, row] of scores.entries()) segmenter.add(k * seconds, row);
        const segments = segmenter.end(scores.length * seconds);
        const worth = (path: readonly number[]) =>
          path.reduce(
            (sum, c, k) =>
              sum + seconds * Math.log((scores[k]?.[c] as number) + 1e-3) - (k > 0 && path[k - 1] !== c ? 10 : 0),
            0,
          );
        const paths = Array.from({ length: 3 ** scores.length }, (_, n) =>
          scores.map((_, k) => Math.floor(n / 3 ** k) % 3),
        );
        const most = Math.max(...paths.map(worth));
        const best = paths.filter((path) => worth(path) > most - 1e-6).map((path) => stretchesOf(path, scores));
        const matching = best.filter(
          (stretches) =>
            stretches.length === segments.length &&
            stretches.every(({ from, to, means }, i) => {
              const { start, end, scores: got } = segments[i] as Segment;
              return start === from * seconds && end === to * seconds && distance(means, got) < 1e-5;
            }),
        );
        expect(matching, JSON.stringify({ segments, best })).not.toEqual([]);
      }),
      { examples: [[joined]] },
    );
  });
});

/** A path cut where its class changes; neighbours whose mean scores name the same class are one stretch. */
function stretchesOf(path: readonly number[], scores: readonly Float32Array[]) {
  const meansOf = (from: number, to: number) =>
    [0, 1, 2].map((c) => scores.slice(from, to).reduce((sum, row) => sum + (row[c] as number), 0) / (to - from));
  const named = (means: readonly number[]) => means.indexOf(Math.max(...means));
  const starts = [...path.keys()].filter((k) => k === 0 || path[k - 1] !== path[k]);
  const stretches: { from: number; to: number; means: readonly number[] }[] = [];
  for (const [i, from] of starts.entries()) {
    const to = starts[i + 1] ?? path.length;
    const last = stretches.at(-1);
    if (last && named(last.means) === named(meansOf(from, to))) stretches.pop();
    const begin = last && stretches.at(-1) !== last ? last.from : from;
    stretches.push({ from: begin, to, means: meansOf(begin, to) });
  }
  return stretches;
}

describe("renderSubtitles", () => {
  const segments = [
    { start: 0, end: 61.2345, scores: sureOf(1, 0.97, 2) },
    { start: 61.2345, end: 3725, scores: sureOf(0, 0.5, 2) },
  ];
  test("WebVTT", () => {
    expect(renderSubtitles(segments, ["<b> & c", "carving ice"], "vtt")).toBe(
      "WEBVTT\n\n00:00:00.000 --> 00:01:01.235\ncarving ice (97 %)\n\n00:01:01.235 --> 01:02:05.000\n&lt;b&gt; &amp; c (50 %)\n",
    );
  });
  test("SubRip", () => {
    expect(renderSubtitles(segments, null, "srt")).toBe(
      "1\n00:00:00,000 --> 00:01:01,235\n1 (97 %)\n\n2\n00:01:01,235 --> 01:02:05,000\n0 (50 %)\n",
    );
  });
});

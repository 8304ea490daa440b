import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EventRules } from "../../src/watch/event-rules.ts";
import { EventDetector, gapSeconds } from "../../src/watch/events.ts";
import type { WatchEvent } from "../../src/watch/records.ts";

const epoch = Date.UTC(2026, 0, 31, 12);
const atOf = (seconds: number) => new Date(epoch + Math.round(seconds * 1000)).toISOString();
const labels = ["wave", "fall", "fight"];
const rules: EventRules = { enter: 0.7, leave: 0.4, minSeconds: 1, cooldownSeconds: 3 };

interface Row {
  readonly time: number;
  readonly scores: readonly number[];
  /** Seconds on the wall clock; default: the time of the stream. */
  readonly at?: number;
}

function eventsOf(rows: readonly Row[], own: EventRules = rules, shift = 0, age = 0): readonly WatchEvent[] {
  const detector = new EventDetector("door", labels, own, age);
  const events = rows.flatMap(({ time, scores, at = time }) =>
    detector.add({ at: atOf(at), time: time + shift, scores: Float32Array.from(scores) }),
  );
  return [...events, ...detector.interrupt()];
}

/** Scores of the first class at 5 frames per second. */
const steady = (...runs: readonly (readonly [score: number, seconds: number])[]): readonly Row[] =>
  runs
    .flatMap(([score, seconds]) => Array.from({ length: seconds * 5 }, () => score))
    .map((score, k) => ({ time: k / 5, scores: [score, 0, 0] }));

/** An event as `start wave 2`, `end wave 2–7.4 0.9`. */
const told = ({ label, phase, start, end, peak }: WatchEvent) => {
  const seconds = (at: string) => (Date.parse(at) - epoch) / 1000;
  const times = end === null ? seconds(start) : `${seconds(start)}–${seconds(end)}`;
  return `${phase} ${label} ${times} ${peak.toFixed(2)}`;
};

describe("an event", () => {
  test("starts when its run of scores began, ends at the first score below leave, and has a peak", () => {
    const events = eventsOf(steady([0.1, 2], [0.5, 1], [0.9, 2], [0.45, 1], [0.3, 1]));
    expect(events.map(told)).toEqual(["start wave 2 0.90", "end wave 2–6 0.90"]);
  });

  test("needs a score of enter: below it the picture shows none of the classes", () => {
    const detector = new EventDetector("door", labels, rules);
    for (const { time, scores } of steady([0.69, 20]))
      expect(detector.add({ at: atOf(time), time, scores: Float32Array.from(scores) })).toEqual([]);
    expect(detector.open).toEqual([]);
  });

  test("shorter than the least duration is not reported", () => {
    expect(eventsOf(steady([0.1, 1], [0.9, 0.8], [0.1, 5]))).toEqual([]);
    expect(eventsOf(steady([0.1, 1], [0.9, 1], [0.1, 5])).map(told)).toEqual([
      "start wave 1 0.90",
      "end wave 1–2 0.90",
    ]);
  });

  test("soon after another waits for the end of the cooldown, and keeps its true start", () => {
    const rows = steady([0.9, 2], [0.1, 1], [0.9, 1], [0.1, 1], [0.9, 4], [0.1, 1]);
    expect(eventsOf(rows).map(told)).toEqual([
      "start wave 0 0.90",
      "end wave 0–2 0.90",
      "start wave 5 0.90",
      "end wave 5–9 0.90",
    ]);
  });

  test("is as old as the pictures that the scores are about, but not older than the stream", () => {
    const rows = steady([0.9, 4], [0.1, 4], [0.9, 4], [0.1, 1], [0.9, 0.8]);
    expect(eventsOf(rows, rules, 0, 1).map(told)).toEqual([
      "start wave 0 0.90",
      "end wave 0–3 0.90",
      "start wave 7 0.90",
      "end wave 7–11 0.90",
    ]);
    // What ends it here is the end of watching, which is now.
    expect(eventsOf(steady([0.1, 2], [0.9, 4]), rules, 0, 1).map(told)).toEqual([
      "start wave 1 0.90",
      "end wave 1–5.8 0.90",
    ]);
  });

  test("is known while it lasts", () => {
    const detector = new EventDetector("door", labels, { ...rules, minSeconds: 0 });
    detector.add({ at: atOf(0), time: 0, scores: Float32Array.of(0.9, 0.8, 0.1) });
    expect(detector.open).toEqual(["wave", "fall"]);
  });
});

describe("what nobody saw", () => {
  const open = steady([0.9, 4]);
  test("a gap ends an event at the last moment, and what follows is another", () => {
    const rows = [...open, ...steady([0.9, 4]).map(({ time, scores }) => ({ time: time + 20, scores }))];
    expect(eventsOf(rows).map(told)).toEqual([
      "start wave 0 0.90",
      "end wave 0–3.8 0.90",
      "start wave 20 0.90",
      "end wave 20–23.8 0.90",
    ]);
  });

  test("a stream that begins anew is a gap; the cooldown goes by the wall clock", () => {
    const anew = (gap: number) => [
      ...open,
      ...steady([0.9, 4]).map(({ time, scores }) => ({ time, scores, at: 3.8 + gap + time })),
    ];
    expect(eventsOf(anew(1)).map(told).slice(1)).toEqual([
      "end wave 0–3.8 0.90",
      "start wave 4.8 0.90",
      "end wave 4.8–8.6 0.90",
    ]);
    const late = eventsOf(anew(1), { ...rules, cooldownSeconds: 10 });
    expect(late.map(told)).toEqual(["start wave 0 0.90", "end wave 0–3.8 0.90"]);
    expect(eventsOf(anew(100), { ...rules, cooldownSeconds: 10 })).toHaveLength(4);
  });

  test("a wall clock that is set back gives no event that ends before it starts", () => {
    const rows = open.map((row, k) => (k < 10 ? row : { ...row, at: row.time - 3600 }));
    expect(eventsOf(rows).map(told)).toEqual(["start wave 0 0.90", "end wave 0–0 0.90"]);
  });

  test("an unconfirmed run is dropped with the camera", () => {
    expect(eventsOf(steady([0.9, 0.8]))).toEqual([]);
  });
});

describe("settings", () => {
  test("of single classes, and classes without events", () => {
    const own: EventRules = { ...rules, classes: { wave: { enter: 0.95 }, fall: false } };
    const rows = Array.from({ length: 20 }, (_, k) => ({ time: k / 5, scores: [0.9, 0.9, 0.9] }));
    expect(new Set(eventsOf(rows, own).map(({ label }) => label))).toEqual(new Set(["fight"]));
    expect(new Set(eventsOf(rows, { ...rules, only: ["fall"] }).map(({ label }) => label))).toEqual(new Set(["fall"]));
  });

  test.each([
    [{ only: ["wavee"] }, 'the model has no class "wavee"'],
    [{ classes: { toString: false } }, 'the model has no class "toString"'],
    [{ enter: 0 }, 'events of "wave": enter must be above 0 and at most 1, got 0'],
    [{ enter: 0.01 }, 'events of "wave": leave must be above 0 and at most enter (0.01), got 0.05'],
    [{ minSeconds: -1 }, 'events of "wave": minSeconds must be at least 0, got -1'],
    [{ cooldownSeconds: Infinity }, 'events of "wave": cooldownSeconds must be at least 0, got Infinity'],
  ] as const)("%j is refused", (own, message) => {
    expect(() => new EventDetector("door", labels, own as EventRules)).toThrow(message);
  });

  test("an age below 0 is refused", () => {
    expect(() => new EventDetector("door", labels, rules, -1)).toThrow("ageSeconds must be at least 0, got -1");
  });

  test("a score must be given for every class", () => {
    const detector = new EventDetector("door", labels, rules);
    expect(() => detector.add({ at: atOf(0), time: 0, scores: Float32Array.of(1) })).toThrow(
      "events need 3 scores, got 1",
    );
  });
});

describe("laws", () => {
  const score = fc.oneof(
    fc.constantFrom(0.1, 0.39, 0.4, 0.5, 0.69, 0.7, 0.9),
    fc.double({ min: 0, max: 1, noNaN: true }),
  );
  /** Stretches of equal scores, whose moments are some fifths of a second apart; a long step is a gap. */
  const stretch = fc.tuple(
    fc.constantFrom(1, 1, 1, 2, 5, 20),
    fc.tuple(score, score, score),
    fc.integer({ min: 1, max: 12 }),
  );
  const moments = fc.array(stretch, { maxLength: 30 }).map((stretches) => {
    let k = 0;
    return stretches.flatMap(([step, scores, length]) =>
      Array.from({ length }, (_, i) => {
        k += i === 0 ? step : Math.min(step, 5);
        return { time: k / 5, scores };
      }),
    );
  });
  const settings = fc.record({
    enter: fc.constantFrom(0.5, 0.7, 0.9),
    leave: fc.constantFrom(0.2, 0.4, 0.5),
    minSeconds: fc.constantFrom(0, 0.4, 1, 2),
    cooldownSeconds: fc.constantFrom(0, 1, 3),
  });

  test("every start has one end, of the same class; events of a class neither overlap nor come sooner than the cooldown", () => {
    let seen = 0;
    fc.assert(
      fc.property(moments, settings, fc.constantFrom(0, 0.4, 1, 5), (rows, own, age) => {
        const events = eventsOf(rows, own, 0, age);
        for (const label of labels) {
          let free = -Infinity;
          let reportedFrom = -Infinity;
          const mine = events.filter((event) => event.label === label);
          expect(mine.map(({ phase }) => phase)).toEqual(mine.map((_, i) => (i % 2 === 0 ? "start" : "end")));
          expect(mine.length % 2).toBe(0);
          for (let i = 0; i < mine.length; i += 2) {
            const [start, end] = [mine[i], mine[i + 1]] as [WatchEvent, WatchEvent];
            expect(end.start).toBe(start.start);
            const [from, to] = [Date.parse(start.start), Date.parse(end.end as string)];
            expect(from).toBeGreaterThanOrEqual(free);
            if (age === 0) {
              // It ended after its report, which came after the cooldown.
              expect(to).toBeGreaterThanOrEqual(reportedFrom + own.cooldownSeconds * 1000);
              expect(to - from).toBeGreaterThanOrEqual(own.minSeconds * 1000);
            }
            expect(end.peak).toBeGreaterThanOrEqual(own.enter);
            expect(end.peak).toBeGreaterThanOrEqual(start.peak);
            free = to;
            reportedFrom = to;
            seen++;
          }
        }
      }),
    );
    expect(seen).toBeGreaterThan(100);
  });

  test("an event is a run of scores that a direct search finds, when there is no cooldown", () => {
    fc.assert(
      fc.property(moments, settings, (rows, settings) => {
        const own = { ...settings, cooldownSeconds: 0 };
        const found = eventsOf(rows, own).filter(({ phase }) => phase === "end");
        expect(found.map(told).sort()).toEqual(searched(rows, own).sort());
      }),
    );
  });

  test("times shifted by hours, on the stream's clock or the wall's, change nothing else", () => {
    fc.assert(
      fc.property(moments, settings, fc.integer({ min: 0, max: 1e6 }), (rows, own, shift) => {
        const plain = eventsOf(rows, own).map(told);
        expect(eventsOf(rows, own, shift).map(told)).toEqual(plain);
        const moved = eventsOf(
          rows.map((row) => ({ ...row, at: row.time + shift })),
          own,
        );
        const back = (at: string | null) => at && new Date(Date.parse(at) - shift * 1000).toISOString();
        expect(
          moved.map((event) => told({ ...event, start: back(event.start) as string, end: back(event.end) })),
        ).toEqual(plain);
      }),
    );
  });

  test("a score that is given twice while it holds counts as once", () => {
    fc.assert(
      fc.property(moments, settings, fc.infiniteStream(fc.boolean()), (rows, own, doubled) => {
        const more = rows.flatMap((row, i) => {
          const next = rows[i + 1];
          if (!next || next.time - row.time > gapSeconds || !doubled.next().value) return [row];
          return [row, { ...row, time: (row.time + next.time) / 2 }];
        });
        const ends = (events: readonly WatchEvent[]) => events.filter(({ phase }) => phase === "end").map(told);
        expect(ends(eventsOf(more, own))).toEqual(ends(eventsOf(rows, own)));
      }),
    );
  });

  test("classes do not influence each other", () => {
    fc.assert(
      fc.property(moments, settings, (rows, own) => {
        const together = eventsOf(rows, own);
        for (const label of labels) {
          expect(eventsOf(rows, { ...own, only: [label] })).toEqual(together.filter((event) => event.label === label));
        }
      }),
    );
  });
});

/** The runs of the first to last class of at least `leave`, cut at gaps, that reach `enter` and last long enough. */
function searched(rows: readonly Row[], { enter, leave, minSeconds }: Required<Omit<EventRules, "classes" | "only">>) {
  return labels.flatMap((label, c) => {
    const found: string[] = [];
    const scoreOf = (k: number) => Math.fround(rows[k]?.scores[c] ?? 0);
    const follows = (k: number) => (rows[k + 1]?.time ?? Infinity) - (rows[k]?.time ?? 0) <= gapSeconds;
    for (let k = 0; k < rows.length; k++) {
      if (scoreOf(k) < leave || (k > 0 && follows(k - 1) && scoreOf(k - 1) >= leave)) continue;
      let last = k;
      while (follows(last) && scoreOf(last + 1) >= leave) last++;
      const end = follows(last) ? last + 1 : last;
      const peak = Math.max(...Array.from({ length: last - k + 1 }, (_, i) => scoreOf(k + i)));
      const [start, stop] = [rows[k]?.time as number, rows[end]?.time as number];
      if (peak < enter || stop - start < minSeconds - 1e-6) continue;
      found.push(told({ type: "event", source: "", label, phase: "end", start: atOf(start), end: atOf(stop), peak }));
    }
    return found;
  });
}

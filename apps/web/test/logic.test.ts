/** What the live view makes of answers: names, events, exports, ranks, curves, texts. */
import { describe, expect, test } from "vitest";
import { type ActionEvent, EventLog } from "../src/logic/event-log.ts";
import { eventsToCsv, eventsToJsonl } from "../src/logic/export.ts";
import { clock, fileName, megabytes, percent, short } from "../src/logic/format.ts";
import { History } from "../src/logic/history.ts";
import { Ranking } from "../src/logic/ranking.ts";
import { Smoother } from "../src/logic/smoother.ts";

const scores = (...values: number[]) => Float32Array.from(values);

describe("the smoother", () => {
  test("an answer counts half after a quarter of a second", () => {
    const smoother = new Smoother();
    smoother.update(scores(1, 0), 0);
    expect([...smoother.update(scores(0, 1), 0.25)]).toEqual([0.5, 0.5]);
    expect([...smoother.update(scores(0, 1), 0.75)]).toEqual([0.125, 0.875]);
  });

  test("a name stays until another is clearly likelier", () => {
    const smoother = new Smoother();
    const nameAfter = (a: number, time: number) => {
      smoother.update(scores(a, 1 - a), time);
      return smoother.name(0.3)?.index ?? null;
    };
    // 10 s apart, so that nothing is smoothed.
    expect([0.8, 0.47, 0.52, 0.4, 0.53, 0.6].map((a, i) => nameAfter(a, 10 * i))).toEqual([0, 0, 0, 1, 1, 0]);
  });

  test("a name that falls below the threshold is dropped", () => {
    const smoother = new Smoother();
    smoother.update(scores(0.9, 0.1), 0);
    expect(smoother.name(0.5)?.index).toBe(0);
    smoother.update(scores(0.45, 0.44), 10);
    expect(smoother.name(0.5)).toBeNull();
  });
});

describe("events", () => {
  test("begin, peak and end with a name; a flicker is none", () => {
    const log = new EventLog();
    const names = ["run", "run", "run", "run", "jump", "run", "run", "run", "run", null];
    const found = new Map<number, ActionEvent>();
    for (const [i, label] of names.entries()) {
      const named = label === null ? null : { label, score: 0.5 + i / 100 };
      for (const event of log.update(named, i / 10)) found.set(event.id, event);
    }
    expect([...found.values()].map(({ label, start, end }) => [label, start, end])).toEqual([
      ["run", 0, 0.4],
      ["run", 0.5, 0.9],
    ]);
    expect([...found.values()].map(({ peak }) => Math.round(peak * 100))).toEqual([53, 58]);
  });

  test("are told again only when their peak has risen", () => {
    const log = new EventLog();
    const scores = [0.5, 0.5, 0.5, 0.5, 0.5, 0.503, 0.506, 0.4];
    const told = scores.map((score, i) => log.update({ label: "run", score }, i / 10).map(({ peak }) => peak));
    expect(told).toEqual([[], [], [], [0.5], [], [], [0.506], []]);
    expect(log.end(1)).toEqual([{ id: 1, label: "run", start: 0, end: 1, peak: 0.506 }]);
  });

  const events: ActionEvent[] = [
    { id: 1, label: 'say "hi", then wave', start: 0.1, end: 1.23456, peak: 0.98765 },
    { id: 2, label: "=cmd()", start: 2, end: null, peak: 0.5 },
  ];
  test("as CSV: quoted, and never a formula", () => {
    expect(eventsToCsv(events)).toBe(
      'label,start,end,peak\r\n"say ""hi"", then wave",0.1,1.235,0.988\r\n\'=cmd(),2,,0.5\r\n',
    );
  });
  test("as JSON Lines", () => {
    expect(eventsToJsonl(events)).toBe(
      '{"label":"say \\"hi\\", then wave","start":0.1,"end":1.235,"peak":0.988}\n{"label":"=cmd()","start":2,"end":null,"peak":0.5}\n',
    );
  });
});

test("ranks change at once for who leads, and twice a second for the others", () => {
  const ranking = new Ranking(2);
  expect(ranking.update(scores(0.5, 0.3, 0.2), 0)).toEqual([0, 1]);
  expect(ranking.update(scores(0.5, 0.2, 0.3), 0.2)).toEqual([0, 1]);
  expect(ranking.update(scores(0.5, 0.2, 0.3), 0.6)).toEqual([0, 2]);
  expect(ranking.update(scores(0.1, 0.2, 0.7), 0.7)).toEqual([2, 1]);
});

test("the history keeps its last seconds", () => {
  const history = new History(3);
  for (let i = 0; i <= 8; i++) history.add(i, scores(i / 10, 1 - i / 10));
  expect(history.curves([1])[0]).toEqual([5, 6, 7, 8]);
  expect(history.curves([1])[1]?.map(Math.round)).toEqual([50, 40, 30, 20]);
  expect(history.peaks(1)).toEqual([0]);
  expect(history.peaks(5)).toEqual([0, 1]);
  history.clear();
  expect([history.now, history.curves([0])]).toEqual([null, [[], []]]);
});

test("figures as people read them", () => {
  expect([0, 9.96, 59.96, 62.34].map(clock)).toEqual(["0:00.0", "0:10.0", "1:00.0", "1:02.3"]);
  expect([0, 0.001, 0.5, 0.996, 1].map(percent)).toEqual(["0", "<1", "50", ">99", "100"]);
  expect([0.844, 7.26, 25.4].map(short)).toEqual(["0.84", "7.3", "25"]);
  expect(megabytes(15_063_932)).toBe("15.1 MB");
  expect(fileName("csv", new Date(2026, 10, 8, 9, 5, 7))).toBe("movinet-2026-11-08-09-05-07.csv");
});

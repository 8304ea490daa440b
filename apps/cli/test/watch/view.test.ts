import { stripVTControlCharacters } from "node:util";
import { textWidth } from "movinet/files";
import type { WatchRecord } from "movinet/watch";
import { beforeAll, describe, expect, test } from "vitest";
import { canShowView, Screen } from "../../src/watch/screen.ts";
import { renderView } from "../../src/watch/view.ts";
import { addMessage, addRecord, beginView, rateOf, rememberedMs } from "../../src/watch/view-rows.ts";
import { event, prediction, status } from "./records.ts";

beforeAll(() => {
  process.env["TZ"] = "UTC";
});

const epoch = Date.UTC(2026, 0, 31, 12);
const at = (seconds: number) => new Date(epoch + seconds * 1000).toISOString();

/** Five pictures a second with these scores, one second each. */
const pictures = (source: string, label: string, scores: readonly number[], own = {}): readonly WatchRecord[] =>
  scores.flatMap((score, second) =>
    Array.from({ length: 5 }, (_, k) =>
      prediction({ source, at: at(second + k / 5), predictions: [{ label, index: 0, score }], ...own }),
    ),
  );
const rising = Array.from({ length: 14 }, (_, i) => i / 14);
const view = (names: readonly string[], records: readonly WatchRecord[]) => records.reduce(addRecord, beginView(names));

const shop = view(
  ["door", "Front yard with the long name", "東京支店の入口", "till", "garage"],
  [
    status("live", { source: "door" }),
    ...pictures("door", "carving ice", rising),
    event({ source: "door", label: "carving ice", start: at(9) }),
    status("connecting", { source: "yard" }),
    status("live", { source: "Front yard with the long name" }),
    ...pictures("Front yard with the long name", "catching or throwing baseball in the rain", [0.3, 0.2], {
      lagMs: 25_400,
      dropped: 9,
    }),
    status("live", { source: "東京支店の入口" }),
    ...pictures("東京支店の入口", "太極拳をする人がいます", [1]),
    status("lost", { source: "till", message: "connection refused; trying again in 3 s, as before, until it answers" }),
    status("live", { source: "garage" }),
    event({ source: "garage", label: "falling", phase: "end", start: at(1), end: at(9.5), peak: 0.93 }),
  ],
);

const plain = { rows: 24, color: false };

describe("the view", () => {
  test("at 80 columns", () => {
    expect(renderView(shop, { ...plain, columns: 80 }).join("\n")).toMatchInlineSnapshot(`
      "camera         action              score  last 10 s    fps      lag  drop  state
      door           ● carving ice        93 %  ▃▃▄▅▅▆▆▇▇█   5.0    40 ms     0  live 
      Front yard w…    catching or thr…   20 %          ▃▂   5.0     25 s    90  live 
      東京支店の入…    太極拳をする人…   100 %           █   5.0    40 ms     0  live 
      till           lost: connection refused; trying again in 3 s, as before, until…
      garage           waiting for pic…                                       0  live 
      yard           connecting

      12:00:01  garage: falling for 8.5 s (93 %)
      6 cameras, 1 lost, 1 active. Ctrl-C ends."
    `);
  });

  test("at 60 columns", () => {
    expect(renderView(shop, { ...plain, columns: 60 }).join("\n")).toMatchInlineSnapshot(`
      "camera        action             score   fps      lag  state
      door          ● carving ice       93 %   5.0    40 ms  live 
      Front yard…     catching or th…   20 %   5.0     25 s  live 
      東京支店の…     太極拳をする人…  100 %   5.0    40 ms  live 
      till          lost: connection refused; trying again in 3 s…
      garage          waiting for pi…                        live 
      yard          connecting

      12:00:01  garage: falling for 8.5 s (93 %)
      6 cameras, 1 lost, 1 active. Ctrl-C ends."
    `);
  });

  test("with more cameras than lines, lost ones and those with events stay", () => {
    const names = Array.from({ length: 40 }, (_, i) => `camera ${i}`);
    const many = view(names, [
      status("lost", { source: "camera 31", message: "no data for 5 s" }),
      status("live", { source: "camera 20" }),
      event({ source: "camera 20", label: "falling" }),
    ]);
    expect(renderView(many, { columns: 80, rows: 8, color: false }).join("\n")).toMatchInlineSnapshot(`
      "camera     action                  score  last 10 s    fps      lag  drop  state
      camera 0   connecting
      camera 1   connecting
      camera 2   connecting
      camera 20  ● falling                                                    0  live 
      camera 31  lost: no data for 5 s
      and 35 more cameras
      40 cameras, 1 lost, 1 active. Ctrl-C ends."
    `);
  });

  test("messages stand above events", () => {
    const lines = renderView(addMessage(shop, "movinet: http://host/hook: the server answered 503; trying again"), {
      ...plain,
      columns: 60,
    });
    expect(lines.slice(-4)).toEqual([
      "",
      "movinet: http://host/hook: the server answered 503; trying…",
      "12:00:01  garage: falling for 8.5 s (93 %)",
      "6 cameras, 1 lost, 1 active. Ctrl-C ends.",
    ]);
  });

  test("no line is wider than the terminal, whatever its size; colours add no width", () => {
    for (let columns = 1; columns <= 140; columns++) {
      for (const rows of [1, 2, 3, 5, 9, 30]) {
        const lines = renderView(shop, { columns, rows, color: false });
        expect(lines.length).toBeLessThanOrEqual(rows);
        if (columns >= 30)
          expect(Math.max(...lines.map(textWidth)), `${columns} × ${rows}`).toBeLessThanOrEqual(columns);
        const colored = renderView(shop, { columns, rows, color: true }).map(stripVTControlCharacters);
        expect(colored).toEqual(lines);
      }
    }
  });

  test("labels cannot steer the terminal", () => {
    const hostile = view(["a\x1b[2J"], pictures("a\x1b[2J", "b\x1b]0;title\x07\nc", [0.5]));
    expect(renderView(hostile, { ...plain, columns: 80 }).join("")).not.toMatch(/\p{Cc}/u);
  });
});

test("of a path or URL the end is shown", () => {
  const name = "rtsp://10.0.0.5/a/long/path/to/sub";
  expect(renderView(view([name], [status("live", { source: name })]), { ...plain, columns: 80 })[1]).toMatch(
    /^…\S+path\/to\/sub {2}/,
  );
});

describe("a row", () => {
  test("has the rate of the last seconds, and forgets what is long ago", () => {
    const { rows } = view(["door"], pictures("door", "a", new Array(100).fill(0.5)));
    expect(rateOf(rows[0] as (typeof rows)[0])).toBeCloseTo(5, 5);
    expect(rows[0]?.moments.length).toBeLessThanOrEqual((rememberedMs / 1000) * 5);
  });

  test("adds up what was dropped, and forgets the answers of a lost camera", () => {
    const live = [status("live"), ...pictures("door", "a", [0.9], { dropped: 2 })];
    expect(view(["door"], live).rows[0]).toMatchObject({ dropped: 10, label: "a" });
    expect(view(["door"], [...live, status("lost")]).rows[0]).toMatchObject({ dropped: 10, label: null, moments: [] });
  });
});

describe("the screen", () => {
  const fake = () => {
    const listeners = new Map<string, () => void>();
    const written: string[] = [];
    return {
      written,
      listeners,
      columns: 80,
      rows: 6,
      isSlow: false,
      write(text: string) {
        written.push(text);
        return !this.isSlow;
      },
      on: (name: string, listener: () => void) => listeners.set(name, listener),
      off: (name: string) => listeners.delete(name),
    };
  };
  const settled = () => new Promise((resolve) => setTimeout(resolve, 150));

  test("many records are one drawing; the end restores the terminal and leaves the last state", async () => {
    const stream = fake();
    const screen = new Screen(["door"], stream, false);
    expect(stream.written[0]).toBe("\x1b[?1049h\x1b[?25l");
    const drawn = stream.written.length;
    for (const record of [status("live"), ...pictures("door", "carving ice", rising)]) screen.add(record);
    await settled();
    expect(stream.written.length - drawn).toBe(1);
    expect(stream.written.at(-1)).toContain("carving ice");
    screen.warn("movinet: a: b\x1b[2J");
    expect(screen.close()).toEqual(["movinet: a: b�[2J"]);
    const [end = "", row = "", ...rest] = stream.written.at(-1)?.split("\n") ?? [];
    expect(end.startsWith("\x1b[?25h\x1b[?1049lcamera ")).toBe(true);
    expect(row).toMatch(/^door .*carving ice/);
    expect(rest).toEqual([""]);
    const after = stream.written.length;
    expect(screen.close()).toEqual([]);
    screen.add(status("lost"));
    await settled();
    expect(stream.written.length).toBe(after);
    expect(stream.listeners.size).toBe(0);
  });

  test("a new size is drawn", async () => {
    const stream = fake();
    const screen = new Screen(["door"], stream, false);
    stream.columns = 40;
    stream.rows = 9;
    stream.listeners.get("resize")?.();
    await settled();
    expect(stream.written.at(-1)?.split("\r\n")).toHaveLength(9);
    screen.close();
  });

  test("a slow terminal gets the latest state when it is ready, nothing in between", async () => {
    const stream = fake();
    const screen = new Screen(["door"], stream, false);
    stream.isSlow = true;
    screen.add(status("live"));
    await settled();
    const drawn = stream.written.length;
    screen.add(status("lost", { message: "gone" }));
    await settled();
    expect(stream.written.length).toBe(drawn);
    stream.isSlow = false;
    stream.listeners.get("drain")?.();
    await settled();
    expect(stream.written.length).toBe(drawn + 1);
    expect(stream.written.at(-1)).toContain("gone");
    screen.close();
  });

  test("only a terminal that can move its cursor shows it", () => {
    expect(canShowView({ isTTY: true }, { TERM: "xterm" })).toBe(true);
    expect(canShowView({ isTTY: true }, { TERM: "dumb" })).toBe(false);
    expect(canShowView({}, { TERM: "xterm" })).toBe(false);
  });
});

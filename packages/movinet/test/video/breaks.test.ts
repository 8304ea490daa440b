import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFixedClock, createJoinableClock, type Stamps } from "../../src/video/breaks.ts";

const containers = ["joinable", "fixed"] as const;
type Container = (typeof containers)[number];

function clockOf(container: Container, latest: number | null = null) {
  return container === "joinable" ? createJoinableClock() : createFixedClock(latest);
}

/** Places packets of 0.1 s that are stamped so; null has no stamp. */
function placed(container: Container, times: readonly (number | null)[], latest: number | null = null) {
  const clock = clockOf(container, latest);
  const packets = times.map((time): Stamps => ({ dts: time, pts: time, duration: 0.1 }));
  const all = packets.map((stamps, i) => clock.place(stamps, (k) => packets[i + 1 + k] ?? null));
  const { restarts, damaged } = clock;
  return { times: all.map(({ pts }) => (pts === null ? null : Number(pts.toFixed(3)))), restarts, damaged };
}

const counted = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i / 10);
const rounded = (times: readonly number[]) => times.map((time) => Number(time.toFixed(3)));

describe("kind of break × kind of container", () => {
  const pieces = (...starts: number[]) => starts.flatMap((start) => counted(start, 30));
  const inRow = (gap: number) => [...counted(0, 30), ...counted(3 + gap, 30)];
  const shorts = [...counted(0, 9), ...counted(0, 9), ...counted(0, 9)];

  // What goes back where the clock may not begin anew keeps its stamps: its pictures come too late to be shown.
  test.each<[string, number[], Record<Container, number[]>, number]>([
    ["a step back by 1 s or less", shorts, { joinable: counted(0, 27), fixed: shorts }, 2],
    ["a step back by 3 s", pieces(0, 0), { joinable: inRow(0), fixed: pieces(0, 0) }, 1],
    ["a step back by a day", pieces(86_400, 0), { joinable: counted(86_400, 60), fixed: pieces(86_400, 0) }, 1],
    ["a step forth by 5 s", inRow(5), { joinable: inRow(5), fixed: inRow(5) }, 0],
    ["a step forth by 100 s", inRow(100), { joinable: inRow(0), fixed: inRow(100) }, 1],
    ["a step forth by a day", inRow(86_400), { joinable: inRow(0), fixed: inRow(86_400) }, 1],
  ])("%s", (_, times, expected, restarts) => {
    expect(placed("joinable", times)).toEqual({ times: rounded(expected.joinable), restarts, damaged: 0 });
    expect(placed("fixed", times)).toEqual({ times: rounded(expected.fixed), restarts: 0, damaged: 0 });
  });

  test.each([
    ["one forth", [7], 5000],
    ["one back", [7], -4],
    ["one a little forth", [7], 4],
    ["a run forth", counted(7, 20), 8],
    ["a run back", counted(7, 20), -6],
    ["a run far forth", counted(7, 200), 50_000],
  ])("damaged stamps: %s; what follows stays where it is", (_, run, by) => {
    const sound = counted(0, 300);
    const times = sound.map((time) => (time >= run[0]! - 0.01 && time <= run.at(-1)! + 0.01 ? time + by : time));
    const mended = { times: rounded(sound), restarts: 0, damaged: run.length };
    expect(placed("joinable", times)).toEqual(mended);
    expect(placed("fixed", times)).toEqual(by > 0 ? mended : { times: rounded(times), restarts: 0, damaged: 0 });
  });

  test("a last stamp beyond what the file declares, or far away with nothing declared, is damaged", () => {
    const times = [...counted(0, 30), 700];
    expect(placed("fixed", times, 3).times.at(-1)).toBe(3);
    expect(placed("fixed", times, 800).times.at(-1)).toBe(700);
    expect(placed("fixed", times).times.at(-1)).toBe(3);
    expect(placed("fixed", [...times, 700.1, 700.2, 700.3]).times.slice(-4)).toEqual([700, 700.1, 700.2, 700.3]);
    expect(placed("fixed", [0, 300, 600]).times).toEqual([0, 300, 600]);
  });
});

test("pictures that are coded before others that are shown earlier keep their times, also across a gap", () => {
  const order = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8];
  const at = (i: number, gap: number) => i / 10 + (i >= 5 ? gap : 0);
  for (const gap of [0, 50]) {
    for (const container of containers) {
      const clock = clockOf(container);
      const packets = order.map(
        (i, k): Stamps => ({ dts: k < 2 ? (k - 2) / 10 : at(k - 2, gap), pts: at(i, gap), duration: 0.1 }),
      );
      const got = packets.map((stamps, i) => clock.place(stamps, (k) => packets[i + 1 + k] ?? null).pts);
      const wanted = order.map((i) => at(i, container === "joinable" ? 0 : gap));
      // Where a jump is left out, what is coded before it and shown after it has no time of its own.
      for (const [k, pts] of got.entries()) if (pts !== null) expect(pts).toBeCloseTo(wanted[k]!, 6);
      expect(got.filter((pts) => pts === null)).toHaveLength(container === "joinable" && gap > 0 ? 2 : 0);
      expect(clock.damaged).toBe(0);
    }
  }
});

test("slides that are coded before others that are shown earlier run ahead of nothing, also at the end", () => {
  const slides = [
    { dts: 131.5, pts: 132.9, duration: 0.4 },
    { dts: 131.9, pts: 131.9, duration: 1 },
    { dts: 132.9, pts: 136.1, duration: 3.1 },
    { dts: 136, pts: 136, duration: 0.1 },
    { dts: 136.1, pts: 144, duration: 0.1 },
    { dts: 136.2, pts: 136.2, duration: 3.7 },
    { dts: 139.9, pts: 139.9, duration: 0.1 },
    { dts: 140, pts: 140, duration: 4 },
    { dts: 144, pts: 145.8, duration: 0.1 },
  ];
  const placedBy = (reordered: boolean) => {
    const clock = createFixedClock(150, reordered);
    return slides.map((stamps, i) => clock.place(stamps, (k) => slides[i + 1 + k] ?? null).pts);
  };
  expect(placedBy(true)).toEqual(slides.map(({ pts }) => pts));
  const deep = [91.32, 95.28, 99.08, 101.04, 100.08, 103.36, 106.92, 111.92, 110.64, 107.84, 111.12, 112.64];
  const packets = deep.map((pts, i): Stamps => ({ dts: 86.4 + 2 * i, pts, duration: 0.04 }));
  const clock = createFixedClock(120);
  const got = packets.map((stamps, i) => clock.place(stamps, (k) => packets[i + 1 + k] ?? null).pts);
  expect(got).toEqual(deep);
  // Where nothing is reordered, the one that runs ahead is damaged.
  expect(placedBy(false)[4]).toBeLessThan(137);
});

test("packets without stamps do not disturb the clock", () => {
  expect(placed("joinable", [5, null, null, 5.3, 0, null, 0.2])).toEqual({
    times: [5, null, null, 5.3, 5.4, null, 5.6],
    restarts: 1,
    damaged: 0,
  });
});

test("where streams may be joined, the clock never steps back or jumps, whatever the stamps are", () => {
  const times = fc.array(fc.option(fc.double({ min: -1e9, max: 1e9, noNaN: true })), { maxLength: 40 });
  fc.assert(
    fc.property(times, (stamps) => {
      const clock = createJoinableClock();
      const packets = stamps.map((dts): Stamps => ({ dts, pts: null, duration: 0.1 }));
      let last: number | null = null;
      for (const [i, packet] of packets.entries()) {
        const { dts } = clock.place(packet, (k) => packets[i + 1 + k] ?? null);
        if (dts !== null && last !== null) {
          expect(dts - last).toBeGreaterThan(-0.1 - 1e-6);
          expect(dts - last).toBeLessThan(10 + 0.1 * packets.length + 1e-6);
        }
        last = dts ?? last;
      }
    }),
  );
});

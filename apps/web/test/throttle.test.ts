/** Drawing at most so often: nothing is late for more than an interval, and the last value always comes. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Throttle } from "../src/logic/throttle.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Gives a value every so many milliseconds, and notes what is shown when. */
function shownOf(count: number, every: number, isUrgent: (value: number) => boolean = () => false) {
  const shown: (readonly [value: number, at: number])[] = [];
  const begin = performance.now();
  const throttle = new Throttle<number>(95, (value) => shown.push([value, performance.now() - begin]));
  for (let i = 0; i < count; i++) {
    throttle.give(i, isUrgent(i));
    vi.advanceTimersByTime(every);
  }
  vi.advanceTimersByTime(1000);
  return shown;
}

test("30 a second: about ten, and the last one", () => {
  expect(shownOf(10, 33)).toEqual([
    [0, 0],
    [2, 95],
    [5, 190],
    [8, 285],
    [9, 380],
  ]);
});

test("slower than the interval: each at once", () => {
  expect(shownOf(3, 100)).toEqual([
    [0, 0],
    [1, 100],
    [2, 200],
  ]);
});

test("an urgent one at once, and the next one an interval later", () => {
  expect(shownOf(4, 33, (value) => value === 1)).toEqual([
    [0, 0],
    [1, 33],
    [3, 128],
  ]);
});

test("cleared, nothing comes", () => {
  const shown: number[] = [];
  const throttle = new Throttle<number>(95, (value) => shown.push(value));
  for (const value of [1, 2]) throttle.give(value, false);
  throttle.clear();
  vi.advanceTimersByTime(1000);
  expect(shown).toEqual([1]);
});

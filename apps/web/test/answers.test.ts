/** What is drawn of many answers, and when. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { forgetAnswers, noteAnswer, noteEvents } from "../src/answers.ts";
import type { ActionEvent } from "../src/logic/event-log.ts";
import * as state from "../src/state.ts";

beforeEach(() => {
  vi.useFakeTimers();
  forgetAnswers();
  state.events.value = [];
});
afterEach(() => void vi.useRealTimers());

const run: ActionEvent = { id: 1, label: "run", start: 0, end: null, peak: 0.6 };

function say(time: number, index: number | null, events: readonly ActionEvent[] = []): void {
  const named = index === null ? null : { index, score: 0.6 };
  noteAnswer({ time, scores: Float32Array.of(0.6, 0.4), named, ms: 10, stateSeconds: time, dropped: 0, events });
  vi.advanceTimersByTime(33);
}
const drawn = () => state.answer.value?.time;

test("figures wait for their turn, a new name does not", () => {
  say(0, null);
  expect(drawn()).toBe(0);
  say(0.033, null);
  expect(drawn()).toBe(0);
  say(0.066, 1);
  expect(drawn()).toBe(0.066);
  say(0.1, 1);
  expect(drawn()).toBe(0.066);
  vi.advanceTimersByTime(100);
  expect(drawn()).toBe(0.1);
  // The curve has them all.
  expect(state.history.curves([0])[0]).toEqual([0, 0.033, 0.066, 0.1]);
});

test("the end of an event is not undone by what waits to be drawn", () => {
  say(0, 0);
  say(0.033, 0, [run]);
  noteEvents([{ ...run, end: 0.5, peak: 0.7 }]);
  vi.advanceTimersByTime(200);
  expect(state.events.value).toEqual([{ ...run, end: 0.5, peak: 0.7 }]);
});

test("a reset keeps events that were not drawn yet, and draws no old answer", () => {
  say(0, 0);
  say(0.033, 0, [run]);
  forgetAnswers();
  vi.advanceTimersByTime(200);
  expect([drawn(), state.events.value.length, state.history.now]).toEqual([undefined, 1, null]);
});

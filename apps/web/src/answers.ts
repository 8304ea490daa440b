/** Writes what the worker says into the state: names at once, figures only as fast as they can be read. */
import { batch } from "@preact/signals";
import type { ActionEvent } from "./logic/event-log.ts";
import type { Answer } from "./logic/live.ts";
import { Throttle } from "./logic/throttle.ts";
import { wholeView } from "./logic/zoom.ts";
import * as state from "./state.ts";

/** Milliseconds between drawings while the name stays. */
const drawEvery = 95;
/** Older events are dropped from the list. */
const mostEvents = 10_000;

/** Arrival times of the last answers, milliseconds. */
let arrivals: number[] = [];
let msPerFrame: number | null = null;
/** By id, not shown yet. */
const changed = new Map<number, ActionEvent>();

const drawing = new Throttle<Answer>(drawEvery, (answer) => {
  const seconds = ((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)) / 1000;
  batch(() => {
    state.answer.value = answer;
    state.msPerFrame.value = msPerFrame;
    state.answersPerSecond.value = arrivals.length > 5 ? (arrivals.length - 1) / seconds : null;
    showEvents();
  });
});

export function noteAnswer(answer: Answer): void {
  const now = performance.now();
  arrivals = [...arrivals.filter((at) => now - at < 2000), now];
  msPerFrame = msPerFrame === null ? answer.ms : 0.9 * msPerFrame + 0.1 * answer.ms;
  for (const event of answer.events) changed.set(event.id, event);
  state.history.add(answer.time, answer.scores);
  drawing.give(answer, answer.named?.index !== state.answer.value?.named?.index);
}

/** Notes events that ended without an answer. */
export function noteEvents(events: readonly ActionEvent[]): void {
  for (const event of events) changed.set(event.id, event);
  showEvents();
}

function showEvents(): void {
  if (changed.size === 0) return;
  const known = state.events.value.filter(({ id }) => !changed.has(id));
  state.events.value = [...changed.values(), ...known].sort((a, b) => b.id - a.id).slice(0, mostEvents);
  changed.clear();
}

/** The state of the model was reset, or the model is another. */
export function forgetAnswers(): void {
  drawing.clear();
  showEvents();
  arrivals = [];
  msPerFrame = null;
  state.history.clear();
  batch(() => {
    state.answer.value = null;
    state.view.value = wholeView;
    state.answersPerSecond.value = null;
    state.msPerFrame.value = null;
  });
}

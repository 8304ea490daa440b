/** The page's side of the worker: sends messages, and writes the answers into the state. */
import { batch, effect } from "@preact/signals";
import type { EngineName } from "./engines.ts";
import { noticeOf } from "./failures.ts";
import type { ActionEvent } from "./logic/event-log.ts";
import { isTflite } from "./logic/format.ts";
import type { Answer } from "./logic/live.ts";
import type { Failure, FromWorker, ModelChoice, ToWorker } from "./messages.ts";
import * as state from "./state.ts";

const worker = new Worker(new URL("./worker/worker.ts", import.meta.url), { type: "module" });
let onTaken = () => {};
/** Arrival times of the last answers, milliseconds. */
let arrivals: number[] = [];

export function send(message: ToWorker, transfer: Transferable[] = []): void {
  worker.postMessage(message, transfer);
}

/** Sets the listener for frames that the worker has finished with. */
export function whenTaken(listener: () => void): void {
  onTaken = listener;
}

export function loadModel(choice: ModelChoice): void {
  state.loading.value = { choice, loaded: 0, total: 0, fromDialog: state.choosingModel.value };
  // LiteRT is for files of its own kind; any other model goes on with WebAssembly.
  const asked = state.model.value?.asked ?? "auto";
  const engine = asked === "litert" && !(choice.kind === "file" && isTflite(choice.name)) ? "auto" : asked;
  const files = new URL("engines/", document.baseURI).href;
  send({ kind: "load", model: choice, engine, files }, choice.kind === "file" ? [choice.bytes] : []);
}

/** Opens the model again, on another engine. */
export function changeEngine(engine: EngineName): void {
  state.changingTo.value = engine;
  send({ kind: "engine", engine });
}

/** A processor that stands in for a GPU is slower than our WebAssembly. */
export async function lookForGpu(): Promise<void> {
  const adapter = "gpu" in navigator ? await navigator.gpu.requestAdapter().catch(() => null) : null;
  state.gpu.value = adapter !== null && !adapter.info?.isFallbackAdapter;
}

export function fail(failure: Failure): void {
  state.notice.value = noticeOf(failure);
}

/** Older events are dropped from the list. */
const mostEvents = 10_000;
function noteEvents(changed: readonly ActionEvent[]): void {
  if (changed.length === 0) return;
  const known = state.events.value.filter(({ id }) => changed.every((event) => event.id !== id));
  state.events.value = [...changed, ...known].sort((a, b) => b.id - a.id).slice(0, mostEvents);
}

function noteAnswer(answer: Answer): void {
  const now = performance.now();
  arrivals = [...arrivals.filter((at) => now - at < 2000), now];
  const first = arrivals[0] as number;
  state.history.add(answer.time, answer.scores);
  batch(() => {
    state.answer.value = answer;
    const before = state.msPerFrame.value;
    state.msPerFrame.value = before === null ? answer.ms : 0.9 * before + 0.1 * answer.ms;
    state.answersPerSecond.value = arrivals.length > 5 ? (1000 * (arrivals.length - 1)) / (now - first) : null;
    noteEvents(answer.events);
  });
}

function forget(): void {
  arrivals = [];
  state.history.clear();
  batch(() => {
    state.answer.value = null;
    state.answersPerSecond.value = null;
    state.msPerFrame.value = null;
  });
}

function endLoading(): void {
  if (state.loading.value?.fromDialog) state.choosingModel.value = false;
  state.loading.value = null;
}

const handlers: { readonly [Kind in FromWorker["kind"]]: (message: FromWorker & { kind: Kind }) => void } = {
  progress({ loaded, total }) {
    const { value } = state.loading;
    if (value !== null) state.loading.value = { ...value, loaded, total };
  },
  opened({ model, last }) {
    forget();
    batch(() => {
      state.changingTo.value = null;
      state.model.value = model;
      if (last) endLoading();
    });
  },
  cancelled: () => {
    state.changingTo.value = null;
    state.loading.value = null;
  },
  failed({ failure }) {
    if (failure.during === "model") {
      state.changingTo.value = null;
      endLoading();
    }
    fail(failure);
  },
  answer: ({ answer }) => noteAnswer(answer),
  events: ({ events }) => noteEvents(events),
  restarted: forget,
  taken: () => onTaken(),
};

worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) =>
  (handlers[data.kind] as (message: FromWorker) => void)(data),
);
worker.addEventListener("error", (event) => {
  event.preventDefault();
  fail({ during: "worker", code: "WorkerError", message: "Its script did not load or run." });
});

effect(() => {
  // A slower source takes the higher rates away.
  const { settings, rates } = state;
  const most = rates.value.at(-1)?.streams ?? 1;
  if (settings.value.streams > most) settings.value = { ...settings.value, streams: most };
  else send({ kind: "settings", settings: settings.value });
});

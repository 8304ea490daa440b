/** The page's side of the worker: sends messages, and passes on the answers. */
import { batch, effect } from "@preact/signals";
import { forgetAnswers, noteAnswer, noteEvents } from "./answers.ts";
import type { EngineName } from "./engines.ts";
import { noticeOf } from "./failures.ts";
import type { ClipNews } from "./file/messages.ts";
import { isTflite } from "./logic/format.ts";
import type { Failure, FromWorker, ModelChoice } from "./messages.ts";
import { broken, send, worker } from "./port.ts";
import * as state from "./state.ts";

let onTaken = () => {};
let onClip = (_job: number, _news: ClipNews) => {};

/** Sets the listener for frames that the worker has finished with. */
export function whenTaken(listener: () => void): void {
  onTaken = listener;
}

/** Sets the listener for news of clips. */
export function whenClip(listener: typeof onClip): void {
  onClip = listener;
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
    forgetAnswers();
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
  restarted: forgetAnswers,
  taken: () => onTaken(),
  clip: ({ job, news }) => onClip(job, news),
};

worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) =>
  (handlers[data.kind] as (message: FromWorker) => void)(data),
);
void broken.then(() => fail({ during: "worker", code: "WorkerError", message: "Its script did not load or run." }));

effect(() => {
  // A slower source takes the higher rates away.
  const { settings, rates } = state;
  const most = rates.value.at(-1)?.streams ?? 1;
  if (settings.value.streams > most) settings.value = { ...settings.value, streams: most };
  else send({ kind: "settings", settings: settings.value });
});

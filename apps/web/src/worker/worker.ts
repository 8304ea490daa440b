/** The worker: owns the model and its streams, and carries out messages in order. */
import { openEngine } from "movinet/session";
import type { FromWorker, LiveSettings, Picture, ToWorker } from "../messages.ts";
import { ClipJobs } from "./clip-jobs.ts";
import { describe } from "./describe.ts";
import { type Loaded, load, setEmbedded, type Wish } from "./load.ts";
import { Viewer } from "./viewer.ts";

interface Scope {
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent<ToWorker>) => void): void;
}
const scope = self as unknown as Scope;

let settings: LiveSettings = { threshold: 0.5, halfLifeSeconds: 1, streams: 1 };
let loaded: Loaded | null = null;
let viewer: Viewer | null = null;
let loading = new AbortController();
let reading = new AbortController();
let paused = false;
const clips = new ClipJobs((job, news, transfer) => scope.postMessage({ kind: "clip", job, news }, transfer));
/** Seconds of video that models have seen so far. */
let time = 0;
/** Counts sources. */
let source = 0;
/** The first frame waits for the first model, so that its answer comes as soon as it can. */
const firstModel = Promise.withResolvers<void>();

/** Work on the streams runs one after the other. */
let turn: Promise<void> = Promise.resolve();
function inTurn(during: "model" | "step", work: () => Promise<void>): Promise<void> {
  turn = turn.then(work).catch(async (error: unknown) => {
    fail(during, error);
    if (during === "model") return;
    // The streams may be broken, and every frame would fail again.
    await viewer?.close().catch(() => {});
    viewer = null;
    if (describe(error).code === "E_DEVICE_LOST" && loaded) void openModel({ ...loaded.wish, engine: "auto" });
  });
  return turn;
}

function fail(during: "model" | "step", error: unknown): void {
  scope.postMessage({ kind: "failed", failure: { during, ...describe(error) } });
}

async function openViewer(): Promise<void> {
  time = viewer?.live.time ?? time;
  await viewer?.close();
  viewer = null;
  if (loaded === null) return;
  viewer = await Viewer.open(loaded.recognizer, settings, time);
}

async function see(picture: Picture, seconds: number): Promise<void> {
  const answer = paused ? null : await viewer?.live.see(picture, seconds, settings.threshold);
  if (answer) scope.postMessage({ kind: "answer", answer });
}

async function forget(): Promise<void> {
  const events = (await viewer?.live.restart()) ?? [];
  scope.postMessage({ kind: "events", events });
  scope.postMessage({ kind: "restarted" });
}

/** Reads a camera until the source changes. During a step the browser keeps the newest frame and drops the others. */
async function read(readable: ReadableStream<VideoFrame>, { signal }: AbortController): Promise<void> {
  const reader = readable.getReader();
  signal.addEventListener("abort", () => void reader.cancel().catch(() => {}));
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    await inTurn("step", async () => {
      if (!signal.aborted) await see(value, value.timestamp / 1e6);
    });
    value.close();
  }
}

async function openModel(wish: Wish): Promise<void> {
  loading.abort();
  const controller = new AbortController();
  loading = controller;
  const onProgress = (done: number, total: number) => scope.postMessage({ kind: "progress", loaded: done, total });
  try {
    const next = await load(wish, controller.signal, onProgress);
    await inTurn("model", async () => {
      const before = loaded;
      loaded = next;
      await openViewer().catch(async (error: unknown) => {
        loaded = before;
        await next.recognizer.close();
        await openViewer();
        throw error;
      });
      await clips.stop();
      await before?.recognizer.close();
      scope.postMessage({ kind: "opened", model: next.described, last: loading === controller });
    });
  } catch (error) {
    if (loading !== controller) return; // another model was chosen meanwhile
    if (controller.signal.aborted) scope.postMessage({ kind: "cancelled" });
    else fail("model", error);
  } finally {
    firstModel.resolve();
  }
}

const handlers: { readonly [Kind in ToWorker["kind"]]: (message: ToWorker & { kind: Kind }) => void | Promise<void> } =
  {
    embedded: ({ bytes }) => setEmbedded(bytes),
    load: (wish) => void openModel(wish),
    engine({ engine }) {
      if (loaded) void openModel({ ...loaded.wish, engine });
    },
    cancel: () => loading.abort(),
    settings({ settings: next }) {
      const { halfLifeSeconds, streams } = settings;
      settings = next;
      if (next.halfLifeSeconds !== halfLifeSeconds || next.streams !== streams) void inTurn("step", openViewer);
    },
    pictures({ readable }) {
      reading = new AbortController();
      read(readable, reading).catch((error: unknown) => fail("step", error));
    },
    async picture({ picture, seconds }) {
      const from = source;
      await firstModel.promise;
      await inTurn("step", async () => {
        if (from === source) await see(picture, seconds);
      });
      picture.close();
      scope.postMessage({ kind: "taken" });
    },
    restart() {
      source++;
      reading.abort();
      void inTurn("step", forget);
    },
    ended: () =>
      void inTurn("step", async () => {
        scope.postMessage({ kind: "events", events: viewer?.live.end() ?? [] });
      }),
    reset: () => void inTurn("step", forget),
    pause({ paused: next }) {
      paused = next;
    },
    clip({ job, file }) {
      if (loaded !== null) void clips.start(loaded.recognizer, file, job);
    },
    "stop-clip": () => void clips.stop(),
  };

// The engine's code comes while the built-in model does. What fails here fails again in `load`, which reports it.
openEngine().catch(() => {});

scope.addEventListener("message", ({ data }) => void (handlers[data.kind] as (message: ToWorker) => void)(data));

/** The clip: has it classified by the worker, and writes what comes back into the state. */
import { batch, effect, untracked } from "@preact/signals";
import sampleUrl from "../../generated/sample.mp4?url";
import type { OpenModel } from "../messages.ts";
import { send } from "../port.ts";
import { fail, whenClip } from "../recogniser.ts";
import { clipFile, clipPlayable, model, notice, shownView } from "../state.ts";
import type { ClipNews } from "./messages.ts";
import { Recording } from "./recording.ts";
import * as state from "./state.ts";

let job = 0;
let started = 0;
/** The file that the state belongs to, and the model. */
let shown: File | null = null;
let readWith: OpenModel | null = null;

/** Has the clip classified from its beginning. */
export function begin(): void {
  const file = clipFile.value;
  if (file === null) return;
  stopReading();
  state.recording.value.close();
  batch(() => {
    state.recording.value = new Recording();
    state.phase.value = "waiting";
    state.reached.value = 0;
    state.speed.value = null;
    state.segments.value = [];
    state.result.value = null;
    notice.value = null;
    if (file === shown) return;
    state.declared.value = null;
    state.playhead.value = 0;
    clipPlayable.value = null;
  });
  shown = file;
  readWith = model.value;
  if (model.value === null) return;
  state.phase.value = "reading";
  started = performance.now();
  send({ kind: "clip", job: ++job, file });
}

/** Stops classifying, and keeps what is known. `next`: `waiting` begins anew when the view is back. */
export function stop(next: "stopped" | "waiting" = "stopped"): void {
  stopReading();
  if (state.phase.value === "reading") state.phase.value = next;
}

function stopReading(): void {
  job++;
  send({ kind: "stop-clip" });
}

/** Opens the generated sample. */
export async function openSample(): Promise<void> {
  try {
    const response = await fetch(sampleUrl);
    clipFile.value = new File([await response.blob()], "sample.mp4", { type: "video/mp4" });
  } catch {
    fail({ during: "clip", code: "NoSample", message: "The sample did not load. Check the network." });
  }
}

const handlers: { readonly [Kind in ClipNews["kind"]]: (news: ClipNews & { kind: Kind }) => void } = {
  open({ duration, aspect }) {
    state.aspect.value = aspect;
    state.declared.value ??= duration;
  },
  more({ moments, tiles, segments }) {
    state.recording.value.add(moments, tiles);
    const reached = (moments.at(-1)?.time ?? 0) + 1 / (model.value?.fps ?? 1);
    batch(() => {
      if (moments.length > 0) state.reached.value = reached;
      state.speed.value = state.reached.value / ((performance.now() - started) / 1000);
      if (segments !== null) state.segments.value = segments;
    });
  },
  done({ result }) {
    state.result.value = result;
    state.reached.value = result.duration;
    state.phase.value = "done";
  },
  failed({ code, message }) {
    state.phase.value = "failed";
    const isUnable = code === "E_VIDEO_CODEC" && typeof VideoDecoder === "undefined";
    fail({ during: "clip", code: isUnable ? "NoWebCodecs" : code, message });
  },
};

whenClip((of, news) => {
  if (of === job) batch(() => (handlers[news.kind] as (news: ClipNews) => void)(news));
  else if (news.kind === "more") for (const { picture } of news.tiles) picture.close();
});

// Another clip, another model, or back from the live view, which had stopped it.
effect(() => {
  const isShown = shownView.value === "file" && clipFile.value !== null;
  void model.value;
  untracked(() => {
    if (!isShown) stop("waiting");
    else if (shown !== clipFile.value || readWith !== model.value || state.phase.value === "waiting") begin();
  });
});

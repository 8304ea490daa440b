/** The annotated video, which a worker of its own writes. It ends with the worker. */
import { effect, signal } from "@preact/signals";
import { saveAs } from "../actions.ts";
import { clipFile, labelOf, model } from "../state.ts";
import type { FromAnnotate, ToAnnotate } from "./annotate-worker.ts";
import type { Caption } from "./caption.ts";
import { nameOf } from "./exports.ts";
import { likeliest } from "./recording.ts";
import { segments } from "./state.ts";

/** Share of the video that has been written; null: none is being written. */
export const writing = signal<number | null>(null);
/** What became of the last one, for the user. */
export const outcome = signal<string | null>(null);

let worker: Worker | null = null;

/** Writes and saves the annotated video. */
export function annotate(): void {
  const file = clipFile.value;
  if (file === null) return;
  cancelAnnotation();
  [writing.value, outcome.value] = [0, null];
  worker = new Worker(new URL("./annotate-worker.ts", import.meta.url), { type: "module" });
  worker.addEventListener("message", ({ data }: MessageEvent<FromAnnotate>) => {
    if (data.kind === "progress") {
      writing.value = data.share;
      return;
    }
    cancelAnnotation();
    if (data.kind === "failed") {
      const why = data.code === "RangeError" ? "There is not enough memory for it." : data.message;
      outcome.value = `The video could not be written. ${why}`;
      return;
    }
    const { bytes, ending, lostSound } = data;
    saveAs(new Blob([bytes], { type: `video/${ending}` }), nameOf(file, `-annotated.${ending}`));
    outcome.value = lostSound === null ? null : `Saved without sound: ${lostSound}.`;
  });
  worker.addEventListener("error", (event) => {
    event.preventDefault();
    cancelAnnotation();
    outcome.value = "The video could not be written. Reload the page and try again.";
  });
  worker.postMessage({ file, captions: captions() } satisfies ToAnnotate);
}

/** Stops at once; nothing is saved. */
export function cancelAnnotation(): void {
  worker?.terminate();
  worker = null;
  writing.value = null;
}

// It belongs to one clip and its answers.
effect(() => {
  void [clipFile.value, model.value];
  cancelAnnotation();
  outcome.value = null;
});

/** The segments; a clip has at least one. */
function captions(): readonly Caption[] {
  return segments.value.map(({ start, scores }) => {
    const index = likeliest(scores);
    return { from: start, label: labelOf(index), score: scores[index] as number };
  });
}

/** User actions: files, settings, and what can be saved. */
import { eventsToCsv, eventsToJsonl } from "./logic/export.ts";
import { fileName, percent } from "./logic/format.ts";
import type { LiveSettings } from "./messages.ts";
import { send } from "./port.ts";
import { loadModel } from "./recogniser.ts";
import { playCamera, playFile, playSample, shownVideo, stop } from "./sources/player.ts";
import * as state from "./state.ts";

export function change(settings: Partial<LiveSettings>): void {
  state.settings.value = { ...state.settings.value, ...settings };
}

/** Resets the state of the model. */
export function reset(): void {
  send({ kind: "reset" });
}

export function clearEvents(): void {
  state.events.value = [];
}

/** Opens chosen or dropped files: a model, with a text file of labels if there is one, or else a video. */
export async function openFiles(files: readonly File[]): Promise<void> {
  const model = files.find(({ name }) => /\.(safetensors|tflite)$/i.test(name));
  if (model !== undefined) {
    const list = files.find(({ name }) => /\.txt$/i.test(name));
    const labels = list === undefined ? null : (await list.text()).trim().split(/\r?\n/);
    loadModel({ kind: "file", name: model.name, bytes: await model.arrayBuffer(), labels });
    return;
  }
  const [file] = files;
  if (file === undefined) return;
  showView("file");
  state.clipFile.value = file;
}

/** What the live view goes back to. */
let left: state.SourceKind | null = null;

/** Shows the other view. The live source ends while the File view is shown: both use the one model. */
export function showView(view: "live" | "file"): void {
  if (view === state.shownView.value) return;
  if (view === "live") {
    if (left === "camera") void playCamera();
    else playSample();
    return;
  }
  left = state.source.value?.kind ?? null;
  stop();
  state.notice.value = null;
  state.shownView.value = "file";
}

/** Plays the clip of the File view in the live view. */
export function playClipLive(): void {
  if (state.clipFile.value !== null) playFile(state.clipFile.value);
}

export function saveEvents(format: "csv" | "jsonl"): void {
  const oldestFirst = state.events.value.toReversed();
  const text = format === "csv" ? eventsToCsv(oldestFirst) : eventsToJsonl(oldestFirst);
  save(new Blob([text], { type: format === "csv" ? "text/csv" : "application/jsonl" }), format);
}

/** Saves the picture as a PNG, with its name below it. */
export async function saveSnapshot(): Promise<void> {
  const video = shownVideo();
  if (video === null || video.videoWidth === 0) return;
  const { videoWidth: width, videoHeight: height } = video;
  const line = Math.max(28, Math.round(height / 14));
  const canvas = new OffscreenCanvas(width, height + 2 * line);
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.fillStyle = "#101214";
  context.fillRect(0, 0, width, height + 2 * line);
  context.save();
  if (state.mirrored.value) context.setTransform(-1, 0, 0, 1, width, 0);
  context.drawImage(video, 0, 0);
  context.restore();
  const named = state.answer.value?.named ?? null;
  const said = named === null ? "nothing I know" : `${state.labelOf(named.index)}  ${percent(named.score)} %`;
  context.font = `600 ${Math.round(0.72 * line)}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  context.fillStyle = "#f4f2ee";
  context.fillText(said, 0.6 * line, height + line, 0.7 * width);
  context.font = `400 ${Math.round(0.45 * line)}px system-ui, sans-serif`;
  context.textAlign = "right";
  context.fillStyle = "#a5abb1";
  context.fillText(state.model.value?.name ?? "", width - 0.6 * line, height + line, 0.25 * width);
  save(await canvas.convertToBlob({ type: "image/png" }), "png");
}

function save(blob: Blob, ending: string): void {
  saveAs(blob, fileName(ending, new Date()));
}

/** Saves a file under this name. */
export function saveAs(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // Browsers begin the download after this.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

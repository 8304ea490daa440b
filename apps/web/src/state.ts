/** The state of the page. Components read it; actions, the recogniser and the sources write it. */
import { computed, signal } from "@preact/signals";
import type { EngineName } from "./engines.ts";
import { enginesFor } from "./engines.ts";
import type { Notice } from "./failures.ts";
import type { ActionEvent } from "./logic/event-log.ts";
import { isTflite } from "./logic/format.ts";
import { History } from "./logic/history.ts";
import type { Answer } from "./logic/live.ts";
import { Ranking } from "./logic/ranking.ts";
import { curveSeconds, type View, wholeView } from "./logic/zoom.ts";
import type { LiveSettings, ModelChoice, OpenModel } from "./messages.ts";

export type SourceKind = "sample" | "camera" | "screen" | "file";

/** Classes in the bars and in the curve. */
export const ranks = 5;

/** What the page shows: a live source, or a whole clip. */
export const shownView = signal<"live" | "file">("live");
/** The clip of the File view. */
export const clipFile = signal<File | null>(null);
/** Whether the browser can play it; null while unknown. */
export const clipPlayable = signal<boolean | null>(null);

// The source.
export const source = signal<{ readonly kind: SourceKind; readonly name: string } | null>(null);
export const playing = signal<"starting" | "playing" | "paused" | "ended">("starting");
/** Frames a second of the source; null while unknown. */
export const sourceFps = signal<number | null>(null);
export const cameras = signal<readonly { readonly id: string; readonly name: string }[]>([]);
export const cameraId = signal<string | null>(null);
/** Whether the picture is shown mirrored. The model sees it as it is. */
export const mirrored = signal(false);

// The model.
export const model = signal<OpenModel | null>(null);
/** The model on its way, in bytes; `total` is 0 until it is known. `fromDialog`: the dialog closes when it is there. */
export const loading = signal<{
  readonly choice: ModelChoice;
  readonly loaded: number;
  readonly total: number;
  readonly fromDialog: boolean;
} | null>(null);
export const settings = signal<LiveSettings>({ threshold: 0.5, halfLifeSeconds: 1, streams: 1 });
export const choosingModel = signal(false);
/** The engine that the model is opened on again. */
export const changingTo = signal<EngineName | null>(null);
/** Whether the browser has a GPU, and not a processor in its place. */
export const gpu = signal(false);
/** The engines on offer for the model. */
export const engines = computed(() =>
  enginesFor({
    isolated: crossOriginIsolated,
    cores: navigator.hardwareConcurrency,
    gpu: gpu.value,
    isTflite: isTflite(model.value?.name ?? ""),
  }),
);
/** The models that the browser keeps. */
export const kept = signal<readonly { readonly name: string; readonly bytes: number }[]>([]);

// Its answers.
export const answer = signal<Answer | null>(null);
export const events = signal<readonly ActionEvent[]>([]);
export const history = new History(curveSeconds);
/** The part of the curve that is shown. */
export const view = signal<View>(wholeView);
const ranking = new Ranking(ranks);
/** The likeliest classes, in the order in which they are shown. */
export const ranked = computed<readonly number[]>(() => {
  const said = answer.value;
  return said === null ? [] : ranking.update(said.scores, said.time);
});
/** Frames processed per second, over the last two seconds. */
export const answersPerSecond = signal<number | null>(null);
/** Milliseconds per frame, smoothed. */
export const msPerFrame = signal<number | null>(null);

export const notice = signal<Notice | null>(null);

export function labelOf(index: number): string {
  return model.value?.labels?.[index] ?? `class ${index}`;
}

/** The frame rates on offer: multiples of the model's own, up to that of the source. */
export const rates = computed<readonly { readonly streams: number; readonly fps: number }[]>(() => {
  const own = model.value?.fps ?? 10;
  const most = Math.min(60, (sourceFps.value ?? 60) * 1.05);
  return [1, 2, 3, 4, 6, 8, 12]
    .map((streams) => ({ streams, fps: streams * own }))
    .filter((rate) => rate.streams === 1 || rate.fps <= most);
});

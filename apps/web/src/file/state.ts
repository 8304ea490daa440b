/** The state of the File view. Components read it; the job and the playback write it. */

import { computed, signal } from "@preact/signals";
import type { Segment } from "movinet";
import type { ClipResult, Moment } from "./messages.ts";
import { likeliest, Recording } from "./recording.ts";

/** What becomes of the clip. `waiting`: for a model. */
export type Phase = "waiting" | "reading" | "done" | "stopped" | "failed";

export const phase = signal<Phase>("waiting");
/** Seconds that the file declares; null while unknown. Some never say. */
export const declared = signal<number | null>(null);
/** Seconds that have been classified. */
export const reached = signal(0);
/** Seconds of video per second. */
export const speed = signal<number | null>(null);
/** What is known of the clip so far. It grows without a signal of its own: with `reached`. */
export const recording = signal(new Recording());
export const segments = signal<readonly Segment[]>([]);
export const result = signal<ClipResult | null>(null);
/** Seconds of the clip, as far as is known. */
export const duration = computed(() => result.value?.duration ?? Math.max(declared.value ?? 0, reached.value));
/** Width / height of the tiles. */
export const aspect = signal(1);

/** Seconds. */
export const playhead = signal(0);
export const playing = signal(false);
export const muted = signal(false);

/** The answers at the playhead; null where nothing has been classified. */
export const moment = computed<Moment | null>(() => {
  const known = phase.value === "done" || playhead.value < reached.value;
  return known ? recording.value.at(playhead.value) : null;
});

/** The segment at a time, in seconds. */
export function segmentAt(time: number): Segment | null {
  const all = segments.value;
  const last = all.at(-1);
  const found = all.find(({ start, end }) => time >= start && time < end);
  return found ?? (last !== undefined && phase.value === "done" && time >= last.end ? last : null);
}
export const segment = computed(() => segmentAt(playhead.value));

/** What to name at a moment: its segment, with its mean score, or before there are segments the likeliest class. */
export function nameAt(
  segment: Segment | null,
  { scores }: Moment,
): { readonly index: number; readonly score: number } {
  const named = segment?.scores ?? scores;
  const index = likeliest(named);
  return { index, score: named[index] as number };
}

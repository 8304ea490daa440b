import type { Segment } from "./segmenter.ts";

/**
 * Frames from which on answers are as often right as their scores say. From one frame a fifth is right, from five a half, from
 * ten seven tenths, at scores of 0.53, 0.7 and 0.75 on average (bench/results/first-frames.csv).
 */
const enoughFrames = 10;

/** What is to be said beside an answer from so many frames, without a closing full stop; null where they are enough. */
export function doubtAboutFrames(frames: number): string | null {
  if (frames >= enoughFrames) return null;
  if (frames === 1) return "only 1 frame was looked at, and a still picture shows no action: the answer is a guess";
  return `only ${frames} frames were looked at: an answer from fewer than ${enoughFrames} is more often wrong than its score says`;
}

/** What is to be said beside one answer for a video of these segments, without a closing full stop; null where it is one. */
export function doubtAboutChanges([, ...changes]: readonly Segment[]): string | null {
  if (changes.length === 0) return null;
  const times = changes.slice(0, 3).map(({ start }) => `${start.toFixed(1)} s`);
  const more = changes.length > times.length ? ", …" : "";
  return `what it shows changes at ${times.join(", ")}${more}, which one answer for the whole hides`;
}

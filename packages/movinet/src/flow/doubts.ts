import type { Segment } from "./segmenter.ts";

/**
 * The number of frames from which answers are right as often as their scores say. After one frame a fifth is right,
 * after five half, after ten 70 %, at average scores of 0.53, 0.7 and 0.75 (bench/results/first-frames.csv).
 */
const enoughFrames = 10;

/** A caveat for an answer from this many frames, without a final period; null if they are enough. */
export function doubtAboutFrames(frames: number): string | null {
  if (frames >= enoughFrames) return null;
  if (frames === 1) return "based on a single frame, which cannot show an action: the answer is a guess";
  return `based on only ${frames} frames: below ${enoughFrames}, answers are wrong more often than their scores suggest`;
}

/** A caveat for a single answer for a video with these segments, without a final period; null if there is only one. */
export function doubtAboutChanges([, ...changes]: readonly Segment[]): string | null {
  if (changes.length === 0) return null;
  const times = changes.slice(0, 3).map(({ start }) => `${start.toFixed(1)} s`);
  const more = changes.length > times.length ? ", …" : "";
  return `the action changes at ${times.join(", ")}${more}, so a single answer for the whole video hides part of it`;
}

/** The clip in a `<video>`, and the playhead. Where the browser cannot play the clip, the playhead moves without it. */
import { clipFile, clipPlayable } from "../state.ts";
import * as state from "./state.ts";

let video: HTMLVideoElement | null = null;
let url: string | null = null;
/** Where to go when the seek under way has ended, so that dragging does not queue seeks. */
let next: number | null = null;

/** The element in which the clip plays, or null when it is gone. */
export function attach(element: HTMLVideoElement | null): void {
  video = element;
  if (element === null) {
    state.playing.value = false;
    release();
  }
}

/** Shows the clip at the playhead. */
export function showClip(): void {
  release();
  const file = clipFile.value;
  if (video === null || file === null) return;
  url = URL.createObjectURL(file);
  video.src = url;
  video.currentTime = state.playhead.value;
  follow(video);
}

function release(): void {
  if (url !== null) URL.revokeObjectURL(url);
  url = null;
  next = null;
}

/** Moves the playhead with each frame that is shown. */
function follow(element: HTMLVideoElement): void {
  const mine = url;
  const onFrame = (_: number, { mediaTime }: VideoFrameCallbackMetadata) => {
    if (mine !== url || element !== video) return;
    if (!element.paused && !element.seeking) state.playhead.value = mediaTime;
    element.requestVideoFrameCallback(onFrame);
  };
  element.requestVideoFrameCallback(onFrame);
}

/** Moves the playhead to a time in seconds. */
export function seek(time: number): void {
  const last = state.duration.value;
  state.playhead.value = Math.min(Math.max(0, time), last);
  if (video === null || clipPlayable.value !== true) return;
  // Beyond the last frame there is nothing to show.
  const wanted = Math.min(state.playhead.value, Math.max(0, video.duration - 0.001));
  if (video.seeking) next = wanted;
  else video.currentTime = wanted;
}

export function onSeeked(): void {
  if (next !== null && video !== null) video.currentTime = next;
  next = null;
}

export function onReady(): void {
  clipPlayable.value = video !== null && video.videoWidth > 0;
  if (video === null) return;
  if (state.declared.value === null && Number.isFinite(video.duration)) state.declared.value = video.duration;
}

export function onUnplayable(): void {
  if (url !== null) clipPlayable.value = false;
}

export function toggle(): void {
  if (video === null || clipPlayable.value !== true) return;
  if (!video.paused) {
    video.pause();
    return;
  }
  if (state.playhead.value >= state.duration.value - 0.05) seek(0);
  video.play().catch(() => {});
}

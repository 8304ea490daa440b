/// <reference lib="dom" />

import { VideoError } from "../common/errors.ts";
import type { InputSize } from "../model/card.ts";
import { fitPicture } from "./fit-picture.ts";
import type { Frame } from "./frame.ts";

/** Seconds added to a requested time: browsers round. */
const margin = 1e-4;
/** Milliseconds without a frame after which a video is given up. */
const patience = 30_000;
/** Milliseconds that a frame may arrive after its event: another one, and any at all. */
const lateness = { other: 100, any: 1000 };

const looked = new WeakSet<HTMLVideoElement>();

/**
 * The frames of a finite `<video>`, `fps` per second, from first to last: it is paused and seeked, and left where the
 * iteration stops. Firefox does not report when the last frame begins: there, frames continue until the end.
 *
 * Throws {@link VideoError}: `E_VIDEO_UNREADABLE` if the browser cannot play it or the page may not read it,
 * `E_VIDEO_NO_STREAM` for audio alone, `E_VIDEO_ENDLESS` for a stream such as a camera's, `E_VIDEO_NETWORK` if the
 * server does not support range requests, `E_VIDEO_TIMEOUT` if no frame arrives for 30 s, `E_VIDEO_BUSY` while
 * something else seeks in it.
 */
export async function* videoElementFrames(
  video: HTMLVideoElement,
  { fps, size, signal }: { readonly fps: number; readonly size: InputSize; readonly signal: AbortSignal | undefined },
): AsyncGenerator<Frame, void> {
  if (!(video instanceof HTMLVideoElement))
    throw new TypeError("in a browser, a video is a File, a Blob, a <video> element or an iterable of frames");
  if (!(fps > 0 && Number.isFinite(fps))) throw new TypeError(`fps must be above 0, got ${fps}`);
  if (looked.has(video)) throw refuse(video, "busy");
  looked.add(video);
  // Another video in the same element ends this one.
  const emptied = new AbortController();
  video.addEventListener("emptied", () => emptied.abort(refuse(video, "busy")), { signal: emptied.signal });
  try {
    yield* picturesOf(video, fps, size, signal ? AbortSignal.any([signal, emptied.signal]) : emptied.signal);
  } catch (error) {
    throw error instanceof DOMException && error.name === "SecurityError" ? refuse(video, "foreign") : error;
  } finally {
    emptied.abort();
    looked.delete(video);
  }
}

async function* picturesOf(
  video: HTMLVideoElement,
  fps: number,
  size: InputSize,
  signal: AbortSignal,
): AsyncGenerator<Frame, void> {
  await load(video, signal);
  const { videoWidth: width, videoHeight: height } = video;
  if (width === 0) throw refuse(video, "sound");
  await otherPicture(video, null);
  // A recording may learn its duration from this.
  await seek(video, Number.isFinite(video.duration) ? video.duration : Number.MAX_SAFE_INTEGER, signal);
  if (!Number.isFinite(video.duration)) throw refuse(video, "endless");
  if (video.seekable.length === 0 || video.seekable.end(0) === 0) throw refuse(video, "whole");
  const shown = shownSince(video) ?? 0;
  // Firefox reports whole seconds instead of microseconds.
  const isTold = shown > 0 && shown !== Math.floor(video.currentTime);
  const last = isTold ? shown / 1e6 : video.duration - 2 * margin;
  await seek(video, 0, signal);
  const first = isTold ? (shownSince(video) ?? 0) / 1e6 : video.currentTime;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context) throw refuse(video, "memory");
  for (let k = 0; k / fps <= last - first + margin; k++) {
    const wanted = first + k / fps + margin;
    if (k > 0) {
      await seek(video, wanted, signal);
      if (Math.abs(video.currentTime - wanted) > 1 / fps) throw refuse(video, "busy");
    }
    context.drawImage(video, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    yield { ...fitPicture(data, width, height, size), timestamp: k / fps };
  }
}

async function load(video: HTMLVideoElement, signal: AbortSignal): Promise<void> {
  if (video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) return;
  video.preload = "auto";
  // The browser chooses a source after the script has set it.
  await new Promise((resolve) => setTimeout(resolve));
  const { networkState } = video;
  const without =
    networkState === HTMLMediaElement.NETWORK_EMPTY || networkState === HTMLMediaElement.NETWORK_NO_SOURCE;
  if (without) throw refuse(video, "unreadable");
  if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) await heard(video, "loadeddata", signal);
}

async function seek(video: HTMLVideoElement, time: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (video.error) throw refuse(video, "unreadable");
  if (video.readyState === HTMLMediaElement.HAVE_NOTHING) throw refuse(video, "busy");
  const before = shownSince(video);
  video.pause();
  video.currentTime = time;
  if (video.seeking) await heard(video, "seeked", signal);
  await otherPicture(video, before);
  signal.throwIfAborted();
}

async function otherPicture(video: HTMLVideoElement, before: number | null): Promise<void> {
  const begun = performance.now();
  for (;;) {
    const now = shownSince(video);
    const wait = now === null ? lateness.any : now === before ? lateness.other : 0;
    if (performance.now() - begun >= wait) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Resolves at the event; rejects if the video fails, if nothing arrives, and when the signal aborts. */
async function heard(video: HTMLVideoElement, event: "loadeddata" | "seeked", signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const settled = new AbortController();
  const late = setTimeout(() => settled.abort(refuse(video, "late")), patience);
  try {
    await new Promise<void>((resolve, reject) => {
      const on = (target: EventTarget, name: string, then: () => void) =>
        target.addEventListener(name, then, { signal: settled.signal, capture: true });
      settled.signal.addEventListener("abort", () => reject(settled.signal.reason));
      on(video, event, resolve);
      on(signal, "abort", () => reject(signal.reason));
      // Also for a <source> in it, of which the last one counts.
      on(video, "error", () => {
        if (video.error || video.networkState === HTMLMediaElement.NETWORK_NO_SOURCE)
          reject(refuse(video, "unreadable"));
      });
    });
  } finally {
    clearTimeout(late);
    settled.abort();
  }
}

/** Microseconds at which the displayed frame begins, null if there is none yet; 0 if the browser does not report it. */
function shownSince(video: HTMLVideoElement): number | null {
  if (typeof VideoFrame === "undefined") return 0;
  try {
    const frame = new VideoFrame(video);
    const { timestamp } = frame;
    frame.close();
    return timestamp;
  } catch (error) {
    if ((error as DOMException).name === "SecurityError") throw error;
    return null;
  }
}

const failures = {
  unreadable: ["E_VIDEO_UNREADABLE", "the browser cannot play it", "Check its URL, or convert it, for example to WebM"],
  foreign: [
    "E_VIDEO_UNREADABLE",
    "it comes from another site, and the page may not read its pixels",
    'Set crossorigin="anonymous" on the <video>, and make that site send Access-Control-Allow-Origin',
  ],
  sound: ["E_VIDEO_NO_STREAM", "it has no video stream, only audio", "Use a video"],
  endless: ["E_VIDEO_ENDLESS", "it never ends, like a camera stream", "Pass its frames to recognizer.stream()"],
  whole: [
    "E_VIDEO_NETWORK",
    "it is not seekable: its server does not support range requests",
    "Fetch it first, and set the <video> to a blob URL",
  ],
  late: ["E_VIDEO_TIMEOUT", `no frame arrived for ${patience / 1000} s`, "Check that its source is still sending"],
  busy: [
    "E_VIDEO_BUSY",
    "something else seeks in it or changes its source, such as a second loop or the viewer",
    "Use a separate <video> for classification, in one loop at a time",
  ],
  memory: ["E_VIDEO_MEMORY", "the browser cannot allocate a canvas for its frames", "Close other pages"],
} as const;

function refuse(video: HTMLVideoElement, failure: keyof typeof failures): VideoError {
  const [code, problem, remedy] = failures[failure];
  const told = failure === "unreadable" && video.error?.message ? ` (${video.error.message})` : "";
  return new VideoError({ code, subject: video.currentSrc || "the video", problem: problem + told, remedy });
}

/// <reference lib="dom" />

import { VideoError } from "../common/errors.ts";
import type { InputSize } from "../model/card.ts";
import { fitPicture } from "./fit-picture.ts";
import type { Frame } from "./frame.ts";

/** Seconds after an instant at which its picture is asked for: browsers round. */
const margin = 1e-4;
/** Milliseconds without a picture after which a video counts as dead. */
const patience = 30_000;
/** Milliseconds that a picture may come after the event that tells of it: another one, and any at all. */
const lateness = { other: 100, any: 1000 };

const looked = new WeakSet<HTMLVideoElement>();

/**
 * The pictures of a `<video>` that has an end, `fps` a second, from its first to its last: it is paused and sought, and left
 * where the iteration stops. Firefox does not tell when the last picture
 * begins: there, the frames go on until it ends.
 *
 * Throws {@link VideoError}: `E_VIDEO_UNREADABLE` for what the browser cannot play or the page may not read, `E_VIDEO_NO_STREAM`
 * for sound alone, `E_VIDEO_ENDLESS` for a stream such as a camera's, `E_VIDEO_NETWORK` where the server gives no parts of the
 * file, `E_VIDEO_TIMEOUT` where no picture comes for 30 s, `E_VIDEO_BUSY` while somebody else seeks in it.
 */
export async function* videoElementFrames(
  video: HTMLVideoElement,
  { fps, size, signal }: { readonly fps: number; readonly size: InputSize; readonly signal: AbortSignal | undefined },
): AsyncGenerator<Frame, void> {
  if (!(video instanceof HTMLVideoElement)) throw new TypeError("a browser classifies a <video> element, or frames");
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
  // What was recorded may learn its duration from this.
  await seek(video, Number.isFinite(video.duration) ? video.duration : Number.MAX_SAFE_INTEGER, signal);
  if (!Number.isFinite(video.duration)) throw refuse(video, "endless");
  if (video.seekable.length === 0 || video.seekable.end(0) === 0) throw refuse(video, "whole");
  const shown = shownSince(video) ?? 0;
  // Firefox gives the whole seconds of the position in place of microseconds.
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

/** Resolves at the event; rejects where the video fails, where nothing comes, and when the signal aborts. */
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
      // Also of a <source> in it, of which the last one counts.
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

/** Microseconds at which the picture that is shown begins, null where there is none yet; 0 where the browser does not tell. */
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
  unreadable: ["E_VIDEO_UNREADABLE", "the browser cannot play it", "Check its address, or convert it, to WebM for one"],
  foreign: [
    "E_VIDEO_UNREADABLE",
    "it is of another site, and the page may not read its pixels",
    'Set crossorigin="anonymous" on the <video>, and have that site allow it (Access-Control-Allow-Origin)',
  ],
  sound: ["E_VIDEO_NO_STREAM", "it holds no moving pictures, only sound", "Give a video"],
  endless: [
    "E_VIDEO_ENDLESS",
    "it has no end, as the stream of a camera",
    "Step its pictures through recognizer.stream()",
  ],
  whole: [
    "E_VIDEO_NETWORK",
    "it cannot be sought: its server gives no parts of a file (HTTP ranges)",
    "Fetch it first, and give the <video> a URL of the blob",
  ],
  late: ["E_VIDEO_TIMEOUT", `no picture came for ${patience / 1000} s`, "Check that its source still delivers"],
  busy: [
    "E_VIDEO_BUSY",
    "somebody else seeks in it or changes it, a second loop or a viewer",
    "Classify a <video> of your own, in one loop at a time",
  ],
  memory: ["E_VIDEO_MEMORY", "the browser gives no canvas for its pictures", "Close other pages"],
} as const;

function refuse(video: HTMLVideoElement, failure: keyof typeof failures): VideoError {
  const [code, problem, remedy] = failures[failure];
  const told = failure === "unreadable" && video.error?.message ? ` (${video.error.message})` : "";
  return new VideoError({ code, subject: video.currentSrc || "the video", problem: problem + told, remedy });
}

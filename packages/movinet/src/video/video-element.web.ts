/// <reference lib="dom" />

import { VideoError } from "../common/errors.ts";
import type { InputSize } from "../model/card.ts";
import type { Frame } from "./frame.ts";

/**
 * The pictures of a `<video>` that has an end, `fps` a second, from its beginning: it is paused and sought, and left where the
 * iteration stops. Pictures have the size at which the video is shown. Throws {@link VideoError}: `E_VIDEO_UNREADABLE` for what
 * the browser cannot play, `E_VIDEO_NO_STREAM` for a stream without an end, such as a camera's.
 */
export async function* videoElementFrames(
  video: HTMLVideoElement,
  { fps, signal }: { readonly fps: number; readonly size?: InputSize; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<Frame, void> {
  const refuse = (code: string, problem: string, remedy: string) =>
    new VideoError({ code, subject: video.currentSrc || "the video", problem, remedy });
  if (!(fps > 0 && Number.isFinite(fps))) throw new TypeError(`fps must be above 0, got ${fps}`);
  await until(video, "loadeddata", () => video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA, signal).catch(() => {
    signal?.throwIfAborted();
    const told = video.error?.message ?? "";
    throw refuse(
      "E_VIDEO_UNREADABLE",
      `the browser cannot play it${told && ` (${told})`}`,
      "Convert it, to WebM for one",
    );
  });
  if (!Number.isFinite(video.duration)) {
    throw refuse(
      "E_VIDEO_NO_STREAM",
      "it has no end, as the stream of a camera",
      "Step its pictures through recognizer.stream()",
    );
  }
  video.pause();
  const { videoWidth: width, videoHeight: height } = video;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context) throw refuse("E_VIDEO_MEMORY", "the browser gives no canvas for its pictures", "Close other pages");
  for (let k = 0; k / fps < video.duration; k++) {
    signal?.throwIfAborted();
    // The middle of the moment: a seek to the very edge of a picture may give the one before it.
    video.currentTime = Math.min((k + 0.001) / fps, video.duration);
    await until(video, "seeked", () => !video.seeking, signal);
    context.drawImage(video, 0, 0, width, height);
    yield { data: rgbOf(context.getImageData(0, 0, width, height).data), width, height, timestamp: k / fps };
  }
}

/** Resolves when `test` holds, at the latest after the event; rejects on an error of the video and when the signal aborts. */
function until(
  video: HTMLVideoElement,
  event: "loadeddata" | "seeked",
  test: () => boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (video.error) return reject(video.error);
    if (test()) return resolve();
    const heard = new AbortController();
    const listen = (target: EventTarget | undefined, name: string, settle: () => void) => {
      const hear = () => {
        heard.abort();
        settle();
      };
      target?.addEventListener(name, hear, { signal: heard.signal });
    };
    listen(video, event, resolve);
    listen(video, "error", () => reject(video.error));
    listen(signal, "abort", () => reject(signal?.reason));
  });
}

function rgbOf(rgba: Uint8ClampedArray): Uint8Array {
  const data = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    data[to++] = rgba[from] as number;
    data[to++] = rgba[from + 1] as number;
    data[to++] = rgba[from + 2] as number;
  }
  return data;
}

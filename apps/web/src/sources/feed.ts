/** How frames reach the worker: a camera's stream is transferred, a `<video>` is read frame by frame. */
import type { Picture } from "../messages.ts";
import { send } from "../port.ts";
import { whenTaken } from "../recogniser.ts";
import { sourceFps } from "../state.ts";

/** Chromium has it; TypeScript's DOM library does not. */
declare const MediaStreamTrackProcessor:
  | undefined
  | (new (options: {
      track: MediaStreamTrack;
    }) => { readonly readable: ReadableStream<VideoFrame> });

/** Feeds a camera to the worker, as a stream where the browser can. Returns a function that ends it. */
export function feedCamera(track: MediaStreamTrack, video: HTMLVideoElement): () => void {
  if (typeof MediaStreamTrackProcessor === "undefined") return feedVideo(video, "wall");
  // The worker ends it, or the end of the track.
  const { readable } = new MediaStreamTrackProcessor({ track });
  send({ kind: "pictures", readable }, [readable]);
  return () => {};
}

/**
 * Feeds each frame that a video shows to the worker. While the worker is busy, only the newest one waits. Times are those of
 * the media, or for a camera those of arrival. Returns a function that ends it.
 */
export function feedVideo(video: HTMLVideoElement, times: "media" | "wall" = "media"): () => void {
  let ended = false;
  let underway = false;
  let waiting: { readonly picture: Picture; readonly seconds: number } | null = null;
  const measure = measuredFps();

  const post = (picture: Picture, seconds: number) => {
    underway = true;
    send({ kind: "picture", picture, seconds }, [picture]);
  };
  const give = (picture: Picture, seconds: number) => {
    waiting?.picture.close();
    waiting = null;
    if (ended) picture.close();
    else if (underway) waiting = { picture, seconds };
    else post(picture, seconds);
  };
  const onPicture = async (now: number, shown: VideoFrameCallbackMetadata) => {
    if (ended) return;
    video.requestVideoFrameCallback(onPicture);
    if (times === "media") measure(shown);
    // The source may be gone by now, and with it the picture.
    const picture = await pictureOf(video).catch(() => null);
    if (picture !== null) give(picture, times === "media" ? shown.mediaTime : now / 1000);
  };
  whenTaken(() => {
    underway = false;
    if (waiting === null) return;
    const { picture, seconds } = waiting;
    waiting = null;
    post(picture, seconds);
  });
  video.requestVideoFrameCallback(onPicture);
  return () => {
    ended = true;
    waiting?.picture.close();
    waiting = null;
  };
}

async function pictureOf(video: HTMLVideoElement): Promise<Picture> {
  return typeof VideoFrame === "undefined" ? createImageBitmap(video) : new VideoFrame(video);
}

/** Measures the frame rate of a video, every second that it plays. */
function measuredFps(): (shown: VideoFrameCallbackMetadata) => void {
  let first: VideoFrameCallbackMetadata | null = null;
  return (shown) => {
    if (first === null || shown.mediaTime < first.mediaTime) first = shown;
    const seconds = shown.mediaTime - first.mediaTime;
    if (seconds < 1) return;
    sourceFps.value = Math.round((shown.presentedFrames - first.presentedFrames) / seconds);
    first = shown;
  };
}

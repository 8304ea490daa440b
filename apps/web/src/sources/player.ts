/** Plays the source, the sample, a camera, a screen or a file, in the page's `<video>`. */
import { batch } from "@preact/signals";
import sampleUrl from "../../generated/sample.mp4?url";
import { send } from "../port.ts";
import { fail } from "../recogniser.ts";
import * as state from "../state.ts";
import { listCameras, openCamera, openScreen } from "./camera.ts";
import { feedCamera, feedVideo } from "./feed.ts";

let video: HTMLVideoElement | null = null;
/** Ends the source that plays. */
let end = () => {};
/** Counts requests, so that a camera that arrives late is let go. */
let asked = 0;

/** The element in which sources play. */
export function attach(element: HTMLVideoElement | null): void {
  video = element;
}

export function shownVideo(): HTMLVideoElement | null {
  return video;
}

/** Ends the current source and resets the worker. */
function begin(kind: state.SourceKind, name: string): number {
  end();
  end = () => {};
  send({ kind: "restart" });
  send({ kind: "pause", paused: false });
  batch(() => {
    state.shownView.value = "live";
    state.source.value = { kind, name };
    state.playing.value = "starting";
    state.sourceFps.value = null;
    state.mirrored.value = false;
    state.notice.value = null;
  });
  return ++asked;
}

export function playSample(): void {
  begin("sample", "Generated sample");
  playUrl(sampleUrl, { loop: true });
}

export function playFile(file: File): void {
  begin("file", file.name);
  const url = URL.createObjectURL(file);
  playUrl(url, { loop: false });
  const before = end;
  end = () => {
    before();
    URL.revokeObjectURL(url);
  };
}

function playUrl(url: string, { loop }: { readonly loop: boolean }): void {
  if (video === null) return;
  const element = video;
  element.srcObject = null;
  element.loop = loop;
  element.src = url;
  const stopFeeding = feedVideo(element);
  end = () => {
    stopFeeding();
    element.removeAttribute("src");
    element.load();
  };
  void resume();
}

export async function playCamera(id: string | null = state.cameraId.value): Promise<void> {
  const track = await playStream("camera", () => openCamera(id), "CameraLost");
  if (track === null) return;
  const { deviceId, facingMode } = track.getSettings();
  batch(() => {
    state.cameraId.value = deviceId ?? null;
    state.mirrored.value = facingMode !== "environment";
  });
  await listCameras();
}

export async function playScreen(): Promise<void> {
  await playStream("screen", openScreen, "SharingEnded");
}

/** Plays a stream of the browser's. `lost`: the failure when it ends by itself. Null if it failed, or another source was chosen meanwhile. */
async function playStream(
  kind: "camera" | "screen",
  open: () => Promise<MediaStream>,
  lost: string,
): Promise<MediaStreamTrack | null> {
  const mine = begin(kind, kind === "camera" ? "Camera" : "Screen");
  let stream: MediaStream;
  try {
    stream = await open();
  } catch (error) {
    if (mine !== asked) return null;
    state.source.value = null;
    const { name, message } = error as DOMException;
    fail({ during: kind, code: name, message });
    return null;
  }
  const [track] = stream.getVideoTracks();
  if (mine !== asked || video === null || track === undefined) {
    for (const each of stream.getTracks()) each.stop();
    return null;
  }
  batch(() => {
    state.source.value = { kind, name: track.label };
    state.sourceFps.value = track.getSettings().frameRate ?? null;
  });
  const element = video;
  element.srcObject = stream;
  const stopFeeding = feedCamera(track, element);
  track.addEventListener("ended", () => {
    if (mine !== asked) return;
    stop();
    fail({ during: kind, code: lost, message: "" });
  });
  end = () => {
    stopFeeding();
    track.stop();
    element.srcObject = null;
  };
  void resume();
  return track;
}

/** Ends the current source. */
export function stop(): void {
  end();
  end = () => {};
  asked++;
  send({ kind: "restart" });
  state.source.value = null;
}

export async function resume(): Promise<void> {
  if (video === null) return;
  send({ kind: "pause", paused: false });
  try {
    await video.play();
    state.playing.value = "playing";
  } catch (error) {
    // `AbortError`: the source changed. The element has an event for what it cannot play.
    if (error instanceof DOMException && error.name === "NotAllowedError") state.playing.value = "paused";
  }
}

export function pause(): void {
  video?.pause();
  send({ kind: "pause", paused: true });
  state.playing.value = "paused";
}

export function onEnded(): void {
  send({ kind: "ended" });
  state.playing.value = "ended";
}

export function onUnplayable(): void {
  if (video?.error == null || state.source.value === null) return;
  const { kind, name } = state.source.value;
  stop();
  const what = kind === "file" ? name : "The sample";
  const text = `${what} is damaged, or in a format that this browser does not play. MP4 with H.264 and WebM play almost everywhere.`;
  fail({ during: "file", code: "Unplayable", message: text });
}

/** Pauses while the tab is hidden, unless what is shared is another one. */
export function followVisibility(): void {
  let wasPlaying = false;
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      wasPlaying = state.playing.value === "playing" && state.source.value?.kind !== "screen";
      if (wasPlaying) pause();
    } else if (wasPlaying) void resume();
  });
}

/** Classifies whole clips: the worker's side of the File view. */
import { type Fit, type Picture, type Segment, Segmenter } from "movinet";
import { doubtAboutChanges, doubtAboutFrames } from "movinet/session";
import { openVideo } from "movinet/video";
import type { ClipNews, Moment, Tile } from "../file/messages.ts";
import type { AppRecognizer } from "./load.ts";

/** Milliseconds between messages to the page. */
const interval = 100;
/** Tiles over a clip of known length. */
const mostTiles = 48;
/** Height of a tile in pixels, at most. */
const tileHeight = 112;
/** Segments are computed anew when there are so many times more moments, which costs a few times as much as once. */
const growth = 1.2;

/** Classifies a clip, and tells what it knows every 100 ms. Throws the reason of `signal`, and what `openVideo` throws. */
export async function classifyClip(
  recognizer: AppRecognizer,
  file: File,
  signal: AbortSignal,
  tell: (news: ClipNews, transfer?: readonly Transferable[]) => void,
): Promise<void> {
  const { fps, input } = recognizer.card;
  const started = performance.now();
  const timings = { decodeMs: 0, preprocessMs: 0, inferMs: 0 };
  const known: Moment[] = [];
  let [toldMoments, segmented, told, nextTile] = [0, 0, started, 0];
  let tiles: Tile[] = [];

  const video = openVideo(file, { fps, size: input, signal });
  const more = async (segments: readonly Segment[] | null) => {
    const pictures = tiles.map(({ picture }) => picture);
    tell({ kind: "more", moments: known.slice(toldMoments), tiles, segments }, pictures);
    [toldMoments, tiles, told] = [known.length, [], performance.now()];
    // Lets messages in: neither a step nor its answer may have to wait for anything.
    await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
  };

  for await (const result of recognizer.classify(video, { recent: true, answers: "grouped", signal })) {
    const { time, recent, predictions, picture } = result;
    timings.preprocessMs += result.timings.preprocessMs;
    timings.inferMs += result.timings.inferMs;
    if (known.length === 0)
      tell({ kind: "open", duration: video.info?.duration ?? null, aspect: aspectOf(picture, input.fit, video.info) });
    known.push({ time, predictions, ...(recent ?? { since: time, scores: result.scores }) });
    if (time >= nextTile) {
      // Where the length is unknown, tiles become rarer as time goes on.
      nextTile = time + (video.info?.duration ?? 2 * time) / mostTiles;
      tiles.push({ time, picture: await tileOf(picture) });
    }
    if (performance.now() - told < interval) continue;
    const isTime = known.length >= growth * segmented;
    if (isTime) segmented = known.length;
    await more(isTime ? segmentsOf(known, time) : null);
  }
  const { duration, frames } = video;
  timings.decodeMs = performance.now() - started - timings.preprocessMs - timings.inferMs;
  const segments = segmentsOf(known, duration);
  await more(segments);
  const doubts = [doubtAboutFrames(frames), doubtAboutChanges(segments)];
  const warnings = [...recognizer.warnings, ...video.warnings, ...doubts.filter((doubt) => doubt !== null)];
  const predictions = known.at(-1)?.predictions ?? [];
  const { arithmetic } = recognizer.engine;
  tell({ kind: "done", result: { arithmetic, frames, duration, predictions, timings, warnings } });
}

/** The segments of a video that ends at `end`. */
function segmentsOf(known: readonly Moment[], end: number): readonly Segment[] {
  const segmenter = new Segmenter();
  for (const { since, scores } of known) segmenter.add(since, scores);
  return segmenter.end(end);
}

/** Width / height at which tiles look right. */
function aspectOf(picture: Picture, fit: Fit, info: Pick<Picture, "width" | "height"> | null): number {
  const { width, height } = fit === "squash" && info !== null ? info : picture;
  return width / height;
}

async function tileOf({ data, width, height }: Picture): Promise<ImageBitmap> {
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let channel = 0; channel < 3; channel++) image.data[4 * i + channel] = data[3 * i + channel] as number;
    image.data[4 * i + 3] = 255;
  }
  return createImageBitmap(image, { resizeHeight: Math.min(height, tileHeight), resizeQuality: "medium" });
}

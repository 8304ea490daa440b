/** Classifies whole clips: the worker's side of the File view. */
import { type Segment, Segmenter } from "movinet";
import { doubtAboutChanges, doubtAboutFrames } from "movinet/session";
import type { ClipNews, ClipResult, Moment, Tile } from "../file/messages.ts";
import { openClip } from "./clip-frames.ts";
import type { AppRecognizer } from "./load.ts";

/** Milliseconds between messages to the page. */
const interval = 100;
/** Tiles over the whole clip. */
const mostTiles = 48;
/** Height of a tile in pixels. */
const tileHeight = 112;
/** Segments are computed anew when there are this many times more moments, so that all times together cost a few. */
const growth = 1.2;
/** From this length on (seconds), the command line too shows segments, without the warning about changes. */
const longVideo = 30;

/** Classifies a clip. Tells what it knows every 100 ms. Throws the reason of `signal`, and what `classify` throws. */
export async function classifyClip(
  recognizer: AppRecognizer,
  file: File,
  signal: AbortSignal,
  tell: (news: ClipNews, transfer?: readonly Transferable[]) => void,
): Promise<void> {
  const { fps, input } = recognizer.card;
  const segmenter = new Segmenter();
  const timings = { preprocessMs: 0, inferMs: 0 };
  const known: Pick<Moment, "since" | "scores">[] = [];
  let answer: Pick<ClipResult, "predictions"> = { predictions: [] };
  let moments: Moment[] = [];
  let tiles: Tile[] = [];
  let told = performance.now();
  let segmented = 0;
  let nextTile = 0;

  const clip = await openClip(file, { fps, size: input, signal });
  tell({ kind: "open", duration: clip.duration, aspect: 1 });
  const tileEvery = (clip.duration ?? 60) / mostTiles;

  const more = async (segments: readonly Segment[] | null) => {
    tell(
      { kind: "more", moments, tiles, segments },
      tiles.map(({ picture }) => picture),
    );
    [moments, tiles] = [[], []];
    told = performance.now();
    // Lets messages in: a step and its answer need not wait for anything.
    await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
  };

  for await (const result of recognizer.classify(clip.frames, { recent: true, answers: "grouped", signal })) {
    const { time, recent, predictions, picture } = result;
    timings.preprocessMs += result.timings.preprocessMs;
    timings.inferMs += result.timings.inferMs;
    answer = { predictions };
    const { since, scores } = recent ?? { since: time, scores: result.scores };
    segmenter.add(since, scores);
    known.push({ since, scores });
    moments.push({ time, since, scores, predictions });
    if (time >= nextTile) {
      nextTile = time + tileEvery;
      tiles.push({ time, picture: await tileOf(picture) });
    }
    if (performance.now() - told < interval) continue;
    const isTime = known.length >= growth * segmented;
    if (isTime) segmented = known.length;
    await more(isTime ? segmentsOf(known, time) : null);
  }
  const duration = clip.duration ?? known.length / fps;
  const segments = segmenter.end(duration);
  await more(segments);
  const doubts = [doubtAboutFrames(known.length), duration > longVideo ? null : doubtAboutChanges(segments)];
  const warnings = [...recognizer.warnings, ...clip.warnings(), ...doubts.filter((doubt) => doubt !== null)];
  tell({ kind: "done", result: { frames: known.length, duration, ...answer, timings, warnings } });
}

/** The segments if the video ended at `end`. */
function segmentsOf(known: readonly Pick<Moment, "since" | "scores">[], end: number): readonly Segment[] {
  const segmenter = new Segmenter();
  for (const { since, scores } of known) segmenter.add(since, scores);
  return segmenter.end(end);
}

async function tileOf(picture: { data: Uint8Array; width: number; height: number }): Promise<ImageBitmap> {
  const { data, width, height } = picture;
  const image = new ImageData(width, height);
  for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
    image.data[to] = data[from] as number;
    image.data[to + 1] = data[from + 1] as number;
    image.data[to + 2] = data[from + 2] as number;
    image.data[to + 3] = 255;
  }
  return createImageBitmap(image, { resizeHeight: Math.min(height, tileHeight), resizeQuality: "medium" });
}

/** The results of a clip as files. */
import { type Prediction, renderSubtitles, type Segment } from "movinet";
import { topK } from "movinet/session";
import { renderPlot } from "movinet/video";
import { csvLines, jsonLines, type Lines } from "../../../cli/src/classify/lines.ts";
import type { ClipResult, Moment } from "./messages.ts";
import type { Recording } from "./recording.ts";

/** A clip that has been classified. */
export interface Clip {
  readonly name: string;
  readonly model: string;
  readonly labels: readonly string[] | null;
  readonly segments: readonly Segment[];
  readonly result: ClipResult;
  readonly recording: Recording;
  /** Width / height of the tiles. */
  readonly aspect: number;
}

export type TextFormat = "jsonl" | "csv" | "srt" | "vtt";

/** Classes in each line. */
const top = 5;

export function exportText(format: TextFormat, clip: Clip): string {
  if (format === "srt" || format === "vtt") return renderSubtitles(clip.segments, clip.labels, format);
  return linesOf(clip, format === "jsonl" ? jsonLines : csvLines(top));
}

/** What the command line prints with `--json` or `--csv`, and `--every frame --segments`. */
function linesOf({ name, model, labels, segments, result, recording }: Clip, lines: Lines): string {
  const best = (scores: Float32Array): Prediction[] => topK(scores, labels, top);
  const all = [
    ...(lines.head === null ? [] : [lines.head]),
    ...recording.moments.map(({ time, predictions }: Moment, i) => lines.frame(name, i, time, predictions)),
    ...segments.map((segment) => lines.segment(name, segment, best(segment.scores))),
    lines.result({ source: name, model, ...result, sorted: null }),
  ];
  return all.map((line) => `${line}\n`).join("");
}

/** The picture of the curves, as a PNG. */
export async function exportPicture({ name, model, labels, segments, result, recording, aspect }: Clip): Promise<Blob> {
  const pictures = new Map(recording.tiles.map(({ time, picture }) => [time, picture]));
  const points = recording.moments.map(({ time, since, scores }) => {
    const picture = pictures.get(time);
    return { time, since, scores, ...(picture && { thumbnail: pixelsOf(picture) }) };
  });
  const names = segments.map(({ scores }) => topK(scores, labels, 1)[0]?.label ?? "").join(", then ");
  const [best] = result.predictions;
  const says = segments.length > 1 ? names : best ? `${best.label}, ${Math.round(100 * best.score)} %` : "";
  const subtitle = `${model}: ${says.length <= 70 ? says : `${segments.length} segments`}`;
  const plot = { title: name, subtitle, points, labels, segments: segments.length > 1 ? segments : [], aspect };
  return new Blob([(await renderPlot(plot, "png")) as Uint8Array<ArrayBuffer>], { type: "image/png" });
}

function pixelsOf(picture: ImageBitmap) {
  const { width, height } = picture;
  const context = new OffscreenCanvas(width, height).getContext("2d") as OffscreenCanvasRenderingContext2D;
  context.drawImage(picture, 0, 0);
  const rgba = context.getImageData(0, 0, width, height).data;
  const data = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    for (let channel = 0; channel < 3; channel++) data[3 * i + channel] = rgba[4 * i + channel] as number;
  }
  return { data, width, height };
}

/** A file name after the clip's: its ending is replaced. */
export function nameOf(file: File, ending: string): string {
  return `${file.name.replace(/\.[^.]*$/, "") || "clip"}${ending}`;
}

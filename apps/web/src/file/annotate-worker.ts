/** A worker that writes one annotated video: decodes, draws the caption into each picture, encodes, and keeps the sound. */
import {
  BlobSource,
  BufferTarget,
  Conversion,
  canEncodeVideo,
  Input,
  MATROSKA,
  MP4,
  MPEG_TS,
  Mp4OutputFormat,
  Output,
  QTFF,
  QUALITY_HIGH,
  type VideoCodec,
  type VideoSample,
  WEBM,
  WebMOutputFormat,
} from "mediabunny";
import { describe } from "../worker/describe.ts";
import { type Caption, captionAt, drawCaption } from "./caption.ts";

/** What the worker is given. */
export interface ToAnnotate {
  readonly file: File;
  readonly captions: readonly Caption[];
}

export type FromAnnotate =
  | { readonly kind: "progress"; readonly share: number }
  /** `lostSound`: why the sound is missing, or null. */
  | {
      readonly kind: "done";
      readonly bytes: ArrayBuffer;
      readonly ending: "mp4" | "webm";
      readonly lostSound: string | null;
    }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };

interface Scope {
  postMessage(message: FromAnnotate, transfer?: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent<ToAnnotate>) => void): void;
}
const scope = self as unknown as Scope;

/** H.264 in MP4 plays everywhere; the others where the browser cannot write it. */
const choices: readonly (readonly [VideoCodec, "mp4" | "webm"])[] = [
  ["avc", "mp4"],
  ["vp9", "webm"],
  ["vp8", "webm"],
  ["av1", "webm"],
];

async function annotate({ file, captions }: ToAnnotate): Promise<void> {
  const input = new Input({ formats: [MP4, QTFF, WEBM, MATROSKA, MPEG_TS], source: new BlobSource(file) });
  if (!(await input.canRead())) throw new Error("Only MP4, MOV, WebM, Matroska and MPEG-TS files can be converted.");
  const track = await input.getPrimaryVideoTrack();
  if (track === null) throw new Error("The file has no video.");
  // Encoders of 4:2:0 take even sizes only.
  const even = (size: number) => Math.max(2, 2 * Math.round(size / 2));
  const [width, height] = [even(await track.getDisplayWidth()), even(await track.getDisplayHeight())];
  const chosen = await firstOf(choices, ([codec]) => canEncodeVideo(codec, { width, height, quality: QUALITY_HIGH }));
  if (chosen === null) throw new Error("This browser cannot encode video of this size.");
  const [codec, ending] = chosen;
  const target = new BufferTarget();
  const format = ending === "mp4" ? new Mp4OutputFormat({ fastStart: "in-memory" }) : new WebMOutputFormat();
  const output = new Output({ format, target });
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { alpha: false }) as OffscreenCanvasRenderingContext2D;
  const begin = await track.getFirstTimestamp();

  const process = (sample: VideoSample) => {
    sample.draw(context, 0, 0, width, height);
    const caption = captionAt(captions, sample.timestamp - begin);
    if (caption !== null) drawCaption(context, caption, width, height);
    return canvas;
  };
  const conversion = await Conversion.init({
    input,
    output,
    tracks: "primary",
    video: {
      ...{ codec, width, height, fit: "fill", quality: QUALITY_HIGH, forceTranscode: true, process },
      ...{ processedWidth: width, processedHeight: height, allowTransformationMetadata: false },
    },
    showWarnings: false,
  });
  if (!conversion.isValid) {
    const reasons = conversion.discardedTracks.map(
      ({ track, reason }) => `${track.type}: ${reason.replaceAll("_", " ")}`,
    );
    throw new Error(`The video cannot be converted (${reasons.join(", ")}).`);
  }
  conversion.onProgress = (share) => scope.postMessage({ kind: "progress", share });
  await conversion.execute();
  const lost = conversion.discardedTracks.find(({ track }) => track.type === "audio");
  const isWriting = lost?.reason === "no_encodable_target_codec";
  const lostSound = lost ? `this browser cannot ${isWriting ? "encode it" : "decode its format"}` : null;
  const bytes = target.buffer as ArrayBuffer;
  scope.postMessage({ kind: "done", bytes, ending, lostSound }, [bytes]);
}

async function firstOf<T>(values: readonly T[], test: (value: T) => Promise<boolean>): Promise<T | null> {
  for (const value of values) if (await test(value)) return value;
  return null;
}

scope.addEventListener("message", ({ data }) => {
  annotate(data).catch((error: unknown) => scope.postMessage({ kind: "failed", ...describe(error) }));
});

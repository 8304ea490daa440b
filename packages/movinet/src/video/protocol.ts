import type { InputSize } from "../model/card.ts";
import type { Failure } from "./failures.ts";
import type { Stretch } from "./sampling.ts";

/** The file that a video is written into while it is decoded, with what its reader draws over it. */
export interface CopyStart {
  /** Path; what is there is overwritten. */
  readonly file: string;
  readonly container: "mp4" | "webm";
}

/** What the decoding process is started with, as JSON. */
export interface DecoderStart {
  /** An http(s) URL, `-` for standard input, or a path, of which {@link bytesOf} gives the bytes. */
  readonly url: string;
  readonly fps: number;
  /** Threads of the decoder; 0 leaves the choice to FFmpeg. */
  readonly threads: number;
  readonly size: InputSize | null;
  readonly stretch: Stretch;
  readonly copy: CopyStart | null;
}

/** What is known of a video once its first picture is decoded. */
export interface VideoInfo {
  /** Pixels as shown: square, upright. */
  readonly width: number;
  readonly height: number;
  /** Clockwise degrees by which the stored pictures are turned to be shown. */
  readonly rotation: 0 | 90 | 180 | 270;
  readonly container: string;
  readonly codec: string;
  /** Seconds that the file declares, or null. */
  readonly duration: number | null;
}

/** The end of a video that gave at least one picture. */
export interface VideoEnd {
  /** Seconds from the first picture that was decoded to the end of the last. */
  readonly duration: number;
  /** Pictures that were decoded. */
  readonly pictures: number;
  readonly warnings: readonly string[];
  /** Time spent decoding and scaling. */
  readonly decodeMs: number;
}

/**
 * Messages from the decoding process: one byte of kind, four of payload length (little-endian), the payload. A frame's
 * payload is its timestamp (float64) and its RGB bytes; the others are JSON. `alive` only says that work goes on.
 */
export const messageKinds = { info: 1, frame: 2, end: 3, failure: 4, alive: 5 } as const;

export type DecoderMessage =
  | {
      readonly kind: "info";
      readonly info: VideoInfo;
      readonly size: { readonly width: number; readonly height: number };
    }
  | { readonly kind: "frame"; readonly timestamp: number; readonly data: Uint8Array }
  | { readonly kind: "end"; readonly end: VideoEnd }
  | { readonly kind: "failure"; readonly failure: Failure | "output"; readonly detail: string }
  | { readonly kind: "alive" };

const headerBytes = 5;

/** A frame but for its RGB bytes, of which so many follow. */
export function frameHeader(timestamp: number, length: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, timestamp, true);
  return messageBytes("frame", bytes, length);
}

export function jsonMessage(message: Exclude<DecoderMessage, { kind: "frame" }>): Uint8Array {
  return messageBytes(message.kind, new TextEncoder().encode(JSON.stringify(message)), 0);
}

function messageBytes(kind: keyof typeof messageKinds, payload: Uint8Array, more: number): Uint8Array {
  const bytes = new Uint8Array(headerBytes + payload.length);
  bytes[0] = messageKinds[kind];
  new DataView(bytes.buffer).setUint32(1, payload.length + more, true);
  bytes.set(payload, headerBytes);
  return bytes;
}

/** Cuts a byte stream into messages, however it was chunked. */
export async function* readMessages(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<DecoderMessage> {
  const header = new Uint8Array(headerBytes);
  let filled = 0;
  let payload: Uint8Array<ArrayBuffer> | null = null;
  for await (const chunk of chunks) {
    let at = 0;
    while (at < chunk.length) {
      const target: Uint8Array = payload ?? header;
      const part = chunk.subarray(at, at + target.length - filled);
      target.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < target.length) break;
      filled = 0;
      if (payload === null) {
        payload = new Uint8Array(new DataView(header.buffer).getUint32(1, true));
        if (payload.length > 0) continue;
      }
      const complete: Uint8Array<ArrayBuffer> = payload;
      payload = null;
      yield parseMessage(header[0] as number, complete);
    }
  }
}

function parseMessage(kind: number, payload: Uint8Array<ArrayBuffer>): DecoderMessage {
  if (kind !== messageKinds.frame) return JSON.parse(new TextDecoder().decode(payload)) as DecoderMessage;
  return { kind: "frame", timestamp: new DataView(payload.buffer).getFloat64(0, true), data: payload.subarray(8) };
}

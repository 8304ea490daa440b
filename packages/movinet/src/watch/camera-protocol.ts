import type { InputSize } from "../model/card.ts";
import type { Region } from "../video/geometry.ts";
import type { LiveSource } from "./live-source.ts";

/** Milliseconds in which packets come but no picture, after which the process gives a stream up; its parent waits for longer. */
export const blindMs = 30_000;

/** What a camera's process has to read, as one line of JSON: everybody can see the arguments of a process. */
export interface CameraStart {
  readonly source: LiveSource;
  readonly transport: "tcp" | "udp";
  /** Whether a file or standard input is paced by its timestamps. */
  readonly realtime: boolean;
  /** Frames per second that one session takes. */
  readonly fps: number;
  /** Whether all pictures are sampled, for several sessions that take turns. */
  readonly fullRate: boolean;
  readonly size: InputSize;
  /** The part of the picture to look at; null: all. */
  readonly region: Region | null;
  readonly late: "drop" | "wait";
  /** Seconds without a picture after which a new stream begins. */
  readonly gapSeconds: number;
  readonly connectMs: number;
  readonly readMs: number;
  /** Whether the last packets are kept, for clips of events. */
  readonly keeps: boolean;
}

/** To write a clip of the packets that arrived in a time of the wall clock, in milliseconds, and a snapshot; or when it ends after all. */
export type ClipOrder =
  | {
      readonly kind: "begin";
      /** The path of the MP4 file. */
      readonly file: string;
      /** The path of the JPEG file. */
      readonly snapshot: string;
      readonly from: number;
      readonly until: number;
    }
  | { readonly kind: "end"; readonly file: string; readonly until: number };

export type CameraRequest = { readonly kind: "open"; readonly start: CameraStart } | ClipOrder;

/** Why a stream cannot be read. */
export type CameraFailure =
  | "refused"
  | "unauthorized"
  | "notFound"
  | "timeout"
  | "network"
  | "noVideo"
  | "unreadable"
  | "noCamera"
  | "noFile"
  | "ended";

export type CameraMessage =
  | {
      readonly kind: "live";
      /** Pixels as shown. */
      readonly width: number;
      readonly height: number;
      readonly codec: string;
      readonly container: string;
      /** Sessions that take turns. */
      readonly lanes: number;
      /** Milliseconds that it may be quiet. */
      readonly quietMs: number;
      /** Whether MP4 takes its packets. */
      readonly fitsMp4: boolean;
    }
  | {
      readonly kind: "picture";
      /** Seconds since the first picture of this connection. */
      readonly time: number;
      /** Wall clock in milliseconds at which its last packet arrived. */
      readonly arrived: number;
      readonly frame: number;
      readonly times: number;
      readonly gap: boolean;
      /** Pictures that were dropped before it. */
      readonly dropped: number;
      readonly data: Uint8Array;
    }
  /** A clip or snapshot that cannot be written: one line. */
  | { readonly kind: "problem"; readonly text: string }
  | { readonly kind: "failure"; readonly failure: CameraFailure; readonly detail: string };

const headerBytes = 8;

/** Two lengths (uint32, little-endian), JSON, and the RGB bytes of a picture. */
export function encodeMessage(message: CameraMessage): Uint8Array {
  const { data = new Uint8Array(), ...facts } = { data: undefined, ...message };
  const json = new TextEncoder().encode(JSON.stringify(facts));
  const bytes = new Uint8Array(headerBytes + json.length + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, json.length, true);
  view.setUint32(4, data.length, true);
  bytes.set(json, headerBytes);
  bytes.set(data, headerBytes + json.length);
  return bytes;
}

/** Cuts a byte stream into messages, however it was chunked. */
export class MessageReader {
  #parts: Uint8Array[] = [];
  #length = 0;
  #wanted = headerBytes;

  /** The messages that are complete with this chunk. */
  *add(chunk: Uint8Array): Generator<CameraMessage> {
    this.#parts.push(chunk);
    this.#length += chunk.length;
    while (this.#length >= this.#wanted) {
      const bytes = this.#joined();
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const json = view.getUint32(0, true);
      const end = headerBytes + json + view.getUint32(4, true);
      if (bytes.length < end) {
        this.#wanted = end;
        continue;
      }
      const facts = JSON.parse(new TextDecoder().decode(bytes.subarray(headerBytes, headerBytes + json)));
      this.#parts = [bytes.subarray(end)];
      this.#length = bytes.length - end;
      this.#wanted = headerBytes;
      const data = new Uint8Array(bytes.subarray(headerBytes + json, end));
      yield (facts.kind === "picture" ? { ...facts, data } : facts) as CameraMessage;
    }
  }

  #joined(): Uint8Array {
    const [only] = this.#parts;
    if (this.#parts.length === 1 && only) return only;
    const bytes = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
    this.#parts = [bytes];
    return bytes;
  }
}

import type { Fit } from "../model/card.ts";

/** How the pictures of a clip are kept. */
export interface ClipView {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly fit: Fit;
  /** Pictures a second, above 0. */
  readonly fps: number;
}

/** Decoded frames, sampled at `fps`. */
export interface Clip {
  /** `[frames, height, width, 3]` RGB, 8 bits. */
  readonly data: Uint8Array;
  readonly frames: number;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Width / height of the whole picture as it is shown: a squashed picture does not tell. */
  readonly aspect: number;
  readonly fps: number;
}

/** What is known of the video that a clip was decoded from. */
export interface ClipSource {
  /** Seconds from the first picture to the end of the last that was decoded. */
  readonly duration: number;
  /** Pictures a second as the video has them. */
  readonly frameRate: number;
  /** What was wrong with the file although it gave frames. */
  readonly warnings: readonly string[];
}

/** A clip with what is known of its video. */
export interface SourceClip extends Clip {
  readonly source: ClipSource;
}

/** The view in which a clip is looked at where no model says otherwise: what A0 to A2 see of a second, at A0's size. */
export const defaultView: ClipView = { width: 172, height: 172, fit: "crop", fps: 5 };

/** Part of every key: another number makes all entries anew, as it must where videos come to be decoded otherwise. */
export const clipFormat = 2;

/** What an entry says of its clip beside the frames. */
export type ClipHead = Omit<SourceClip, "data">;

/**
 * An entry of the cache: "MVCLIP" and two digits of version, then little-endian CRC-32 of all that follows it, length of
 * the JSON head in bytes, the head (a {@link ClipHead}), and the frames.
 */
const magic = new TextEncoder().encode(`MVCLIP${String(clipFormat).padStart(2, "0")}`);
const checkedFrom = magic.length + 4;
/** Bytes before the JSON head. */
export const prefixBytes = checkedFrom + 4;

/** What stands before the frames; `crc` continues a CRC-32 over more bytes. */
export function clipPrefix(
  head: ClipHead,
  frames: readonly Uint8Array[],
  crc: (bytes: Uint8Array, before?: number) => number,
): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(head));
  const bytes = new Uint8Array(prefixBytes + json.length);
  const view = new DataView(bytes.buffer);
  bytes.set(magic);
  view.setUint32(checkedFrom, json.length, true);
  bytes.set(json, prefixBytes);
  const sum = frames.reduce((before, frame) => crc(frame, before), crc(bytes.subarray(checkedFrom)));
  view.setUint32(magic.length, sum, true);
  return bytes;
}

/** Length of the JSON head that begins after the prefix; null where this is no entry. */
export function headLength(prefix: Uint8Array): number | null {
  if (prefix.length < prefixBytes || magic.some((byte, i) => prefix[i] !== byte)) return null;
  return new DataView(prefix.buffer, prefix.byteOffset).getUint32(checkedFrom, true);
}

/** Whether all that follows the checksum is what was written. */
export function isIntact(bytes: Uint8Array, crc: (bytes: Uint8Array) => number): boolean {
  const expected = new DataView(bytes.buffer, bytes.byteOffset).getUint32(magic.length, true);
  return crc(bytes.subarray(checkedFrom)) === expected;
}

/** The head, if it is one of this view and fits the length of the whole entry; else null. */
export function parseHead(json: Uint8Array, view: ClipView, entryBytes: number): ClipHead | null {
  try {
    const head = JSON.parse(new TextDecoder().decode(json)) as ClipHead;
    const fits = head.width === view.width && head.height === view.height && head.fps === view.fps;
    const whole = prefixBytes + json.length + head.frames * head.width * head.height * 3 === entryBytes;
    return fits && whole && head.frames > 0 ? head : null;
  } catch {
    return null;
  }
}

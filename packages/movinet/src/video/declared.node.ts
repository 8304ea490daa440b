import { readSync } from "node:fs";
import { AV_NOPTS_VALUE, AVFMT_NOTIMESTAMPS, AVFMT_TS_DISCONT, AVMEDIA_TYPE_AUDIO } from "node-av/constants";
import { lackingBytes, percentOf } from "./declared-bytes.ts";
import type { DecoderInput } from "./decoder-input.node.ts";
import type { InputFile } from "./input-file.node.ts";

type Seconds = number;

/** The length that a file declares. Times are as the file counts them. */
export interface Declared {
  /** The declared length, or null. It may be an estimate, or that of the audio. */
  readonly duration: Seconds | null;
  /** The end of the frames, from a declaration and not an estimate, or null. */
  readonly end: Seconds | null;
  /** Whether that may be the end of another stream. */
  readonly shared: boolean;
  /** Whether the file is read from its first byte to its last, with nothing after its packets. */
  readonly linear: boolean;
  /** Whether the declaration concerns the frames alone, and all of them. */
  readonly exact: boolean;
  /** Whether all frames are listed in an index. */
  readonly listed: boolean;
  /** The latest possible timestamp, or null. */
  readonly latest: Seconds | null;
  /** Assumed frame rate if none is known, or null. */
  readonly assumedRate: number | null;
}

/** Containers that declare the length of each stream, from its beginning. */
const perStream = ["mov", "avi"];
/** Containers that declare one length for all streams. */
const perFile = ["asf", "flv"];

export function readDeclared({ format, stream }: DecoderInput): Declared {
  const { num, den } = stream.timeBase;
  const seconds = (ticks: bigint): Seconds => (Number(ticks) * num) / den;
  const own = stream.duration > 0n ? seconds(stream.duration) : null;
  const whole = format.duration > 0n ? Number(format.duration) / 1e6 : null;
  const duration = own ?? whole;
  const start = stream.startTime === AV_NOPTS_VALUE ? 0 : seconds(stream.startTime);
  const latest = duration === null ? null : Math.max(start, 0) + Math.max(own ?? 0, whole ?? 0);
  const { iformat } = format;
  const container = iformat?.name?.split(",")[0] ?? "";
  const listed = container === "mov";
  const linear = container === "flv";
  const timeless = ((iformat?.flags ?? 0) & AVFMT_NOTIMESTAMPS) !== 0 && stream.codecpar.frameRate.num === 0;
  const { avgFrameRate } = stream;
  const assumedRate = timeless && avgFrameRate.num > 0 ? avgFrameRate.num / avgFrameRate.den : null;
  const said = (end: Seconds | null, { shared = false, exact = false } = {}): Declared => {
    return { duration, end, shared, exact, linear, listed, latest, assumedRate };
  };
  if (((iformat?.flags ?? 0) & (AVFMT_TS_DISCONT | AVFMT_NOTIMESTAMPS)) !== 0) return said(null);
  const tagged = taggedDuration(stream.metadata?.getAll() ?? {});
  if (tagged !== null) return said(tagged, { exact: true });
  if (own !== null && !perFile.includes(container)) {
    const end = own + (perStream.includes(container) ? start : Math.min(start, 0));
    return said(end, { exact: container === "avi" });
  }
  const sound = format.streams.some(({ codecpar }) => codecpar.codecType === AVMEDIA_TYPE_AUDIO);
  return said(duration === null ? null : Math.min(start, 0) + duration, { shared: sound });
}

/** The length that Matroska writers store for each stream: `DURATION` or `DURATION-eng`, as 00:00:10.500000000. */
function taggedDuration(tags: Readonly<Record<string, string>>): Seconds | null {
  const tag = Object.entries(tags).find(([name]) => /^DURATION(-|$)/i.test(name))?.[1];
  const [, hours, minutes, seconds] = /^(\d+):(\d\d):(\d\d(?:\.\d+)?)/.exec(tag ?? "") ?? [];
  return hours === undefined ? null : Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

/** Bytes at the beginning of a file that may declare its size. */
const headBytes = 1 << 16;
/** The share of a file's bytes that may be unread without a warning. */
const unread = 0.1;

/** What is wrong with the amount of a file that exists, or, if reading ended early, that was read; or null. */
export function shortfallOf(file: InputFile | null, bytesRead: number | null): string | null {
  if (file === null) return null;
  const head = file.head(headBytes);
  const lacking = lackingBytes(new DataView(head.buffer, head.byteOffset, head.length), file.size);
  if (lacking !== null) return lacking;
  if (bytesRead === null || bytesRead >= file.size * (1 - unread)) return null;
  return `after ${percentOf(bytesRead, file.size)}; the rest could not be read`;
}

/** Top-level boxes of an MP4 to look at. */
const mostAtoms = 100_000;

/**
 * Whether another MP4 is appended to this one, which FFmpeg ignores: a second `ftyp`. Fragmented files may repeat it,
 * and are read to their end.
 */
export function hasAnotherMovie(file: InputFile | null): boolean {
  if (file === null) return false;
  const header = Buffer.alloc(16);
  let another = false;
  for (let at = 0, atoms = 0; at + 8 <= file.size && atoms < mostAtoms; atoms++) {
    const length = readSync(file.descriptor, header, 0, header.length, at);
    const type = header.toString("latin1", 4, 8);
    if (length < 8 || type === "moof") return false;
    another ||= type === "ftyp" && at > 0;
    const size = header.readUInt32BE(0);
    const whole = size === 1 && length === 16 ? Number(header.readBigUInt64BE(8)) : size;
    if (whole < 8) break;
    at += whole;
  }
  return another;
}

import { AV_NOPTS_VALUE, AVFMT_NOTIMESTAMPS, AVFMT_TS_DISCONT, AVMEDIA_TYPE_AUDIO } from "node-av/constants";
import type { DecoderInput } from "./decoder-input.node.ts";

type Seconds = number;

/** What a file declares of its length. Times are as the file counts them. */
export interface Declared {
  /** The length that is told, or null. It may be an estimate, and that of the sound. */
  readonly duration: Seconds | null;
  /** Where the pictures end, by a declaration and not by an estimate, or null. */
  readonly end: Seconds | null;
  /** Whether that may be the end of another stream. */
  readonly shared: boolean;
  /** Whether the file is read from its first byte to its last, with nothing after its packets. */
  readonly linear: boolean;
  /** Whether it is told of the pictures alone, and of all of them. */
  readonly exact: boolean;
  /** Whether all pictures are listed in an index. */
  readonly listed: boolean;
  /** The latest time that any stamp may have, or null. */
  readonly latest: Seconds | null;
  /** Pictures a second that are assumed because nothing tells them, or null. */
  readonly assumedRate: number | null;
}

/** Containers that tell the length of each stream, counted from its beginning. */
const perStream = ["mov", "avi"];
/** Containers that tell one length for all streams. */
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

/** The length that Matroska's writers note for each stream: `DURATION` or `DURATION-eng`, as 00:00:10.500000000. */
function taggedDuration(tags: Readonly<Record<string, string>>): Seconds | null {
  const tag = Object.entries(tags).find(([name]) => /^DURATION(-|$)/i.test(name))?.[1];
  const [, hours, minutes, seconds] = /^(\d+):(\d\d):(\d\d(?:\.\d+)?)/.exec(tag ?? "") ?? [];
  return hours === undefined ? null : Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

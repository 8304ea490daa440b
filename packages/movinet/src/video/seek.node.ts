import { AV_FRAME_FLAG_CORRUPT, AV_FRAME_FLAG_KEY } from "node-av/constants";
import type { Frame as AVFrame } from "node-av/lib";
import type { DecoderInput } from "./decoder-input.node.ts";
import type { PacketReader, PlacedPacket } from "./packets.node.ts";
import type { PictureReader } from "./pictures.node.ts";
import type { Shown } from "./shown.ts";

type Seconds = number;

/** For a later start, frames before it are not decoded. */
export const soughtFrom: Seconds = 10;
/** Containers with an index of times. */
const indexed = ["mov", "matroska"];
const seekMargin: Seconds = 1;
/**
 * Limits, in packets and bytes, of what is kept from a key packet on; decoding begins there if more come before the
 * start.
 */
const mostKept = { packets: 1000, bytes: 1 << 26 };

/** Where decoding begins for a late start. */
export interface Landing {
  /** The time of the video's first frame. */
  readonly origin: Seconds;
  /** The first frame decoded there, not after the requested start. */
  readonly shown: Shown;
}

/**
 * Decodes a frame near a late start into `picture`; the reader continues from there. The frames from there on are the
 * same, at the same times, as if the video had been decoded from its beginning. Null if that is not certain: the
 * source must then be reopened and decoded from its beginning.
 */
export function land(
  start: Seconds,
  input: DecoderInput,
  packets: PacketReader,
  pictures: PictureReader,
  picture: AVFrame,
): Landing | null {
  const fed = pictures.keepFed();
  const first = pictures.next(picture);
  if (first === null) return null;
  const origin = first.time;
  const target = origin + start;
  const container = input.format.iformat?.name?.split(",")[0] ?? "";
  if (indexed.includes(container)) {
    if (!packets.seek(target - seekMargin)) return null;
    pictures.restart();
    for (const { packet } of fed) packet.free();
  } else pictures.restart(skipTo(target, fed, input, packets));
  const shown = pictures.next(picture);
  if (shown === null || shown.time > target || pictures.troubles.broken > 0 || !isWhole(picture)) return null;
  return { origin, shown };
}

/** An intact key frame: what follows needs nothing from before. */
function isWhole(picture: AVFrame): boolean {
  return (
    picture.hasFlags(AV_FRAME_FLAG_KEY) && !picture.hasFlags(AV_FRAME_FLAG_CORRUPT) && picture.decodeErrorFlags === 0
  );
}

/** Reads up to `target` without decoding. Returns the packets from the last preceding key packet. */
function skipTo(target: Seconds, fed: PlacedPacket[], input: DecoderInput, packets: PacketReader): PlacedPacket[] {
  const kept: PlacedPacket[] = [];
  let bytes = 0;
  const inOrder = input.stream.codecpar.videoDelay === 0;
  while (kept.length < mostKept.packets && bytes < mostKept.bytes) {
    const next = fed.shift() ?? packets.next();
    if (next === null) break;
    const { packet } = next;
    const { dts, pts } = packets.stampsOf(packet);
    const shownAt = pts ?? (inOrder ? dts : null);
    if (packet.isKeyframe && shownAt !== null && shownAt <= target) {
      for (const old of kept.splice(0)) old.packet.free();
      bytes = 0;
    }
    kept.push(next);
    bytes += packet.size;
    if ((dts ?? pts ?? -Infinity) > target) break;
  }
  return [...kept, ...fed];
}

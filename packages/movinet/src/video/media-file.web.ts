/// <reference lib="dom" />
import type { EncodedPacketSink, InputVideoTrack } from "mediabunny";
import { missingPeer } from "../common/errors.ts";
import { codecName } from "./codec-names.ts";
import { videoError } from "./failures.ts";
import { recognise } from "./formats.ts";
import type { Orientation } from "./geometry.ts";
import { mayBeInterlaced, parameterSetOf } from "./interlaced.ts";
import type { NamedColours } from "./stored-picture.ts";

type Seconds = number;

/** An encoded frame, with times as the file counts them. */
export interface MediaPacket {
  readonly isKey: boolean;
  readonly time: Seconds;
  /** 0 if unknown. */
  readonly duration: Seconds;
  readonly data: Uint8Array;
}

/** The video stream of a file. */
export interface MediaFile {
  /** The container, such as `MP4`. */
  readonly container: string;
  /** The codec's usual name, such as `H.264`. */
  readonly codec: string;
  /** What a decoder is configured with, or null if nobody can. */
  readonly config: VideoDecoderConfig | null;
  readonly orientation: Orientation;
  /** Width / height of a stored pixel. */
  readonly pixelAspect: number;
  /** Whether chroma samples lie on the left luma sample of those that they stand for. */
  readonly leftChroma: boolean;
  readonly colours: NamedColours;
  /** How long a frame lasts on average, by the first packets. */
  readonly typical: Seconds;
  /** Length that the file declares, or null. */
  readonly duration: Seconds | null;
  /** Whether all frames are listed in an index, and what comes before time 0 is not shown. */
  readonly listed: boolean;
  /** Whether its frames may consist of two fields. */
  readonly interlaced: boolean;
  /** Whether timestamps may start anew. */
  readonly joinable: boolean;
  readonly hasSound: boolean;
  packets(): AsyncGenerator<MediaPacket, void>;
  close(): void;
}

/** Bytes searched for what a file is. */
const headBytes = 1 << 16;
/** The beginning of Matroska and WebM, and their element ChromaSitingHorz with the value 1. */
const matroska = "\x1a\x45\xdf\xa3";
const leftSiting = "\x55\xb7\x81\x01";
/** Packets from which the usual duration is taken. */
const manyPackets = 100;
/** The first sample description of an MP4 with Common Encryption or Apple's. */
const encryptedEntry = /stsd[\s\S]{12}(encv|drmi)/;

/**
 * Opens a file with mediabunny. Null for a container that it does not read. Throws {@link VideoError}, and
 * {@link DependencyError} if mediabunny is not installed.
 */
export async function openMediaFile(file: Blob, name: string): Promise<MediaFile | null> {
  const { BlobSource, EncodedPacketSink, formats, Input, MPEG_TS } = await loadMediabunny();
  const input = new Input({ formats, source: new BlobSource(file, { handleUnhandledError: () => {} }) });
  try {
    if (!(await input.canRead())) {
      input.dispose();
      return null;
    }
    const format = await input.getFormat();
    const track = await input.getPrimaryVideoTrack();
    const others = await input.getAudioTracks();
    if (track === null) throw await withoutTrack(file, name, others.length > 0);
    const codec = codecName((await track.getCodec()) ?? String(await track.getInternalCodecId()));
    const { num, den } = await track.getPixelAspectRatio();
    const sink = new EncodedPacketSink(track);
    const joinable = format === MPEG_TS;
    const config = await track.getDecoderConfig();
    return {
      container: format.name,
      codec,
      config,
      orientation: orientationOf(await track.getRotation(), await track.getFlip()),
      pixelAspect: num / den,
      leftChroma: hasLeftChroma(config?.codec ?? "", await textOf(file.slice(0, headBytes))),
      // VP8 knows no other matrix.
      colours: config?.codec === "vp8" ? { matrix: "bt470bg" } : await track.getColorSpace(),
      typical: (await typicalOf(track, sink, joinable)) ?? 1 / 25,
      duration: await track.getDurationFromMetadata(),
      listed: format.name === "MP4" || format.name.startsWith("QuickTime"),
      interlaced: isInterlaced(config),
      joinable,
      hasSound: others.length > 0,
      async *packets() {
        for await (const { type, timestamp, duration, data } of sink.packets()) {
          yield { isKey: type === "key", time: timestamp, duration, data };
        }
      },
      close: () => input.dispose(),
    };
  } catch (error) {
    input.dispose();
    const how = encryptedEntry.exec(await textOf(file.slice(0, 8 * headBytes)))?.[1];
    const atEnd = how ?? encryptedEntry.exec(await textOf(file.slice(-8 * headBytes)))?.[1];
    if (atEnd !== undefined) throw videoError(name, "encrypted", atEnd === "encv" ? "CENC" : "FairPlay");
    throw error;
  }
}

/** How long a frame lasts: the mean of the first, or the median where timestamps may start anew; null if unknown. */
async function typicalOf(track: InputVideoTrack, sink: EncodedPacketSink, joinable: boolean): Promise<Seconds | null> {
  if (!joinable) {
    const { averagePacketRate } = await track.computePacketStats(manyPackets);
    return averagePacketRate > 0 && Number.isFinite(averagePacketRate) ? 1 / averagePacketRate : null;
  }
  const durations: Seconds[] = [];
  for await (const { duration } of sink.packets(undefined, undefined, { metadataOnly: true })) {
    if (duration > 0) durations.push(duration);
    if (durations.length === manyPackets) break;
  }
  return durations.toSorted((a, b) => a - b)[durations.length >> 1] ?? null;
}

/** Throws {@link VideoError} for what is certainly no video: by its first bytes, as in Node. */
export async function refuseOthers(file: Blob, name: string): Promise<void> {
  if (file.size === 0) throw videoError(name, "empty");
  const head = new Uint8Array(await file.slice(0, headBytes).arrayBuffer());
  const recognised = recognise(head);
  if (recognised === null) return;
  const { failure, detail } = recognised;
  throw videoError(name, failure === "unreadable" ? "notVideo" : failure, detail);
}

/** Only what is needed, by name, so that bundlers leave the rest out. */
async function loadMediabunny() {
  try {
    const { BlobSource, EncodedPacketSink, Input, MATROSKA, MP4, MPEG_TS, QTFF, WEBM } = await import("mediabunny");
    return { BlobSource, EncodedPacketSink, Input, MPEG_TS, formats: [MP4, QTFF, WEBM, MATROSKA, MPEG_TS] };
  } catch (cause) {
    throw missingPeer("mediabunny", cause);
  }
}

async function withoutTrack(file: Blob, name: string, hasSound: boolean): Promise<Error> {
  const head = await textOf(file.slice(0, headBytes));
  if (/^OggS[\s\S]*theora/.test(head)) return videoError(name, "codec", "Theora");
  if (hasSound) return videoError(name, "noStream", "audio");
  if (/^.{4}ftyp/s.test(head)) {
    return videoError(name, "damaged", "the file is truncated: its index (the moov atom) is missing");
  }
  return videoError(name, "noStream");
}

async function textOf(part: Blob): Promise<string> {
  return new TextDecoder("latin1").decode(await part.arrayBuffer());
}

/** From a clockwise rotation, after which the picture may be mirrored. */
function orientationOf(rotation: number, isMirrored: boolean): Orientation {
  const transpose = rotation === 90 || rotation === 270;
  const mirror = rotation === 90 || rotation === 180;
  return { transpose, mirror: mirror !== isMirrored, flip: rotation === 180 || rotation === 270 };
}

function isInterlaced(config: VideoDecoderConfig | null): boolean {
  if (config?.description === undefined || !config.codec.startsWith("avc")) return false;
  const { description } = config;
  const bytes = ArrayBuffer.isView(description)
    ? new Uint8Array(description.buffer, description.byteOffset, description.byteLength)
    : new Uint8Array(description);
  const unit = parameterSetOf(bytes);
  return unit !== null && mayBeInterlaced(unit);
}

/** As FFmpeg takes it: always so in H.264 and H.265, in AV1 if the codec's name says so, in Matroska if its header does. */
function hasLeftChroma(codec: string, head: string): boolean {
  if (/^(avc|hvc|hev)|^av01(\.\w+){4}\.\d\d1/.test(codec)) return true;
  return head.startsWith(matroska) && head.includes(leftSiting);
}

/** Files of an event: its packets as they arrived, in MP4, and a picture of it. */
import { getSystemErrorName } from "node:util";
import {
  AV_CODEC_ID_AV1,
  AV_CODEC_ID_H264,
  AV_CODEC_ID_HEVC,
  AV_CODEC_ID_MJPEG,
  AV_CODEC_ID_MPEG1VIDEO,
  AV_CODEC_ID_MPEG2VIDEO,
  AV_CODEC_ID_MPEG4,
  AV_CODEC_ID_VP9,
  AV_NOPTS_VALUE,
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_YUVJ420P,
  FF_ENCODER_MJPEG,
} from "node-av/constants";
import {
  type Frame as AVFrame,
  Codec,
  CodecContext,
  Dictionary,
  FFmpegError,
  FormatContext,
  Packet,
  Rational,
  SoftwareScaleContext,
} from "node-av/lib";
import { FileAside, writeError, writeWhole } from "../common/write.node.ts";
import { newFrame } from "../video/pictures.node.ts";
import { Scaler } from "../video/scaler.node.ts";
import { Shapes } from "../video/shape.node.ts";
import { type CameraInput, check } from "./camera-input.node.ts";
import { placeInClip } from "./clip-times.ts";
import type { RingPacket } from "./packet-ring.ts";

/** Codecs that players expect in MP4. */
const mp4Codecs: readonly number[] = [
  AV_CODEC_ID_H264,
  AV_CODEC_ID_HEVC,
  AV_CODEC_ID_AV1,
  AV_CODEC_ID_VP9,
  AV_CODEC_ID_MPEG4,
  AV_CODEC_ID_MPEG2VIDEO,
  AV_CODEC_ID_MPEG1VIDEO,
  AV_CODEC_ID_MJPEG,
];
/** The tag of H.265 whose parameter sets are in the header alone: Apple's players know no other. */
const hvc1 = 0x31637668;
/** The longer side of a picture, at most. */
const mostPixels = 640;

export function fitsMp4({ stream }: CameraInput): boolean {
  return mp4Codecs.includes(stream.codecpar.codecId);
}

/** Packets of a clip; the caller frees them. */
export interface ClipPacket extends RingPacket {
  readonly packet: Packet;
}

/**
 * Writes packets of one stream as a file that begins with the first, a key packet.
 *
 * @param sets the parameter sets that came with the packets; null: those of the stream's header.
 *
 * Throws what `writeError` returns, and `CameraFail`.
 */
export async function writeClip(
  file: string,
  input: CameraInput,
  packets: readonly ClipPacket[],
  sets: Uint8Array | null,
): Promise<void> {
  const { stream, decoder } = input;
  const aside = new FileAside(file);
  const format = new FormatContext();
  try {
    check(format.allocOutputContext2(null, "mp4", `file:${aside.path}`));
    const to = format.newStream();
    check(stream.codecpar.copy(to.codecpar));
    if (sets) to.codecpar.extradata = Buffer.from(sets);
    to.codecpar.codecTag = stream.codecpar.codecId === AV_CODEC_ID_HEVC && to.codecpar.extradataSize > 0 ? hvc1 : 0;
    // Streams that were not probed do not know their size.
    to.codecpar.width ||= decoder.width;
    to.codecpar.height ||= decoder.height;
    to.timeBase = stream.timeBase;
    const written = (code: number) => {
      if (code < 0) throw writeError(file, { code: errorName(code) });
    };
    written(await format.openOutput());
    written(await format.writeHeader(Dictionary.fromObject({ movflags: "faststart" })));
    const known = (stamp: bigint) => (stamp === AV_NOPTS_VALUE || !input.stamped ? null : stamp);
    const stamps = packets.map(({ packet, arrived }) => ({ pts: known(packet.pts), dts: known(packet.dts), arrived }));
    const { num, den } = stream.timeBase;
    const placed = placeInClip(stamps, den / num);
    for (const [i, { packet }] of packets.entries()) {
      const place = placed[i];
      if (!place) continue;
      packet.pts = place.pts;
      packet.dts = place.dts;
      packet.rescaleTs(stream.timeBase, to.timeBase);
      packet.streamIndex = to.index;
      packet.pos = -1n;
      written(await format.interleavedWriteFrame(packet));
    }
    written(await format.writeTrailer());
    await format.closeOutput();
    await aside.keep();
  } finally {
    format.closeOutputSync();
    format.freeContext();
    await aside[Symbol.asyncDispose]();
  }
}

/** The system's name of an error, such as ENOSPC, or FFmpeg's text. */
function errorName(code: number): string {
  try {
    return getSystemErrorName(code);
  } catch {
    return FFmpegError.strerror(code);
  }
}

/** Writes a picture as JPEG, upright and in square pixels. Throws what `writeWhole` and `check` throw. */
export function writeSnapshot(file: string, picture: AVFrame, { stream }: CameraInput): Promise<void> {
  return writeWhole(file, jpegOf(picture, stream));
}

function jpegOf(picture: AVFrame, stream: CameraInput["stream"]): Uint8Array {
  const shapes = new Shapes(stream);
  const { shown } = shapes.of(picture);
  const share = Math.min(1, mostPixels / Math.max(shown.width, shown.height));
  const scaled = (length: number) => Math.max(1, Math.round(share * length));
  const size = { width: scaled(shown.width), height: scaled(shown.height), fit: "squash" } as const;
  const scaler = new Scaler(size, stream, shapes);
  const scale = new SoftwareScaleContext();
  const [rgb, yuv] = [newFrame(), newFrame()];
  try {
    const { width, height } = size;
    Object.assign(rgb, { width, height, format: AV_PIX_FMT_RGB24 });
    Object.assign(yuv, { width, height, format: AV_PIX_FMT_YUVJ420P });
    check(rgb.getBuffer(0));
    check(yuv.getBuffer(0));
    fill(rgb, scaler.picture(picture, size));
    scale.allocContext();
    check(scale.scaleFrameSync(yuv, rgb));
    return encoded(yuv);
  } finally {
    rgb.free();
    yuv.free();
    scale.freeContext();
    scaler.free();
  }
}

function fill({ data, linesize, width, height }: AVFrame, pixels: Uint8Array): void {
  const [[plane], [stride = 0]] = [data as Buffer[], linesize];
  for (let row = 0; row < height; row++)
    plane?.set(pixels.subarray(3 * width * row, 3 * width * (row + 1)), stride * row);
}

function encoded(yuv: AVFrame): Uint8Array {
  const codec = Codec.findEncoderByName(FF_ENCODER_MJPEG);
  if (!codec) throw new Error("this FFmpeg has no encoder of JPEG");
  const encoder = new CodecContext();
  const packet = new Packet();
  packet.alloc();
  try {
    encoder.allocContext3(codec);
    encoder.width = yuv.width;
    encoder.height = yuv.height;
    encoder.pixelFormat = AV_PIX_FMT_YUVJ420P;
    encoder.timeBase = new Rational(1, 1);
    // Not in a dictionary: node-av frees one that it has passed on a second time, when garbage is collected.
    check(encoder.setOption("flags", "+qscale"));
    check(encoder.setOption("global_quality", String(quality)));
    check(encoder.open2Sync(codec, null));
    yuv.pts = 0n;
    check(encoder.sendFrameSync(yuv));
    check(encoder.receivePacketSync(packet));
    return new Uint8Array(packet.data ?? []);
  } finally {
    packet.free();
    encoder.freeContext();
  }
}

/** FFmpeg's unit of quality (118) times 3: good. */
const quality = 3 * 118;

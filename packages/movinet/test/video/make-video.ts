/** Makes small videos of numbered pictures, in any container and codec that this FFmpeg writes. */
import {
  AV_CHANNEL_ORDER_NATIVE,
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_LOG_ERROR,
  AV_PIX_FMT_YUV420P,
  AV_SAMPLE_FMT_FLTP,
  AVERROR_EAGAIN,
  AVERROR_EOF,
  AVFMT_GLOBALHEADER,
} from "node-av/constants";
import {
  Frame as AVFrame,
  avGetPixFmtName,
  Codec,
  CodecContext,
  Dictionary,
  FFmpegError,
  FormatContext,
  Log,
  Packet,
  Rational,
  type Stream,
} from "node-av/lib";
import type { Frame } from "../../src/video/frame.ts";

export interface MadeVideo {
  /** Name of FFmpeg's muxer; default: by the file's extension. */
  readonly container?: string;
  /** Name of FFmpeg's encoder. Default libx264. */
  readonly codec?: string;
  /** Pictures. */
  readonly count: number;
  /** Number of the first picture. Default 0. */
  readonly from?: number;
  /** Pictures a second. Default 25. */
  readonly fps?: number;
  /** Parts of a second in which the encoder counts time. Default `1000 · fps`; MPEG-2 and MPEG-4 need fewer. */
  readonly ticks?: number;
  /** Seconds at which picture `i` is shown. Default `i / fps`. */
  readonly time?: (i: number) => number;
  readonly width?: number;
  readonly height?: number;
  /** Pictures from one key frame to the next. Default 25. */
  readonly gop?: number;
  /** Planar YUV of 8 bits or more. Default yuv420p. */
  readonly pixelFormat?: number;
  /** Options of the encoder and of the muxer. */
  readonly encoderOptions?: Readonly<Record<string, string>>;
  readonly muxerOptions?: Readonly<Record<string, string>>;
  /** Adds silence, in FFmpeg's encoder of that name, from 0 to so many seconds. */
  readonly sound?: { readonly codec: string; readonly seconds: number };
  /** Changes the encoder before it is opened. */
  readonly encoder?: (encoder: CodecContext) => void;
  /** Changes the stream before the header is written: aspect, side data, … */
  readonly stream?: (stream: Stream) => void;
  /** Changes a picture before it is encoded. */
  readonly picture?: (picture: AVFrame, i: number) => void;
  /** False leaves the packet out. Packets come in coding order. */
  readonly packet?: (packet: Packet, i: number) => boolean;
}

const bars = 10;

/** Writes a video whose pictures carry their number as ten bars, black or white: the first is the lowest bit. */
export function makeVideo(file: string, options: MadeVideo): void {
  const { count, from = 0, fps = 25, width = 160, height = 64, gop = 25, pixelFormat = AV_PIX_FMT_YUV420P } = options;
  const { time = (i: number) => i / fps, ticks = 1000 * fps, container = null } = options;
  Log.setLevel(AV_LOG_ERROR);
  const codec = Codec.findEncoderByName((options.codec ?? "libx264") as Parameters<typeof Codec.findEncoderByName>[0]);
  if (!codec) throw new Error(`this FFmpeg has no ${options.codec}`);
  const format = new FormatContext();
  const encoder = new CodecContext();
  const packet = new Packet();
  packet.alloc();
  const frame = new AVFrame();
  try {
    check(format.allocOutputContext2(null, container, `file:${file}`));
    encoder.allocContext3(codec);
    encoder.width = width;
    encoder.height = height;
    encoder.pixelFormat = pixelFormat as typeof encoder.pixelFormat;
    encoder.timeBase = new Rational(1, ticks);
    encoder.framerate = new Rational(fps, 1);
    encoder.gopSize = gop;
    encoder.threadCount = 1;
    if (format.oformat?.hasFlags?.(AVFMT_GLOBALHEADER) ?? true) encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
    for (const [name, value] of Object.entries(options.encoderOptions ?? {})) check(encoder.setOption(name, value));
    options.encoder?.(encoder);
    check(encoder.open2Sync(codec, null));
    const stream = format.newStream(codec);
    check(stream.codecpar.fromContext(encoder));
    stream.timeBase = encoder.timeBase;
    stream.avgFrameRate = encoder.framerate;
    options.stream?.(stream);
    const sound = options.sound ? openSound(format, options.sound.codec) : null;
    check(format.openOutputSync());
    check(format.writeHeaderSync(options.muxerOptions ? Dictionary.fromObject(options.muxerOptions) : null));
    let coded = 0;
    const drain = () => {
      for (;;) {
        const code = encoder.receivePacketSync(packet);
        if (code === AVERROR_EAGAIN || code === AVERROR_EOF) return;
        check(code);
        packet.streamIndex = stream.index;
        packet.rescaleTs(encoder.timeBase, stream.timeBase);
        if (options.packet?.(packet, coded++) ?? true) check(format.interleavedWriteFrameSync(packet));
        else packet.unref();
      }
    };
    for (let i = 0; i < count; i++) {
      frame.unref();
      frame.alloc();
      frame.width = width;
      frame.height = height;
      frame.format = pixelFormat as typeof frame.format;
      check(frame.getBuffer(0));
      drawNumber(frame, from + i);
      frame.pts = BigInt(Math.round(time(i) * ticks));
      options.picture?.(frame, i);
      check(encoder.sendFrameSync(frame));
      drain();
    }
    check(encoder.sendFrameSync(null));
    drain();
    if (sound && options.sound) writeSilence(format, sound, options.sound.seconds);
    check(format.writeTrailerSync());
  } finally {
    packet.free();
    frame.free();
    encoder.freeContext();
    format.closeOutputSync();
    format.freeContext();
  }
}

interface Sound {
  readonly encoder: CodecContext;
  readonly stream: Stream;
}

function openSound(format: FormatContext, name: string): Sound {
  const codec = Codec.findEncoderByName(name as Parameters<typeof Codec.findEncoderByName>[0]);
  if (!codec) throw new Error(`this FFmpeg has no ${name}`);
  const encoder = new CodecContext();
  encoder.allocContext3(codec);
  encoder.sampleRate = 48_000;
  encoder.channelLayout = { nbChannels: 1, order: AV_CHANNEL_ORDER_NATIVE, mask: 4n };
  encoder.sampleFormat = codec.sampleFormats?.[0] ?? AV_SAMPLE_FMT_FLTP;
  encoder.timeBase = new Rational(1, 48_000);
  if (format.oformat?.hasFlags?.(AVFMT_GLOBALHEADER) ?? true) encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
  check(encoder.open2Sync(codec, null));
  const stream = format.newStream(codec);
  check(stream.codecpar.fromContext(encoder));
  stream.timeBase = encoder.timeBase;
  return { encoder, stream };
}

function writeSilence(format: FormatContext, { encoder, stream }: Sound, seconds: number): void {
  const frame = new AVFrame();
  const packet = new Packet();
  packet.alloc();
  const drain = () => {
    while (encoder.receivePacketSync(packet) >= 0) {
      packet.streamIndex = stream.index;
      packet.rescaleTs(encoder.timeBase, stream.timeBase);
      check(format.interleavedWriteFrameSync(packet));
    }
  };
  const samples = encoder.frameSize || 1024;
  for (let at = 0; at + samples <= seconds * 48_000; at += samples) {
    frame.unref();
    frame.alloc();
    frame.nbSamples = samples;
    frame.format = encoder.sampleFormat;
    frame.sampleRate = encoder.sampleRate;
    frame.channelLayout = encoder.channelLayout;
    check(frame.getBuffer(0));
    for (const plane of frame.data ?? []) plane.fill(0);
    frame.pts = BigInt(at);
    check(encoder.sendFrameSync(frame));
    drain();
  }
  check(encoder.sendFrameSync(null));
  drain();
  frame.free();
  packet.free();
  encoder.freeContext();
}

/** Luma of the bars, grey chroma. */
function drawNumber(picture: AVFrame, number: number): void {
  const stripe = (_: unknown, bar: number) => [(number >> bar) & 1 ? 235 : 16, 128, 128];
  drawStripes(picture, Array.from({ length: bars }, stripe));
}

/**
 * Draws upright stripes of equal width into a planar picture of 8 bits a value or more. A stripe is a value for each plane
 * on the scale of 8 bits: 16.5 is 66 in 10 bits.
 */
export function drawStripes(picture: AVFrame, stripes: readonly (readonly number[])[]): void {
  const { data, linesize, width, height, format } = picture;
  const name = avGetPixFmtName(format as Parameters<typeof avGetPixFmtName>[0]) ?? "";
  const bits = Number(/p(\d\d)le$/.exec(name)?.[1] ?? 8);
  for (const [plane, bytes] of (data as Buffer[]).entries()) {
    const columns = plane > 0 && /42[02]/.test(name) ? Math.ceil(width / 2) : width;
    const rows = plane > 0 && /420/.test(name) ? Math.ceil(height / 2) : height;
    const row = new (bits > 8 ? Uint16Array : Uint8Array)(columns);
    for (let x = 0; x < columns; x++) {
      const stripe = stripes[Math.floor((x * stripes.length) / columns)] as readonly number[];
      row[x] = Math.round((stripe[plane] as number) * 2 ** (bits - 8));
    }
    for (let y = 0; y < rows; y++) bytes.set(new Uint8Array(row.buffer), y * (linesize[plane] as number));
  }
}

/** The number that a picture of {@link makeVideo} carries, read in the row of pixels at `at` (0..1) of its height. */
export function numberOf({ data, width, height }: Frame, at = 0.5): number {
  let number = 0;
  for (let bar = 0; bar < bars; bar++) {
    const x = Math.floor(((bar + 0.5) * width) / bars);
    const green = data[(Math.floor(height * at) * width + x) * 3 + 1] as number;
    if (green > 127) number |= 1 << bar;
  }
  return number;
}

function check(code: number): void {
  if (code < 0) throw new Error(FFmpegError.strerror(code));
}

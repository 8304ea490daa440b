import {
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_PIX_FMT_YUV420P,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_SMPTE170M,
  AVERROR_EAGAIN,
  AVERROR_EOF,
  FF_ENCODER_LIBX264,
} from "node-av/constants";
import { Frame as AVFrame, Codec, CodecContext, FFmpegError, FormatContext, Packet, Rational } from "node-av/lib";

export interface EncodeOptions {
  /** Pixels, even. */
  readonly width: number;
  /** Pixels, even. */
  readonly height: number;
  /** Frames per second, an integer. */
  readonly fps: number;
  /** x264's constant rate factor: 18 is nearly lossless, 40 is ugly. */
  readonly quality: number;
  /** Maximum distance of key frames, in frames. */
  readonly keyEvery: number;
}

/**
 * Canonical algorithms on every processor. Without this, x264's AVX-512 code reads past the end of macroblock rows in
 * the lookahead, including uninitialized memory, unless a row has a multiple of 8 macroblocks: each run then gives
 * other bytes.
 */
const canonical = "cpu-independent=1";

/**
 * Writes RGB frames `[height, width, 3]` as H.264 in MP4. The same frames and options give the same bytes, in every
 * run and on every processor with the same FFmpeg build. `x264` adds parameters (`name=value`, separated by `:`), such
 * as the instruction set (`asm`) for tests. Throws `Error` with FFmpeg's message on failure.
 */
export function encodeVideo(file: string, frames: Iterable<Uint8Array>, options: EncodeOptions, x264 = ""): void {
  const { width, height, fps, quality, keyEvery } = options;
  const codec = Codec.findEncoderByName(FF_ENCODER_LIBX264);
  if (!codec) throw new Error("this FFmpeg build has no libx264");
  const format = new FormatContext();
  const encoder = new CodecContext();
  const picture = newFrame(width, height);
  const packet = new Packet();
  packet.alloc();
  try {
    check(format.allocOutputContext2(null, "mp4", `file:${file}`));
    encoder.allocContext3(codec);
    encoder.width = width;
    encoder.height = height;
    encoder.pixelFormat = AV_PIX_FMT_YUV420P;
    encoder.timeBase = new Rational(1, fps);
    encoder.framerate = new Rational(fps, 1);
    encoder.gopSize = keyEvery;
    encoder.threadCount = 1;
    encoder.colorSpace = AVCOL_SPC_SMPTE170M;
    encoder.colorRange = AVCOL_RANGE_MPEG;
    encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
    // Not as a dictionary: node-av 6.1 frees one passed to open2 twice.
    check(encoder.setOption("preset", "veryfast"));
    check(encoder.setOption("crf", String(quality)));
    check(encoder.setOption("x264-params", x264 ? `${canonical}:${x264}` : canonical));
    check(encoder.open2Sync(codec, null));
    const stream = format.newStream(codec);
    check(stream.codecpar.fromContext(encoder));
    stream.timeBase = encoder.timeBase;
    stream.avgFrameRate = encoder.framerate;
    check(format.openOutputSync());
    check(format.writeHeaderSync());
    const drain = () => {
      for (;;) {
        const code = encoder.receivePacketSync(packet);
        if (code === AVERROR_EAGAIN || code === AVERROR_EOF) return;
        check(code);
        packet.streamIndex = stream.index;
        packet.rescaleTs(encoder.timeBase, stream.timeBase);
        check(format.interleavedWriteFrameSync(packet));
      }
    };
    let count = 0n;
    for (const pixels of frames) {
      check(picture.makeWritable());
      writeYuv420(pixels, width, height, planesOf(picture));
      picture.pts = count++;
      picture.duration = 1n;
      check(encoder.sendFrameSync(picture));
      drain();
    }
    check(encoder.sendFrameSync(null));
    drain();
    check(format.writeTrailerSync());
  } finally {
    packet.free();
    picture.free();
    encoder.freeContext();
    format.closeOutputSync();
    format.freeContext();
  }
}

function newFrame(width: number, height: number): AVFrame {
  const frame = new AVFrame();
  frame.alloc();
  frame.width = width;
  frame.height = height;
  frame.format = AV_PIX_FMT_YUV420P;
  frame.colorSpace = AVCOL_SPC_SMPTE170M;
  frame.colorRange = AVCOL_RANGE_MPEG;
  check(frame.getBuffer(0));
  return frame;
}

function planesOf({ data, linesize }: AVFrame): [YuvPlane, YuvPlane, YuvPlane] {
  const plane = (i: number): YuvPlane => ({ data: (data as Buffer[])[i] as Buffer, stride: linesize[i] as number });
  return [plane(0), plane(1), plane(2)];
}

function check(code: number): void {
  if (code < 0) throw new Error(FFmpegError.strerror(code));
}

/** One channel: 8 bits per sample, row by row. */
export interface YuvPlane {
  readonly data: Uint8Array;
  /** Bytes from one row to the next. */
  readonly stride: number;
}

/**
 * Converts RGB `[height, width, 3]` with even sides to YUV 4:2:0, limited range, in the planes Y, U and V. The formula
 * is that of ITU-R BT.601 in integers with 16 fractional bits, rounded; chroma is that of the mean of 2 × 2 pixels.
 * libswscale's code depends on the processor; this gives the same bytes everywhere.
 */
export function writeYuv420(
  rgb: Uint8Array,
  width: number,
  height: number,
  [luma, blue, red]: readonly [YuvPlane, YuvPlane, YuvPlane],
): void {
  for (let y = 0; y < height; y++) {
    const row = y * luma.stride;
    let at = 3 * y * width;
    for (let x = 0; x < width; x++, at += 3) {
      const sum = 16829 * rgb[at]! + 33039 * rgb[at + 1]! + 6416 * rgb[at + 2]!;
      luma.data[row + x] = (sum + (16 << 16) + (1 << 15)) >> 16;
    }
  }
  const below = 3 * width;
  const offset = (128 << 18) + (1 << 17);
  for (let y = 0; y < height / 2; y++) {
    let at = 6 * y * width;
    for (let x = 0; x < width / 2; x++, at += 6) {
      const r = rgb[at]! + rgb[at + 3]! + rgb[at + below]! + rgb[at + below + 3]!;
      const g = rgb[at + 1]! + rgb[at + 4]! + rgb[at + below + 1]! + rgb[at + below + 4]!;
      const b = rgb[at + 2]! + rgb[at + 5]! + rgb[at + below + 2]! + rgb[at + below + 5]!;
      blue.data[y * blue.stride + x] = (-9714 * r - 19070 * g + 28784 * b + offset) >> 18;
      red.data[y * red.stride + x] = (28784 * r - 24103 * g - 4681 * b + offset) >> 18;
    }
  }
}

import {
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_YUV420P,
  AVCOL_RANGE_JPEG,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_RGB,
  AVCOL_SPC_SMPTE170M,
  AVERROR_EAGAIN,
  AVERROR_EOF,
  FF_ENCODER_LIBX264,
} from "node-av/constants";
import {
  Frame as AVFrame,
  Codec,
  CodecContext,
  FFmpegError,
  FormatContext,
  Packet,
  Rational,
  SoftwareScaleContext,
} from "node-av/lib";

export interface EncodeOptions {
  /** Pixels, even. */
  readonly width: number;
  /** Pixels, even. */
  readonly height: number;
  /** Frames a second, whole. */
  readonly fps: number;
  /** x264's constant rate factor: 18 is hardly seen, 40 is ugly. */
  readonly quality: number;
  /** Frames from one key frame to the next, at most. */
  readonly keyEvery: number;
}

/**
 * Writes RGB frames `[height, width, 3]` as H.264 in MP4; the same frames and options make the same bytes. Throws `Error`
 * with FFmpeg's words where it cannot.
 */
export function encodeVideo(file: string, frames: Iterable<Uint8Array>, options: EncodeOptions): void {
  const { width, height, fps, quality, keyEvery } = options;
  const codec = Codec.findEncoderByName(FF_ENCODER_LIBX264);
  if (!codec) throw new Error("this FFmpeg has no libx264");
  const format = new FormatContext();
  const encoder = new CodecContext();
  const scale = new SoftwareScaleContext();
  const rgb = newFrame(width, height, AV_PIX_FMT_RGB24);
  const yuv = newFrame(width, height, AV_PIX_FMT_YUV420P);
  const packet = new Packet();
  packet.alloc();
  rgb.colorSpace = AVCOL_SPC_RGB;
  rgb.colorRange = AVCOL_RANGE_JPEG;
  yuv.colorSpace = AVCOL_SPC_SMPTE170M;
  yuv.colorRange = AVCOL_RANGE_MPEG;
  scale.allocContext();
  scale.setOption("sws_flags", "bilinear+accurate_rnd+full_chroma_int");
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
    // Not as a dictionary: node-av 6.1 frees one that is given to open2 twice.
    check(encoder.setOption("preset", "veryfast"));
    check(encoder.setOption("crf", String(quality)));
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
      fill(rgb, pixels, width, height);
      check(yuv.makeWritable());
      check(scale.scaleFrameSync(yuv, rgb));
      yuv.pts = count++;
      yuv.duration = 1n;
      check(encoder.sendFrameSync(yuv));
      drain();
    }
    check(encoder.sendFrameSync(null));
    drain();
    check(format.writeTrailerSync());
  } finally {
    packet.free();
    rgb.free();
    yuv.free();
    scale.freeContext();
    encoder.freeContext();
    format.closeOutputSync();
    format.freeContext();
  }
}

function newFrame(width: number, height: number, pixels: AVFrame["format"]): AVFrame {
  const frame = new AVFrame();
  frame.alloc();
  frame.width = width;
  frame.height = height;
  frame.format = pixels;
  check(frame.getBuffer(0));
  return frame;
}

function fill(frame: AVFrame, pixels: Uint8Array, width: number, height: number): void {
  const [rows] = frame.data as [Buffer];
  const stride = frame.linesize[0] as number;
  for (let y = 0; y < height; y++) rows.set(pixels.subarray(y * width * 3, (y + 1) * width * 3), y * stride);
}

function check(code: number): void {
  if (code < 0) throw new Error(FFmpegError.strerror(code));
}

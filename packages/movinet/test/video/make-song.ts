/** Makes two seconds of silence with one picture: a cover, or a track of its own. */
import {
  AV_CHANNEL_ORDER_NATIVE,
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_DISPOSITION_ATTACHED_PIC,
  AV_LOG_ERROR,
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_YUVJ420P,
  AV_SAMPLE_FMT_FLTP,
  AV_SAMPLE_FMT_S16,
} from "node-av/constants";
import { Frame as AVFrame, Codec, CodecContext, FFmpegError, FormatContext, Log, Packet, Rational } from "node-av/lib";

export interface MadeSong {
  readonly sound: "aac" | "libmp3lame" | "flac" | "pcm_s16le" | "pcm_s16be" | "wmav2";
  readonly picture: "mjpeg" | "png";
  /** Whether the picture is marked as a cover. */
  readonly isCover: boolean;
}

const rate = 44_100;

export function makeSong(file: string, { sound, picture, isCover }: MadeSong): void {
  Log.setLevel(AV_LOG_ERROR);
  const format = new FormatContext();
  check(format.allocOutputContext2(null, null, `file:${file}`));
  const audio = openEncoder(sound, (encoder) => {
    encoder.sampleRate = rate;
    encoder.channelLayout = { order: AV_CHANNEL_ORDER_NATIVE, nbChannels: 1, mask: 4n };
    encoder.sampleFormat = /flac|pcm/.test(sound) ? AV_SAMPLE_FMT_S16 : AV_SAMPLE_FMT_FLTP;
    encoder.timeBase = new Rational(1, rate);
    encoder.bitRate = 64_000n;
  });
  const video = openEncoder(picture, (encoder) => {
    encoder.width = 64;
    encoder.height = 64;
    encoder.pixelFormat = picture === "png" ? AV_PIX_FMT_RGB24 : AV_PIX_FMT_YUVJ420P;
    encoder.timeBase = new Rational(1, 25);
  });
  const streams = [audio, video].map((encoder) => {
    const stream = format.newStream(null);
    check(stream.codecpar.fromContext(encoder));
    stream.timeBase = encoder.timeBase;
    return stream;
  });
  if (isCover && streams[1]) streams[1].disposition = AV_DISPOSITION_ATTACHED_PIC;
  check(format.openOutputSync());
  check(format.writeHeaderSync());
  const packet = new Packet();
  packet.alloc();
  const frame = new AVFrame();
  const write = (encoder: CodecContext, index: number) => {
    while (encoder.receivePacketSync(packet) >= 0) {
      packet.streamIndex = index;
      packet.rescaleTs(encoder.timeBase, streams[index]?.timeBase ?? encoder.timeBase);
      check(format.interleavedWriteFrameSync(packet));
    }
  };
  const fill = (pts: number) => {
    check(frame.getBuffer(0));
    for (const plane of frame.data ?? []) plane.fill(0);
    frame.pts = BigInt(pts);
  };
  frame.alloc();
  frame.width = video.width;
  frame.height = video.height;
  frame.format = video.pixelFormat;
  fill(0);
  check(video.sendFrameSync(frame));
  check(video.sendFrameSync(null));
  write(video, 1);
  const step = audio.frameSize || 1024;
  for (let at = 0; at < 2 * rate; at += step) {
    frame.unref();
    frame.nbSamples = step;
    frame.format = audio.sampleFormat;
    frame.channelLayout = audio.channelLayout;
    frame.sampleRate = rate;
    fill(at);
    check(audio.sendFrameSync(frame));
    write(audio, 0);
  }
  check(audio.sendFrameSync(null));
  write(audio, 0);
  check(format.writeTrailerSync());
  frame.free();
  packet.free();
  audio.freeContext();
  video.freeContext();
  format.closeOutputSync();
  format.freeContext();
}

function openEncoder(name: string, set: (encoder: CodecContext) => void): CodecContext {
  const codec = Codec.findEncoderByName(name as Parameters<typeof Codec.findEncoderByName>[0]);
  if (!codec) throw new Error(`this FFmpeg has no ${name}`);
  const encoder = new CodecContext();
  encoder.allocContext3(codec);
  set(encoder);
  encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
  check(encoder.open2Sync(codec, null));
  return encoder;
}

function check(code: number): void {
  if (code < 0) throw new Error(FFmpegError.strerror(code));
}

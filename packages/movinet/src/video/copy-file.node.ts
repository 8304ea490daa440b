import { availableParallelism } from "node:os";
import { getSystemErrorName } from "node:util";
import {
  AV_CODEC_ID_AAC,
  AV_CODEC_ID_AC3,
  AV_CODEC_ID_ALAC,
  AV_CODEC_ID_EAC3,
  AV_CODEC_ID_FLAC,
  AV_CODEC_ID_MP3,
  AV_CODEC_ID_OPUS,
  AV_CODEC_ID_VORBIS,
  AV_NOPTS_VALUE,
  AV_OPT_SEARCH_CHILDREN,
  AV_OPT_TYPE_STRING,
  FF_ENCODER_LIBVPX_VP9,
} from "node-av/constants";
import {
  type Frame as AVFrame,
  avGetCodecName,
  Codec,
  CodecContext,
  Dictionary,
  FormatContext,
  type IRational,
  Packet,
  Rational,
  type Stream,
} from "node-av/lib";
import { check, Fail } from "./decoder-output.node.ts";
import { encoderOptions } from "./encoder-options.ts";
import type { CopyStart } from "./protocol.ts";
import { SoundEncoder } from "./sound-encoder.node.ts";

type Seconds = number;

/** Sound that each container takes as it is, in a way that players understand. */
const soundCodecs: Readonly<Record<CopyStart["container"], readonly number[]>> = {
  mp4: [
    AV_CODEC_ID_AAC,
    AV_CODEC_ID_MP3,
    AV_CODEC_ID_OPUS,
    AV_CODEC_ID_AC3,
    AV_CODEC_ID_EAC3,
    AV_CODEC_ID_ALAC,
    AV_CODEC_ID_FLAC,
  ],
  webm: [AV_CODEC_ID_OPUS, AV_CODEC_ID_VORBIS],
};

const encoderName = FF_ENCODER_LIBVPX_VP9;
/** More threads than this the encoder does not use. */
const mostThreads = 16;

/** Sound on its way from a stream of the source to one of the file. */
interface Sound {
  readonly from: Stream;
  readonly to: Stream;
  /** Null where packets are copied. */
  readonly encoder: SoundEncoder | null;
  last: bigint;
}

/** A file that is being written: VP9, and sound as it was where the container takes it. */
export class CopyFile {
  /** Codecs of sound that could not be encoded. */
  readonly withoutSound: string[] = [];
  readonly #format = new FormatContext();
  readonly #encoder = new CodecContext();
  readonly #packet = new Packet();
  readonly #video: Stream;
  /** By the index of the source's stream. */
  readonly #sounds = new Map<number, Sound>();
  readonly #zero: Seconds;
  readonly #durations = new Map<bigint, bigint>();
  #lastPts: bigint | null = null;

  /**
   * @param like the first picture, as it will be encoded.
   * @param zero the time, as the source counts, at which the file begins.
   */
  constructor({ file, container }: CopyStart, like: AVFrame, source: Stream, sounds: readonly Stream[], zero: Seconds) {
    this.#zero = zero;
    this.#packet.alloc();
    checkOutput(this.#format.allocOutputContext2(null, container, `file:${file}`));
    this.#openEncoder(like, source);
    this.#video = this.#format.newStream();
    checkOutput(this.#video.codecpar.fromContext(this.#encoder));
    this.#video.timeBase = this.#encoder.timeBase;
    for (const from of sounds) this.#addSound(from, container);
    checkOutput(this.#format.openOutputSync());
    checkOutput(
      this.#format.writeHeaderSync(Dictionary.fromObject(container === "mp4" ? { movflags: "faststart" } : {})),
    );
  }

  /** Encodes a picture that is shown from `time` on, as the source counts. Throws Fail. */
  picture(picture: AVFrame, time: Seconds, duration: Seconds): void {
    const { num, den } = this.#encoder.timeBase;
    const ticks = (seconds: Seconds) => BigInt(Math.round((seconds * den) / num));
    const wanted = ticks(time - this.#zero);
    const pts = this.#lastPts !== null && wanted <= this.#lastPts ? this.#lastPts + 1n : wanted;
    this.#lastPts = pts;
    picture.pts = pts;
    picture.duration = ticks(duration);
    this.#durations.set(pts, picture.duration);
    check(this.#encoder.sendFrameSync(picture), "noFrames");
    this.#writePictures();
  }

  /**
   * Writes a packet of sound, for the caller to free; of a stream that is not copied nothing is.
   *
   * @param offset seconds by which the source's stamps were moved. Throws Fail.
   */
  sound(packet: Packet, offset: Seconds): void {
    const sound = this.#sounds.get(packet.streamIndex);
    if (sound === undefined) return;
    const { from, encoder } = sound;
    const stamp = packet.dts === AV_NOPTS_VALUE ? packet.pts : packet.dts;
    if (stamp === AV_NOPTS_VALUE) return;
    const { num, den } = from.timeBase;
    const moved = BigInt(Math.round(((offset - this.#zero) * den) / num));
    packet.dts = stamp + moved;
    packet.pts = packet.pts === AV_NOPTS_VALUE ? packet.dts : packet.pts + moved;
    if (encoder) encoder.encode(packet, (encoded) => this.#writeSound(sound, encoded, encoder.encoder.timeBase));
    else this.#writeSound(sound, packet, from.timeBase);
  }

  /** Writes what is left, and the index. Throws Fail. */
  end(): void {
    check(this.#encoder.sendFrameSync(null), "noFrames");
    this.#writePictures();
    for (const sound of this.#sounds.values()) {
      const { encoder } = sound;
      encoder?.encode(null, (encoded) => this.#writeSound(sound, encoded, encoder.encoder.timeBase));
    }
    checkOutput(this.#format.writeTrailerSync());
  }

  free(): void {
    this.#packet.free();
    this.#encoder.freeContext();
    for (const { encoder } of this.#sounds.values()) encoder?.free();
    this.#format.closeOutputSync();
    this.#format.freeContext();
  }

  #addSound(from: Stream, container: CopyStart["container"]): void {
    const { codecpar } = from;
    let encoder: SoundEncoder | null = null;
    if (!soundCodecs[container].includes(codecpar.codecId)) {
      try {
        encoder = new SoundEncoder(from, container);
      } catch (error) {
        if (!(error instanceof Fail)) throw error;
        this.withoutSound.push(avGetCodecName(codecpar.codecId) ?? "?");
        return;
      }
    }
    const to = this.#format.newStream();
    checkOutput(encoder ? to.codecpar.fromContext(encoder.encoder) : codecpar.copy(to.codecpar));
    to.codecpar.codecTag = 0;
    to.timeBase = encoder ? encoder.encoder.timeBase : from.timeBase;
    to.metadata = from.metadata;
    this.#sounds.set(from.index, { from, to, encoder, last: AV_NOPTS_VALUE });
  }

  #writeSound(sound: Sound, packet: Packet, timeBase: IRational): void {
    packet.rescaleTs(timeBase, sound.to.timeBase);
    // A container refuses what steps back.
    if (sound.last !== AV_NOPTS_VALUE && packet.dts <= sound.last) return;
    sound.last = packet.dts;
    packet.streamIndex = sound.to.index;
    packet.pos = -1n;
    checkOutput(this.#format.interleavedWriteFrameSync(packet));
  }

  #openEncoder(like: AVFrame, source: Stream): void {
    const codec = Codec.findEncoderByName(encoderName);
    if (!codec) throw new Fail("encoder", `this FFmpeg has no encoder ${encoderName}`);
    const encoder = this.#encoder;
    encoder.allocContext3(codec);
    encoder.width = like.width;
    encoder.height = like.height;
    encoder.pixelFormat = like.format as typeof encoder.pixelFormat;
    encoder.timeBase = source.timeBase;
    if (source.avgFrameRate.num > 0) encoder.framerate = source.avgFrameRate;
    encoder.sampleAspectRatio = new Rational(1, 1);
    encoder.colorRange = like.colorRange;
    encoder.colorPrimaries = like.colorPrimaries;
    encoder.colorTrc = like.colorTrc;
    encoder.colorSpace = like.colorSpace;
    encoder.bitRate = 0n; // the quality decides
    encoder.threadCount = Math.min(mostThreads, availableParallelism());
    // One by one: node-av frees a dictionary that it gave to open2 a second time when it is collected, which ends the process.
    for (const [name, value] of Object.entries(encoderOptions)) {
      const set = encoder.setOption(name, value, AV_OPT_TYPE_STRING, AV_OPT_SEARCH_CHILDREN);
      if (set < 0) throw new Fail("encoder", `${encoderName} has no option ${name}`);
    }
    const opened = encoder.open2Sync(codec, null);
    if (opened < 0) throw new Fail("encoder", `${encoderName} takes no pictures of ${like.width} × ${like.height}`);
  }

  #writePictures(): void {
    while (this.#encoder.receivePacketSync(this.#packet) >= 0) {
      const { pts } = this.#packet;
      this.#packet.duration = this.#durations.get(pts) ?? 0n;
      this.#durations.delete(pts);
      this.#packet.streamIndex = this.#video.index;
      this.#packet.rescaleTs(this.#encoder.timeBase, this.#video.timeBase);
      checkOutput(this.#format.interleavedWriteFrameSync(this.#packet));
    }
  }
}

function checkOutput(code: number): void {
  if (code < 0) throw new Fail("output", errorName(code));
}

/** The system's name of an error, such as ENOSPC, where FFmpeg hands it on. */
function errorName(code: number): string {
  try {
    return getSystemErrorName(code);
  } catch {
    return String(code);
  }
}

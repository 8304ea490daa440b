import {
  AV_BUFFERSRC_FLAG_KEEP_REF,
  AV_CHANNEL_ORDER_NATIVE,
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_NOPTS_VALUE,
  AV_SAMPLE_FMT_FLT,
  AV_SAMPLE_FMT_FLTP,
  type AVSampleFormat,
  FF_ENCODER_AAC,
  FF_ENCODER_LIBOPUS,
} from "node-av/constants";
import {
  type Frame as AVFrame,
  avGetSampleFmtName,
  Codec,
  CodecContext,
  Filter,
  type FilterContext,
  FilterGraph,
  Packet,
  Rational,
  type Stream,
} from "node-av/lib";
import { check, Fail } from "./decoder-output.node.ts";
import { newFrame } from "./pictures.node.ts";
import type { CopyStart } from "./protocol.ts";

const targets = {
  mp4: { codec: FF_ENCODER_AAC, format: AV_SAMPLE_FMT_FLTP, rates: [44_100, 48_000] },
  webm: { codec: FF_ENCODER_LIBOPUS, format: AV_SAMPLE_FMT_FLT, rates: [48_000] },
} as const;
const usualRate = 48_000;
const bitsPerChannel = 64_000;

/** Encodes sound that a container does not take as it is: AAC for MP4, Opus for WebM; more than two channels become stereo. */
export class SoundEncoder {
  readonly encoder = new CodecContext();
  readonly #source: Stream;
  readonly #decoder = new CodecContext();
  readonly #decoded = newFrame();
  readonly #ready = newFrame();
  readonly #packet = new Packet();
  readonly #channels: 1 | 2;
  #graph: { readonly graph: FilterGraph; readonly from: FilterContext; readonly to: FilterContext } | null = null;

  /** Throws Fail where this FFmpeg cannot decode the source or encode for the container. */
  constructor(source: Stream, container: CopyStart["container"]) {
    this.#source = source;
    this.#packet.alloc();
    const { codecpar } = source;
    const { codec: name, format, rates } = targets[container];
    const [decoding, encoding] = [Codec.findDecoder(codecpar.codecId), Codec.findEncoderByName(name)];
    this.#channels = codecpar.channelLayout.nbChannels === 1 ? 1 : 2;
    try {
      if (!decoding || !encoding) throw new Fail("encoder", "no decoder or encoder for its sound");
      this.#decoder.allocContext3(decoding);
      check(this.#decoder.parametersToContext(codecpar), "encoder");
      this.#decoder.pktTimebase = source.timeBase;
      check(this.#decoder.open2Sync(decoding, null), "encoder");
      const { encoder } = this;
      encoder.allocContext3(encoding);
      encoder.sampleRate = rates.find((rate) => rate === codecpar.sampleRate) ?? usualRate;
      encoder.sampleFormat = format;
      encoder.channelLayout = {
        order: AV_CHANNEL_ORDER_NATIVE,
        nbChannels: this.#channels,
        mask: this.#channels === 1 ? 4n : 3n,
      };
      encoder.timeBase = new Rational(1, encoder.sampleRate);
      encoder.bitRate = BigInt(bitsPerChannel * this.#channels);
      encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
      check(encoder.open2Sync(encoding, null), "encoder");
    } catch (error) {
      this.free();
      throw error;
    }
  }

  /** Encodes a packet of the source, or with null what is left; `write` gets packets in the encoder's time base. */
  encode(packet: Packet | null, write: (packet: Packet) => void): void {
    this.#decoder.sendPacketSync(packet); // a damaged packet gives nothing
    while (this.#decoder.receiveFrameSync(this.#decoded) >= 0) {
      const { bestEffortTimestamp } = this.#decoded;
      if (bestEffortTimestamp !== AV_NOPTS_VALUE) this.#decoded.pts = bestEffortTimestamp;
      this.#graph ??= this.#open(this.#decoded);
      // What no longer fits the filter, as after a change of channels, is left out.
      if (this.#graph.from.buffersrcAddFrameSync(this.#decoded, AV_BUFFERSRC_FLAG_KEEP_REF) >= 0) this.#pull(write);
    }
    if (packet !== null) return;
    this.#graph?.from.buffersrcAddFrameSync(null);
    this.#pull(write);
    this.encoder.sendFrameSync(null);
    this.#writePackets(write);
  }

  free(): void {
    this.#graph?.graph.free();
    this.#decoder.freeContext();
    this.encoder.freeContext();
    this.#decoded.free();
    this.#ready.free();
    this.#packet.free();
  }

  #pull(write: (packet: Packet) => void): void {
    if (this.#graph === null) return;
    const { to } = this.#graph;
    const { num, den } = to.buffersinkGetTimeBase();
    while (to.buffersinkGetFrameSync(this.#ready) >= 0) {
      const seconds = (Number(this.#ready.pts) * num) / den;
      this.#ready.pts = BigInt(Math.round(seconds * this.encoder.sampleRate));
      check(this.encoder.sendFrameSync(this.#ready), "encoder");
      this.#writePackets(write);
      this.#ready.unref();
    }
  }

  #writePackets(write: (packet: Packet) => void): void {
    while (this.encoder.receivePacketSync(this.#packet) >= 0) write(this.#packet);
  }

  /** A filter that gives the encoder its format and its number of samples, and fills gaps with silence. */
  #open(like: AVFrame) {
    const graph = new FilterGraph();
    graph.alloc();
    const add = (name: string, options: string | null): FilterContext => {
      const filter = Filter.getByName(name);
      const context = filter && graph.createFilter(filter, name, options);
      if (!context) throw new Fail("encoder", `this FFmpeg has no filter ${name}`);
      return context;
    };
    const { num, den } = this.#source.timeBase;
    const { channelLayout, sampleRate, format } = like;
    const { order, nbChannels, mask } = channelLayout;
    const named = nbChannels === 1 ? "mono" : nbChannels === 2 ? "stereo" : `${nbChannels}c`;
    const layout = order === AV_CHANNEL_ORDER_NATIVE ? `0x${mask.toString(16)}` : named;
    const { encoder } = this;
    const nameOf = (sample: AVSampleFormat) => avGetSampleFmtName(sample);
    const chain = [
      add(
        "abuffer",
        `time_base=${num}/${den}:sample_rate=${sampleRate}:sample_fmt=${nameOf(format as AVSampleFormat)}:channel_layout=${layout}`,
      ),
      add("aresample", "async=1"),
      add(
        "aformat",
        `sample_fmts=${nameOf(encoder.sampleFormat)}:sample_rates=${encoder.sampleRate}:channel_layouts=${this.#channels === 1 ? "mono" : "stereo"}`,
      ),
      add("asetnsamples", `n=${encoder.frameSize}:p=0`),
      add("abuffersink", null),
    ] as const;
    for (let i = 1; i < chain.length; i++)
      check((chain[i - 1] as FilterContext).link(0, chain[i] as FilterContext, 0), "encoder");
    check(graph.configSync(), "encoder");
    return { graph, from: chain[0], to: chain[4] };
  }
}

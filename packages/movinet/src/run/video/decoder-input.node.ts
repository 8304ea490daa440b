import { AVDISCARD_ALL, AVMEDIA_TYPE_VIDEO } from "node-av/constants";
import { Codec, CodecContext, Dictionary, FormatContext, type Stream } from "node-av/lib";
import { check, Fail } from "./decoder-fail.node.ts";
import type { DecoderStart } from "./protocol.ts";
import { spoolStandardInput } from "./standard-input.node.ts";

/** Microseconds that a network source may stay silent. */
const networkTimeout = 15_000_000;

/** An open source: the video stream that is wanted and a decoder for it. */
export interface DecoderInput {
  readonly format: FormatContext;
  readonly stream: Stream;
  readonly decoder: CodecContext;
  close(): void;
}

/** Opens a source. Throws {@link Fail}. */
export function openDecoderInput({ url, threads }: Pick<DecoderStart, "url" | "threads">): DecoderInput {
  const format = new FormatContext();
  const decoder = new CodecContext();
  const close = () => {
    decoder.freeContext();
    format.closeInputSync();
  };
  try {
    openFormat(format, url);
    const stream = chooseStream(format);
    openDecoder(decoder, stream, threads);
    return { format, stream, decoder, close };
  } catch (error) {
    close();
    throw error;
  }
}

function openFormat(format: FormatContext, url: string): void {
  if (url === "-") {
    check(format.openInputSync("fd:", null, Dictionary.fromObject({ fd: String(spoolStandardInput()) })), "unreadable");
  } else {
    const network = /^https?:/i.test(url);
    const options = network ? Dictionary.fromObject({ rw_timeout: String(networkTimeout), reconnect: "1" }) : null;
    check(format.openInputSync(url, null, options), "unreadable");
  }
  check(format.findStreamInfoSync(null), "unreadable");
}

function chooseStream(format: FormatContext): Stream {
  const index = format.findBestStream(AVMEDIA_TYPE_VIDEO);
  const stream = format.streams[index];
  if (index < 0 || !stream) throw new Fail("noStream", "");
  for (const other of format.streams) if (other.index !== index) other.discard = AVDISCARD_ALL;
  return stream;
}

function openDecoder(decoder: CodecContext, stream: Stream, threads: number): void {
  const codec = Codec.findDecoder(stream.codecpar.codecId);
  if (!codec) throw new Fail("noFrames", "this FFmpeg has no decoder for it");
  decoder.allocContext3(codec);
  check(decoder.parametersToContext(stream.codecpar), "unreadable");
  decoder.pktTimebase = stream.timeBase;
  decoder.threadCount = threads;
  check(decoder.open2Sync(codec, null), "noFrames");
}

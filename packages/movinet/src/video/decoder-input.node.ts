import { availableParallelism } from "node:os";
import {
  AV_CODEC_ID_BMP,
  AV_CODEC_ID_MJPEG,
  AV_CODEC_ID_PNG,
  AV_CODEC_ID_WEBP,
  AV_DISPOSITION_ATTACHED_PIC,
  AV_DISPOSITION_STILL_IMAGE,
  AV_DISPOSITION_TIMED_THUMBNAILS,
  AVDISCARD_ALL,
  AVERROR_EINVAL,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
} from "node-av/constants";
import { Codec, CodecContext, Dictionary, FFmpegError, FormatContext, InputFormat, type Stream } from "node-av/lib";
import { allowMemory } from "../common/process.node.ts";
import { isUrl } from "../common/urls.ts";
import { check, Fail } from "./decoder-output.node.ts";
import { refuseEncryptedFile, refuseEncryptedStream } from "./encryption.node.ts";
import { limits, memoryFor } from "./failures.ts";
import { formatWhitelist, guessed, isContainer, recognise } from "./formats.ts";
import { type InputFile, openInputFile, spoolStandardInput } from "./input-file.node.ts";
import type { DecoderStart } from "./protocol.ts";
import { remoteOptions } from "./remote.node.ts";
import { transportStep } from "./transport-stream.ts";

/** Bytes used to recognize files that are not videos. */
const headBytes = 4096;
/** Bytes used to recognize a container, and the zero padding that FFmpeg requires after them. */
const smallProbe = 2048;
const probePadding = 32;
const notVideo = AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS | AV_DISPOSITION_STILL_IMAGE;
/** Codecs of cover images and posters. */
const stillCodecs: readonly number[] = [AV_CODEC_ID_MJPEG, AV_CODEC_ID_PNG, AV_CODEC_ID_WEBP, AV_CODEC_ID_BMP];
/** This many JPEG images in a row are a video: a photograph may contain a preview and a gain map as well. */
const fewestJpegs = 4;
/** Most threads that FFmpeg may choose to use. */
const mostThreads = 16;
/** Brands of MP4 files that contain still images. */
const stillBrands = ["heic", "heix", "heim", "heis", "mif1", "mif2", "avif"];

/** An open source: the selected video stream and a decoder for it. */
export interface DecoderInput {
  /** The file being read; null: a URL. */
  readonly file: InputFile | null;
  readonly format: FormatContext;
  readonly stream: Stream;
  readonly decoder: CodecContext;
  close(): void;
}

/** Opens a source. Throws {@link Fail}. */
export function openDecoderInput({ url, threads }: Pick<DecoderStart, "url" | "threads">): DecoderInput {
  const file = isUrl(url) ? null : url === "-" ? spoolStandardInput(refuseBeginning) : openInputFile(url);
  const format = new FormatContext();
  const decoder = new CodecContext();
  const close = () => {
    decoder.freeContext();
    format.closeInputSync();
    file?.close();
  };
  try {
    allowMemory(memoryFor(file?.size ?? 0));
    openFormat(format, url, file);
    const stream = chooseStream(format);
    refuseEncryptedStream(stream, nameOf(format), file);
    openDecoder(decoder, stream, threads);
    return { file, format, stream, decoder, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Throws {@link Fail} if a completely read source turns out to be a still image, or audio with a cover image. */
export function refuseStill({ format, stream }: DecoderInput, pictures: number): void {
  if (nameOf(format) === "jpeg_pipe" && pictures < fewestJpegs) throw new Fail("picture", "a JPEG image");
  const hasSound = format.streams.some(({ codecpar }) => codecpar.codecType === AVMEDIA_TYPE_AUDIO);
  if (pictures === 1 && hasSound && isStill(stream)) throw new Fail("noStream", "audio and a cover image");
}

function nameOf(format: FormatContext): string {
  return format.iformat?.name ?? "";
}

function openFormat(format: FormatContext, url: string, file: InputFile | null): void {
  const isOpened = format.openInputSync(...inputArguments(url, file));
  // FFmpeg reports a format outside the list as an invalid argument.
  if (isOpened === AVERROR_EINVAL) throw notReadable(file, "unsupported format");
  if (isOpened < 0) throw notReadable(file, FFmpegError.strerror(isOpened));
  if (format.probeScore <= guessed && !isCertain(format, file)) throw notReadable(file, "unknown format");
  if (stillBrands.includes(format.metadata?.get("major_brand") ?? ""))
    throw new Fail("picture", "a HEIF or AVIF image");
  // Options here would apply to the first stream only, and node-av 6.1 reads beyond them for the others.
  check(format.findStreamInfoSync(null), "unreadable");
}

/** Throws {@link Fail} if the beginning shows that this is not a video. */
function refuseBeginning(file: InputFile): void {
  const format = new FormatContext();
  try {
    openFormat(format, "-", file);
  } catch (error) {
    const head = Buffer.alloc(smallProbe + probePadding);
    file.head(smallProbe).copy(head);
    if (!isContainer(InputFormat.probe(head.subarray(0, smallProbe))?.name ?? "")) throw error;
  } finally {
    format.closeInputSync();
  }
}

function inputArguments(url: string, file: InputFile | null): [string, null, Dictionary] {
  if (file === null) return [url, null, Dictionary.fromObject({ ...remoteOptions, format_whitelist: formatWhitelist })];
  // On Windows a descriptor is only valid within the library that opened it.
  const isNamed = process.platform === "win32" && url !== "-";
  const options = { fd: String(file.descriptor), protocol_whitelist: "fd,file", format_whitelist: formatWhitelist };
  return [isNamed ? `file:${url}` : "fd:", null, Dictionary.fromObject(options)];
}

/** Whether a format is certain, although its score is low. */
function isCertain(format: FormatContext, file: InputFile | null): boolean {
  if (nameOf(format) === "mpegts") return file === null || transportStep(file.head(headBytes)) !== null;
  return nameOf(format) === "mjpeg";
}

function notReadable(file: InputFile | null, words: string): Fail {
  if (file) refuseEncryptedFile(file);
  const recognised = file && recognise(file.head(headBytes));
  return recognised ? new Fail(recognised.failure, recognised.detail) : new Fail("unreadable", words);
}

function chooseStream(format: FormatContext): Stream {
  const all = format.streams.filter(({ codecpar }) => codecpar.codecType === AVMEDIA_TYPE_VIDEO);
  const shown = all.filter(({ disposition }) => (disposition & notVideo) === 0);
  const moving = shown.filter((stream) => !isStill(stream));
  const candidates = moving.length > 0 ? moving : shown;
  const best = format.findBestStream(AVMEDIA_TYPE_VIDEO);
  const stream = candidates.find(({ index }) => index === best) ?? candidates[0];
  if (!stream) throw new Fail("noStream", all.length > 0 ? "audio and a cover image" : "audio or data");
  for (const other of format.streams) if (other.index !== stream.index) other.discard = AVDISCARD_ALL;
  return stream;
}

function isStill({ codecpar }: Stream): boolean {
  return stillCodecs.includes(codecpar.codecId);
}

function openDecoder(decoder: CodecContext, stream: Stream, threads: number): void {
  const { codecId, width, height } = stream.codecpar;
  if (width * height > limits.pixels) throw new Fail("tooLarge", `${width} × ${height}`);
  const codec = Codec.findDecoder(codecId);
  if (!codec) throw new Fail("noFrames", "this FFmpeg build has no decoder for it");
  decoder.allocContext3(codec);
  check(decoder.parametersToContext(stream.codecpar), "unreadable");
  decoder.pktTimebase = stream.timeBase;
  decoder.threadCount = threadsFor(threads, width * height);
  check(decoder.setOption("max_pixels", limits.pixels), "noFrames");
  check(decoder.open2Sync(codec, null), "noFrames");
}

/** Threads for a frame size: each thread holds some frames. 0 leaves the choice to FFmpeg. */
function threadsFor(wanted: number, pixels: number): number {
  const most = Math.max(1, Math.floor(limits.threadPictures / (4 * pixels)));
  if (most >= mostThreads) return wanted;
  return Math.min(wanted || availableParallelism() + 1, most);
}

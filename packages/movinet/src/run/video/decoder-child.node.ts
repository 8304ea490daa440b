/**
 * The process that decodes videos: FFmpeg's libraries may crash on a hostile file, and must not take their user with
 * them. Started with a {@link DecoderStart} as its only argument it decodes one video, whose bytes may come on standard
 * input; without, it reads one after another as JSON lines from there. It writes messages to file descriptor 3 and blocks
 * there while nobody reads, and FFmpeg's complaints to standard error. Everything is synchronous: nothing else happens
 * here.
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AV_LOG_ERROR,
  AV_NOPTS_VALUE,
  AV_PKT_DATA_DISPLAYMATRIX,
  AVDISCARD_ALL,
  AVERROR_EAGAIN,
  AVERROR_EOF,
  AVMEDIA_TYPE_VIDEO,
  AVSEEK_FLAG_BACKWARD,
} from "node-av/constants";
import {
  Frame as AVFrame,
  Codec,
  CodecContext,
  Dictionary,
  FFmpegError,
  FormatContext,
  Log,
  Packet,
  type Stream,
} from "node-av/lib";
import { check, Fail } from "./decoder-fail.node.ts";
import { displaySize, orientationOf, rotationOf } from "./geometry.ts";
import { type DecoderMessage, type DecoderStart, frameHeader, jsonMessage } from "./protocol.ts";
import { createSampler, createTimeline } from "./sampling.ts";
import { aspectOf, Scaler } from "./scaler.node.ts";

const standardInput = 0;
const outputDescriptor = 3;
/** Microseconds that a network source may stay silent. */
const networkTimeout = 15_000_000;
/** A video that ends this much before its declared end was cut off: seconds, and a share of the whole. */
const missing = { seconds: 0.5, share: 0.05 };

type Seconds = number;

/** A picture that claims to last longer does not. */
const longestPicture: Seconds = 60;
/** A stretch that begins later is not decoded up to, but sought, this much before its beginning. */
const soughtFrom: Seconds = 10;
const seekMargin: Seconds = 1;

function writeAll(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(outputDescriptor, bytes, at);
}

function send(message: Exclude<DecoderMessage, { kind: "frame" }>): void {
  writeAll(jsonMessage(message));
}

function openInput(format: FormatContext, url: string): void {
  if (url === "-") {
    check(format.openInputSync("fd:", null, Dictionary.fromObject({ fd: String(spoolStandardInput()) })), "unreadable");
  } else {
    const network = /^https?:/i.test(url);
    const options = network ? Dictionary.fromObject({ rw_timeout: String(networkTimeout), reconnect: "1" }) : null;
    check(format.openInputSync(url, null, options), "unreadable");
  }
  check(format.findStreamInfoSync(null), "unreadable");
}

/**
 * Copies standard input, as it is, into a file that has no name any more, and returns its descriptor: many files cannot
 * be read without going back, and an MP4 may have its index at the end.
 */
function spoolStandardInput(): number {
  const folder = mkdtempSync(join(tmpdir(), "movinet-"));
  const file = openSync(join(folder, "input"), "w");
  const copy = openSync(join(folder, "input"), "r");
  rmSync(folder, { recursive: true });
  const buffer = new Uint8Array(1 << 20);
  for (;;) {
    const length = readStandardInput(buffer);
    if (length === 0) break;
    for (let at = 0; at < length; ) at += writeSync(file, buffer, at, length - at);
  }
  closeSync(file);
  return copy;
}

function readStandardInput(buffer: Uint8Array): number {
  for (;;) {
    try {
      return readSync(standardInput, buffer);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EOF") return 0;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
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

function newFrame(): AVFrame {
  const frame = new AVFrame();
  frame.alloc();
  return frame;
}

/** Decodes, samples and sends a video, or the stretch of it that is wanted. */
function decodeVideo(start: DecoderStart): void {
  if (!tryVideo(start, { seek: start.url !== "-" })) tryVideo(start, { seek: false });
}

/** False where seeking went wrong: nothing but the info was sent then. */
function tryVideo(start: DecoderStart, { seek }: { seek: boolean }): boolean {
  const format = new FormatContext();
  const decoder = new CodecContext();
  const frames = [newFrame(), newFrame()] as const;
  const packet = new Packet();
  packet.alloc();
  try {
    openInput(format, start.url);
    const stream = chooseStream(format);
    openDecoder(decoder, stream, start.threads);
    const origin = seek ? seekStretch(start, format, stream) : null;
    return sendVideo(start, format, stream, decoder, packet, frames, origin);
  } finally {
    packet.free();
    for (const frame of frames) frame.free();
    decoder.freeContext();
    format.closeInputSync();
  }
}

/** Goes near the beginning of a late stretch. Returns the time of the video's first picture, or null where it did not. */
function seekStretch({ stretch }: DecoderStart, format: FormatContext, stream: Stream): Seconds | null {
  const { timeBase, startTime, index } = stream;
  // An AVI does not say when a picture is shown, so what comes after seeking may be off by some pictures.
  if (stretch.start < soughtFrom || startTime === AV_NOPTS_VALUE || format.iformat?.name === "avi") return null;
  const tick = timeBase.num / timeBase.den;
  const target = startTime + BigInt(Math.floor((stretch.start - seekMargin) / tick));
  return format.seekFrameSync(index, target, AVSEEK_FLAG_BACKWARD) < 0 ? null : Number(startTime) * tick;
}

function sendVideo(
  { fps, size, stretch }: DecoderStart,
  format: FormatContext,
  stream: Stream,
  decoder: CodecContext,
  packet: Packet,
  [a, b]: readonly [AVFrame, AVFrame],
  origin: Seconds | null,
): boolean {
  const { num, den } = stream.timeBase;
  const seconds = (ticks: bigint): Seconds => (Number(ticks) * num) / den;
  const parameters = stream.codecpar;
  const orientation = orientationOf(parameters.getCodedSideData(AV_PKT_DATA_DISPLAYMATRIX));
  const shown = displaySize(parameters, aspectOf(stream.sampleAspectRatio), orientation);
  const declared = declaredDuration(format, stream, seconds);
  const target = size ?? shown;
  send({
    kind: "info",
    size: { width: target.width, height: target.height },
    info: {
      ...shown,
      rotation: rotationOf(orientation),
      container: format.iformat?.name ?? "",
      codec: Codec.findDecoder(parameters.codecId)?.name ?? "",
      duration: declared,
    },
  });

  const scaler = new Scaler(size, orientation);
  const sampler = createSampler(fps, stretch, origin);
  const timeline = createTimeline();
  const { avgFrameRate } = stream;
  const believable = (duration: Seconds) => (duration > 0 && duration <= longestPicture ? duration : 1 / 25);
  const typical = believable(avgFrameRate.den / avgFrameRate.num);
  let held = a;
  let fresh = b;
  let first: Seconds | null = null;
  let last: Seconds = 0;
  let lastDuration: Seconds = typical;
  let sent = 0;
  let pictures = 0;
  let broken = 0;
  let late = false;
  let workMs = 0;
  let started = performance.now();

  const sendHeld = (times: number) => {
    if (times === 0) return;
    const pixels = scaler.picture(held, target);
    workMs += performance.now() - started;
    for (let i = 0; i < times; i++) {
      writeAll(frameHeader(sent++ / fps, pixels.length));
      writeAll(pixels);
    }
    started = performance.now();
  };
  // After seeking, pictures may come first that need what was passed over.
  const countBroken = () => {
    if (first !== null || origin === null) broken++;
  };
  const receive = () => {
    while (!sampler.done && !late) {
      const code = decoder.receiveFrameSync(fresh);
      if (code === AVERROR_EAGAIN || code === AVERROR_EOF) return;
      if (code < 0) {
        countBroken();
        return;
      }
      pictures++;
      const ticks = fresh.bestEffortTimestamp;
      const time = timeline.place(ticks === AV_NOPTS_VALUE ? null : seconds(ticks), lastDuration);
      if (first === null && origin !== null && time > origin + stretch.start) late = true;
      sendHeld(late ? 0 : sampler.next(time));
      first ??= time;
      last = time;
      lastDuration = fresh.duration > 0n ? believable(seconds(fresh.duration)) : typical;
      [held, fresh] = [fresh, held];
    }
  };

  let readError: string | null = null;
  while (!sampler.done && !late) {
    const code = format.readFrameSync(packet);
    if (code === AVERROR_EAGAIN) continue;
    if (code < 0) {
      if (code !== AVERROR_EOF) readError = FFmpegError.strerror(code);
      break;
    }
    if (packet.streamIndex === stream.index) {
      const sentCode = decoder.sendPacketSync(packet);
      if (sentCode < 0 && sentCode !== AVERROR_EAGAIN) countBroken();
      receive();
    }
    packet.unref();
  }
  decoder.sendPacketSync(null);
  receive();
  if (origin !== null && (late || first === null)) {
    scaler.free();
    return false;
  }
  if (first === null) throw new Fail("noFrames", readError ?? "not one picture could be decoded");
  sendHeld(sampler.end());
  scaler.free();
  workMs += performance.now() - started;

  const end = last + lastDuration;
  const expected = sampler.done ? null : declared;
  const warnings = warningsOf(end - (origin ?? first), expected, broken, timeline.breaks, readError);
  send({ kind: "end", end: { duration: end - first, pictures, warnings, decodeMs: workMs } });
  return true;
}

/** The length that the file claims for its pictures; the container's only where no other stream can be what is longer. */
function declaredDuration(format: FormatContext, stream: Stream, seconds: (ticks: bigint) => Seconds): Seconds | null {
  if (stream.duration > 0n) return seconds(stream.duration);
  return format.duration > 0n ? Number(format.duration) / 1e6 : null;
}

function warningsOf(
  duration: Seconds,
  declared: Seconds | null,
  broken: number,
  breaks: number,
  readError: string | null,
): string[] {
  const warnings: string[] = [];
  if (breaks > 0)
    warnings.push(`its timestamps jump ${breaks === 1 ? "once" : `${breaks} times`}; the jumps were left out`);
  if (broken > 0) warnings.push(`${broken} ${broken === 1 ? "picture" : "pictures"} could not be decoded`);
  if (declared !== null && declared - duration > Math.max(missing.seconds, missing.share * declared)) {
    warnings.push(`it ends at ${duration.toFixed(1)} s of ${declared.toFixed(1)} s; the rest is missing`);
  } else if (readError !== null) warnings.push(`it could not be read to its end (${readError})`);
  return warnings;
}

/** Videos to decode: the one of the argument, or those that lines of standard input name. */
function* requests(): Generator<DecoderStart> {
  const [only] = process.argv.slice(2);
  if (only !== undefined) {
    yield JSON.parse(only) as DecoderStart;
    return;
  }
  const buffer = new Uint8Array(1 << 16);
  const decoder = new TextDecoder();
  let text = "";
  for (let length = readStandardInput(buffer); length > 0; length = readStandardInput(buffer)) {
    text += decoder.decode(buffer.subarray(0, length), { stream: true });
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      const line = text.slice(0, end);
      text = text.slice(end + 1);
      yield JSON.parse(line) as DecoderStart;
    }
  }
}

// An interrupt from the keyboard reaches every process: what it means is for the parent to say.
process.on("SIGINT", () => {});
Log.setLevel(AV_LOG_ERROR);
for (const start of requests()) {
  try {
    decodeVideo(start);
  } catch (error) {
    if (!(error instanceof Fail)) throw error;
    send({ kind: "failure", failure: error.failure, detail: error.message });
  }
}
process.exit(0);

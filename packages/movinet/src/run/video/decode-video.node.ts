import { AV_NOPTS_VALUE, AV_PKT_DATA_DISPLAYMATRIX, AVSEEK_FLAG_BACKWARD } from "node-av/constants";
import { Frame as AVFrame, Codec, type FormatContext, type Stream } from "node-av/lib";
import { Fail } from "./decoder-fail.node.ts";
import { type DecoderInput, openDecoderInput, refuseStill } from "./decoder-input.node.ts";
import { send, sendFrame } from "./decoder-output.node.ts";
import { displaySize, orientationOf, rotationOf } from "./geometry.ts";
import { limits } from "./limits.ts";
import { PictureReader } from "./pictures.node.ts";
import type { DecoderStart } from "./protocol.ts";
import { createSampler } from "./sampling.ts";
import { aspectOf, Scaler } from "./scaler.node.ts";
import { createTimeline } from "./timeline.ts";

type Seconds = number;

/** A video that ends this much before its declared end was cut off: seconds, and a share of the whole. */
const missing = { seconds: 0.5, share: 0.05 };
/** A picture that claims to last longer does not. */
const longestPicture: Seconds = 60;
/** A stretch that begins later is not decoded up to, but sought, this much before its beginning. */
const soughtFrom: Seconds = 10;
const seekMargin: Seconds = 1;

/** Decodes, samples and sends a video, or the stretch of it that is wanted. Throws {@link Fail}. */
export function decodeVideo(start: DecoderStart): void {
  if (!tryVideo(start, { seek: start.url !== "-" })) tryVideo(start, { seek: false });
}

/** False where seeking went wrong: nothing but the info was sent then. */
function tryVideo(start: DecoderStart, { seek }: { seek: boolean }): boolean {
  const input = openDecoderInput(start);
  const frames = [newFrame(), newFrame()] as const;
  const reader = new PictureReader(input);
  try {
    const origin = seek ? seekStretch(start, input) : null;
    return sendVideo(start, input, reader, frames, origin);
  } finally {
    reader.free();
    for (const frame of frames) frame.free();
    input.close();
  }
}

function newFrame(): AVFrame {
  const frame = new AVFrame();
  frame.alloc();
  return frame;
}

/** Goes near the beginning of a late stretch. Returns the time of the video's first picture, or null where it did not. */
function seekStretch({ stretch }: DecoderStart, { format, stream }: DecoderInput): Seconds | null {
  const { timeBase, startTime, index } = stream;
  // An AVI does not say when a picture is shown, so what comes after seeking may be off by some pictures.
  if (stretch.start < soughtFrom || startTime === AV_NOPTS_VALUE || format.iformat?.name === "avi") return null;
  const tick = timeBase.num / timeBase.den;
  const target = startTime + BigInt(Math.floor((stretch.start - seekMargin) / tick));
  return format.seekFrameSync(index, target, AVSEEK_FLAG_BACKWARD) < 0 ? null : Number(startTime) * tick;
}

function sendVideo(
  { fps, size, stretch }: DecoderStart,
  input: DecoderInput,
  reader: PictureReader,
  [a, b]: readonly [AVFrame, AVFrame],
  origin: Seconds | null,
): boolean {
  const { format, stream } = input;
  const { num, den } = stream.timeBase;
  const seconds = (ticks: bigint): Seconds => (Number(ticks) * num) / den;
  const parameters = stream.codecpar;
  const orientation = orientationOf(parameters.getCodedSideData(AV_PKT_DATA_DISPLAYMATRIX));
  const shown = displaySize(parameters, aspectOf(stream.sampleAspectRatio), orientation);
  const declared = declaredDuration(format, stream, seconds);
  const target = size ?? shown;
  if (target.width * target.height > limits.pixels) throw new Fail("tooLarge", `${target.width} × ${target.height}`);
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
  let passedOver = 0;
  let workMs = 0;
  let started = performance.now();

  const sendHeld = (times: number) => {
    if (times === 0) return;
    const pixels = scaler.picture(held, target);
    workMs += performance.now() - started;
    for (let i = 0; i < times; i++) sendFrame(sent++ / fps, pixels);
    started = performance.now();
  };
  try {
    while (!sampler.done && reader.next(fresh)) {
      pictures++;
      const ticks = fresh.bestEffortTimestamp;
      const time = timeline.place(ticks === AV_NOPTS_VALUE ? null : seconds(ticks), lastDuration);
      if (first === null && origin !== null) {
        if (time > origin + stretch.start) return false;
        // After seeking, pictures may come first that need what was passed over.
        passedOver = reader.broken;
      }
      sendHeld(sampler.next(time));
      first ??= time;
      last = time;
      lastDuration = fresh.duration > 0n ? believable(seconds(fresh.duration)) : typical;
      [held, fresh] = [fresh, held];
    }
    if (first === null) {
      if (origin !== null) return false;
      throw new Fail("noFrames", reader.readError ?? "not one picture could be decoded");
    }
    if (!sampler.done && reader.broken === 0) refuseStill(input, pictures);
    sendHeld(sampler.end());
  } finally {
    scaler.free();
  }
  workMs += performance.now() - started;

  const end = last + lastDuration;
  const expected = sampler.done ? null : declared;
  const broken = reader.broken - passedOver;
  const warnings = warningsOf(end - (origin ?? first), expected, broken, timeline.breaks, reader.readError);
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

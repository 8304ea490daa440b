import { AVDISCARD_DEFAULT } from "node-av/constants";
import { type Frame as AVFrame, Codec } from "node-av/lib";
import { Completeness, fewestLost, type Troubles, warningsOf } from "./completeness.ts";
import { Copy } from "./copy.node.ts";
import { type Declared, hasAnotherMovie, readDeclared, shortfallOf } from "./declared.node.ts";
import { type DecoderInput, openDecoderInput, refuseStill } from "./decoder-input.node.ts";
import { Fail, send, sendFrame } from "./decoder-output.node.ts";
import { Deinterlacer } from "./deinterlacer.node.ts";
import { limits } from "./failures.ts";
import { rotationOf, type Size } from "./geometry.ts";
import { longestPicture, PacketReader } from "./packets.node.ts";
import { newFrame, PictureReader } from "./pictures.node.ts";
import type { DecoderStart } from "./protocol.ts";
import { createSampler, createStillLimit, isTooSparse, newestFrame } from "./sampling.ts";
import { Scaler } from "./scaler.node.ts";
import { type Landing, land, soughtFrom } from "./seek.node.ts";
import { Shapes } from "./shape.node.ts";

type Seconds = number;

/** What a video is read with. */
interface Reading {
  readonly input: DecoderInput;
  readonly declared: Declared;
  readonly typical: Seconds;
  readonly packets: PacketReader;
  readonly pictures: PictureReader;
}

/** Decodes, samples and sends a video, or the stretch of it that is wanted. Throws {@link Fail}. */
export function decodeVideo(start: DecoderStart): void {
  const late = start.url !== "-" && start.stretch.start >= soughtFrom;
  if (!late || !tryVideo(start, { seek: true })) tryVideo(start, { seek: false });
}

/** False where seeking went wrong: nothing but the info was sent then. */
function tryVideo(start: DecoderStart, { seek }: { seek: boolean }): boolean {
  const input = openDecoderInput(start);
  const declared = readDeclared(input);
  refuseSparse(start, input, declared);
  if (declared.shared) for (const other of input.format.streams) other.discard = AVDISCARD_DEFAULT;
  const typical = typicalDuration(input);
  const packets = new PacketReader(input, typical, declared.latest);
  const pictures = new PictureReader(input, packets);
  const frames = [newFrame(), newFrame()] as const;
  try {
    const landing = seek ? land(start.stretch.start, input, packets, pictures, frames[1]) : null;
    if (seek && landing === null) return false;
    return sendVideo(start, { input, declared, typical, packets, pictures }, frames, landing);
  } finally {
    pictures.free();
    packets.free();
    for (const frame of frames) frame.free();
    input.close();
  }
}

/** @param landing where decoding begins; its picture is in the second of the frames. Null: at the beginning. */
function sendVideo(
  { fps, size, stretch, copy: wanted }: DecoderStart,
  reading: Reading,
  [a, b]: readonly [AVFrame, AVFrame],
  landing: Landing | null,
): boolean {
  const { input, declared, typical, packets, pictures } = reading;
  const { format, stream } = input;
  const shapes = new Shapes(stream);
  const scaler = new Scaler(size, stream, shapes);
  const copy = wanted && new Copy(wanted, input, shapes);
  if (copy) packets.onOther = (packet, offset) => copy.sound(packet, offset);
  let landed = landing?.shown ?? null;
  const deinterlacer = new Deinterlacer(input, (picture) => {
    const first = landed;
    landed = null;
    return first ?? pictures.next(picture);
  });
  let target: Size = { width: 0, height: 0 };
  const sampler = createSampler(fps, stretch, landing?.origin ?? null);
  const mayStay = createStillLimit(fps);
  const completeness = new Completeness(typical, declared.listed);
  let held = a;
  let fresh = b;
  let origin = landing?.origin ?? null;
  let unseenStart: Seconds = 0;
  let first: Seconds = 0;
  let end: Seconds = 0;
  let sent = 0;
  let decoded = 0;
  let before = noTroubles;
  let workMs = 0;
  let started = performance.now();

  const sendInfo = (picture: AVFrame) => {
    const { shown, orientation } = shapes.of(picture);
    target = size ?? shown;
    if (target.width * target.height > limits.pixels) throw new Fail("tooLarge", `${target.width} × ${target.height}`);
    send({
      kind: "info",
      size: { width: target.width, height: target.height },
      info: {
        ...shown,
        rotation: rotationOf(orientation),
        container: format.iformat?.name ?? "",
        codec: Codec.findDecoder(stream.codecpar.codecId)?.name ?? "",
        duration: declared.duration,
      },
    });
  };
  const sendHeld = (times: number) => {
    if (times === 0) return;
    if (!mayStay(times)) throw new Fail("sparse", "");
    const pixels = scaler.picture(held, target);
    workMs += performance.now() - started;
    for (let i = 0; i < times; i++) sendFrame(sent++ / fps, pixels);
    started = performance.now();
  };
  const untimed = (work: () => void) => {
    workMs += performance.now() - started;
    work();
    started = performance.now();
  };
  try {
    for (let next = deinterlacer.next(fresh); next !== null; next = deinterlacer.next(fresh)) {
      const shown = next;
      const { time } = shown;
      if (decoded++ === 0) {
        first = time;
        sendInfo(fresh);
      }
      if (origin === null) {
        origin = time;
        unseenStart = next.lost >= fewestLost ? time - next.lostFrom : 0;
      }
      if (stretch.start > 0 && time <= origin + stretch.start) {
        if (landing !== null && pictures.troubles.broken > 0) return false;
        before = troublesOf(reading);
      }
      completeness.add(next);
      sendHeld(sampler.next(time));
      const newest = newestFrame(fps, time - origin);
      if (copy) untimed(() => copy.add(fresh, shown, newest, sent));
      end = time + next.duration;
      [held, fresh] = [fresh, held];
      if (sampler.done) break;
    }
    if (origin === null) throw withoutPicture(reading);
    if (!sampler.done && pictures.troubles.broken === 0) refuseStill(input, decoded);
    sendHeld(sampler.end());
    if (copy) untimed(() => copy.end(sent));
  } finally {
    packets.onOther = null;
    copy?.free();
    scaler.free();
    deinterlacer.free();
  }
  workMs += performance.now() - started;

  const zero = origin;
  const holes = completeness.holes(sampler.done ? [] : pictures.unseen, packets.interruptions);
  const reached = declared.shared ? Math.max(end, packets.othersEnd) - Math.min(packets.othersStart, 0) : end;
  const warnings = warningsOf({
    troubles: troublesOf(reading, before),
    unseenStart: stretch.start === 0 ? unseenStart : 0,
    holes: holes
      .map(({ from, to }) => ({ from: from - zero, to: to - zero }))
      .filter(({ from, to }) => to > stretch.start && from < (stretch.end ?? Infinity)),
    end: end - zero,
    declared:
      sampler.done || declared.end === null
        ? null
        : { end: declared.end - zero, reached: reached - zero, exact: declared.exact },
    shortfall: sampler.done ? null : shortfallOf(input.file, declared.linear ? packets.bytesRead : null),
    readError: packets.readError,
    wanted: sampler.done ? null : stretch,
    assumedRate: declared.assumedRate,
    joined: !sampler.done && declared.listed && hasAnotherMovie(input.file),
  });
  send({
    kind: "end",
    end: {
      duration: end - first,
      pictures: decoded,
      warnings: [...shapes.warnings, ...warnings, ...(copy?.warnings ?? [])],
      decodeMs: workMs,
    },
  });
  return true;
}

/** Minimum size of a frame's packet with its container overhead, in bytes. */
const fewestBytes = 8;

/** Refuses at once what the sampler would refuse after many frames, where the length is declared and no estimate. */
function refuseSparse({ stretch }: DecoderStart, { stream, file }: DecoderInput, declared: Declared): void {
  if (declared.end === null) return;
  const pictures = stream.nbFrames > 0n ? Number(stream.nbFrames) : file ? file.size / fewestBytes : Infinity;
  const end = Math.min(declared.duration ?? 0, stretch.end ?? Infinity);
  if (isTooSparse(end - stretch.start, pictures)) throw new Fail("sparse", "");
}

function withoutPicture({ input, packets: { readError } }: Reading): Fail {
  if (readError !== null && input.file === null) return new Fail("network", readError);
  return new Fail("noFrames", readError ?? "not a single frame could be decoded");
}

const noTroubles: Troubles = { restarts: 0, damaged: 0, broken: 0, flawed: 0, rootless: 0, late: 0 };

/** Those so far, less those before a stretch. */
function troublesOf({ pictures, packets: { clock } }: Reading, before = noTroubles): Troubles {
  const now: Troubles = { restarts: clock.restarts, damaged: clock.damaged, ...pictures.troubles };
  const kinds = Object.keys(now) as (keyof Troubles)[];
  return Object.fromEntries(kinds.map((kind) => [kind, now[kind] - before[kind]])) as unknown as Troubles;
}

/** How long a picture lasts at the rate that the file tells, or at 25 a second. */
function typicalDuration({ stream: { avgFrameRate } }: DecoderInput): Seconds {
  const duration = avgFrameRate.den / avgFrameRate.num;
  return duration > 0 && duration <= longestPicture ? duration : 1 / 25;
}

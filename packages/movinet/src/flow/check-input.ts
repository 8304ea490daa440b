/** Checks arguments before anything is opened: each error is a `TypeError` that names the option. */
import type { Frame, Picture } from "../video/frame.ts";

/** The largest sampling rate, also for a model's card. */
const mostFps = 1000;

export function checkPicture({ data, width, height }: Picture): void {
  const whole = (side: unknown) => Number.isInteger(side) && (side as number) > 0;
  if (!whole(width) || !whole(height)) {
    throw new TypeError(`a picture's width and height must be integers above 0, got ${width} × ${height}`);
  }
  const isBytes = data instanceof Uint8Array || (data as unknown) instanceof Uint8ClampedArray;
  if (isBytes && data.length === 3 * width * height) return;
  const hint = isBytes && data.length === 4 * width * height ? ": that is RGBA, so drop every fourth byte" : "";
  const got = isBytes ? `${data.length} bytes${hint}` : `a ${Object.prototype.toString.call(data).slice(8, -1)}`;
  throw new TypeError(`a picture's data must be a Uint8Array of ${width} × ${height} × 3 bytes of RGB, got ${got}`);
}

export function checkFrame(frame: Frame): void {
  if (typeof frame !== "object" || frame === null) throw new TypeError(`a frame must be an object, got ${frame}`);
  checkPicture(frame);
  if (!Number.isFinite(frame.timestamp)) {
    throw new TypeError(`a frame's timestamp must be a number of seconds, got ${frame.timestamp}`);
  }
}

export function checkTop(top: number): void {
  if (!(Number.isInteger(top) && top >= 1)) throw new TypeError(`top must be an integer ≥ 1, got ${top}`);
}

export function checkFps(fps: number): void {
  if (!(fps > 0 && fps <= mostFps)) throw new TypeError(`fps must be above 0 and at most ${mostFps}, got ${fps}`);
}

export function checkFramesOptions({
  fit,
  recent,
  answers,
}: {
  readonly fit?: string | undefined;
  readonly recent?: unknown;
  readonly answers?: string | undefined;
}): void {
  if (fit !== undefined && !["crop", "squash", "pad"].includes(fit)) {
    throw new TypeError(`fit must be crop, squash or pad, got ${fit}`);
  }
  if (recent !== undefined && typeof recent !== "boolean" && recent !== "estimated") {
    throw new TypeError(`recent must be true, false or estimated, got ${recent}`);
  }
  if (answers !== undefined && !["each", "grouped", "last"].includes(answers)) {
    throw new TypeError(`answers must be each, grouped or last, got ${answers}`);
  }
  if (answers === "last" && recent === "estimated") {
    throw new TypeError('recent: "estimated" needs every answer: use answers "each" or "grouped", or recent: true');
  }
}

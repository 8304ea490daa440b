import { writeSync } from "node:fs";
import { FFmpegError } from "node-av/lib";
import type { Failure } from "./failures.ts";
import { type DecoderMessage, frameHeader, jsonMessage } from "./protocol.ts";

const outputDescriptor = 3;

/** Sends a message to the parent process; blocks while nobody reads. */
export function send(message: Exclude<DecoderMessage, { kind: "frame" }>): void {
  writeAll(jsonMessage(message));
}

/** Sends a frame: its sampling instant in seconds and its RGB bytes. */
export function sendFrame(timestamp: number, pixels: Uint8Array): void {
  writeAll(frameHeader(timestamp, pixels.length));
  writeAll(pixels);
}

function writeAll(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(outputDescriptor, bytes, at);
}

/** Why a video gives nothing: told to the parent process. */
export class Fail extends Error {
  /** `output`: the copy cannot be written, for the system's reason. */
  readonly failure: Failure | "output";
  constructor(failure: Failure | "output", detail: string) {
    super(detail);
    this.failure = failure;
  }
}

export function check(code: number, failure: Failure): void {
  if (code < 0) throw new Fail(failure, FFmpegError.strerror(code));
}

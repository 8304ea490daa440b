import { FFmpegError } from "node-av/lib";
import type { Failure } from "./failures.ts";

/** Why a video gives nothing: told to the parent process. */
export class Fail extends Error {
  readonly failure: Failure;
  constructor(failure: Failure, detail: string) {
    super(detail);
    this.failure = failure;
  }
}

export function check(code: number, failure: Failure): void {
  if (code < 0) throw new Fail(failure, FFmpegError.strerror(code));
}

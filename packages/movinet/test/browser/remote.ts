/** A program and its sessions in a page, with the interfaces of those in this process; see litert-page.web.ts. */
import type { Page } from "playwright-core";
import { type Answer, resultOf } from "../../src/common/errors.ts";
import type { StreamOptions, StreamSession, StreamState } from "../../src/session/stream-session.ts";

/** A state as JSON carries it. */
export type PlainState = Record<string, { shape: readonly number[]; whole: boolean; data: string }>;

export interface RemotePage {
  /** A TFLite file as it is. */
  openFile(url: string): Promise<{ program: number; resolution: { height: number; width: number } }>;
  /** A model of ours, compiled by way of its graph. */
  openModel(url: string): ReturnType<RemotePage["openFile"]>;
  openStream(
    program: number,
    options?: StreamOptions,
  ): Promise<{ session: number; streams: number; stateBytes: number }>;
  step(session: number, frames: string): Promise<string>;
  advance(session: number, frames: string): Promise<void>;
  outputs(session: number, last?: number): Promise<string>;
  reset(session: number, stream?: number): Promise<void>;
  snapshot(session: number, stream?: number): Promise<PlainState>;
  restore(session: number, state: PlainState, stream?: number): Promise<void>;
  closeStream(session: number): Promise<void>;
  closeProgram(program: number): Promise<void>;
}

export class RemoteProgram implements AsyncDisposable {
  readonly resolution: { readonly height: number; readonly width: number };
  readonly #page: Page;
  readonly #program: number;

  private constructor(page: Page, program: number, resolution: { readonly height: number; readonly width: number }) {
    this.#page = page;
    this.#program = program;
    this.resolution = resolution;
  }

  static async open(page: Page, url: string, method: "openFile" | "openModel" = "openFile"): Promise<RemoteProgram> {
    const { program, resolution } = await call(page, method, url);
    return new RemoteProgram(page, program, resolution);
  }

  async openStream(options: StreamOptions = {}): Promise<StreamSession> {
    const page = this.#page;
    const { session, streams, stateBytes } = await call(page, "openStream", this.#program, options);
    return {
      streams,
      stateBytes,
      step: async (frames) => ({
        logits: new Float32Array(fromText(await call(page, "step", session, toText(frames)))),
      }),
      advance: (frames) => call(page, "advance", session, toText(frames)),
      outputs: async (last) => ({ logits: new Float32Array(fromText(await call(page, "outputs", session, last))) }),
      reset: (stream) => call(page, "reset", session, stream),
      snapshot: async (stream) => fromPlain(await call(page, "snapshot", session, stream)),
      restore: (state, stream) => call(page, "restore", session, toPlain(state), stream),
      [Symbol.asyncDispose]: () => call(page, "closeStream", session),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return call(this.#page, "closeProgram", this.#program);
  }
}

async function call<Method extends keyof RemotePage>(
  page: Page,
  method: Method,
  ...args: Parameters<RemotePage[Method]>
): Promise<Awaited<ReturnType<RemotePage[Method]>>> {
  const run = ([name, given]: readonly [string, readonly unknown[]]) =>
    (globalThis as unknown as { movinet: Record<string, (...args: readonly unknown[]) => unknown> }).movinet[name]?.(
      ...given,
    );
  return resultOf(
    (await page.evaluate(run, [method, args] as const)) as Answer<Awaited<ReturnType<RemotePage[Method]>>>,
  );
}

/** Numbers as Base64: arrays of them take the driver seconds. */
export function toText({ buffer, byteOffset, byteLength }: Float32Array | Int32Array): string {
  let text = "";
  for (let at = 0; at < byteLength; at += 8192) {
    text += String.fromCharCode(...new Uint8Array(buffer, byteOffset + at, Math.min(8192, byteLength - at)));
  }
  return btoa(text);
}

export function fromText(text: string): ArrayBuffer {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
}

export function toPlain(state: StreamState): PlainState {
  return Object.fromEntries(
    Object.entries(state).map(([name, { shape, data }]) => [
      name,
      { shape, whole: data instanceof Int32Array, data: toText(data) },
    ]),
  );
}

export function fromPlain(state: PlainState): StreamState {
  return Object.fromEntries(
    Object.entries(state).map(([name, { shape, whole, data }]) => [
      name,
      { shape, data: whole ? new Int32Array(fromText(data)) : new Float32Array(fromText(data)) },
    ]),
  );
}

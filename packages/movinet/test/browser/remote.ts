/** A program and its sessions in a page, with the interfaces of those in this process; see litert-page.web.ts. */
import type { Page } from "playwright-core";
import { type Answer, resultOf } from "../../src/common/errors.ts";
import type { StreamOptions, StreamSession, StreamState } from "../../src/session/stream-session.ts";

const kinds = { Float32Array, Float64Array, Int32Array, Uint8Array };

type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array;

/** Numbers as JSON carries them, whatever their type is: a page must be able to refuse the wrong one. */
export interface PlainNumbers {
  readonly type: keyof typeof kinds;
  /** Base64: arrays of numbers take the driver seconds. */
  readonly text: string;
}

/** A state as JSON carries it. */
export type PlainState = Record<string, { shape: readonly number[]; data: PlainNumbers }>;

export interface RemotePage {
  /** A TFLite file as it is. */
  openFile(url: string): Promise<{ program: number; resolution: { height: number; width: number } }>;
  /** A model of ours, compiled by way of its graph. */
  openModel(url: string): ReturnType<RemotePage["openFile"]>;
  openStream(
    program: number,
    options?: StreamOptions,
  ): Promise<{ session: number; streams: number; stateBytes: number }>;
  step(session: number, frames: PlainNumbers): Promise<PlainNumbers>;
  advance(session: number, frames: PlainNumbers): Promise<void>;
  outputs(session: number, last?: number): Promise<PlainNumbers>;
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
      step: async (frames) => ({ logits: toFloats(await call(page, "step", session, toPlain(frames))) }),
      advance: (frames) => call(page, "advance", session, toPlain(frames)),
      outputs: async (last) => ({ logits: toFloats(await call(page, "outputs", session, last)) }),
      reset: (stream) => call(page, "reset", session, stream),
      snapshot: async (stream) => toState(await call(page, "snapshot", session, stream)),
      restore: (state, stream) => call(page, "restore", session, toPlainState(state), stream),
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

export function toPlain(numbers: Numbers): PlainNumbers {
  const { buffer, byteOffset, byteLength } = numbers;
  let text = "";
  for (let at = 0; at < byteLength; at += 8192) {
    text += String.fromCharCode(...new Uint8Array(buffer, byteOffset + at, Math.min(8192, byteLength - at)));
  }
  return { type: numbers.constructor.name as keyof typeof kinds, text: btoa(text) };
}

export function fromPlain({ type, text }: PlainNumbers): Numbers {
  return new kinds[type](Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
}

export function toFloats(plain: PlainNumbers): Float32Array {
  return fromPlain(plain) as Float32Array;
}

export function toPlainState(state: StreamState): PlainState {
  return Object.fromEntries(
    Object.entries(state).map(([name, { shape, data }]) => [name, { shape, data: toPlain(data) }]),
  );
}

export function toState(state: PlainState): StreamState {
  return Object.fromEntries(
    Object.entries(state).map(([name, { shape, data }]) => [name, { shape, data: fromPlain(data) }]),
  ) as StreamState;
}

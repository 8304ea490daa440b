/** Processes that step a model: ours, and peers on the same work. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { VideoTimes } from "./child.ts";

/** How to start a process that steps a model. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/** What a process reports when it is ready; only ours reports everything. */
export interface Ready {
  readonly sessionMs: number;
  readonly copiedBytesPerStep?: number;
  readonly variant?: string;
  readonly mode?: string;
  readonly resolution?: { readonly height: number; readonly width: number };
  /** Frames in one step: more than 1 for a base model's window. */
  readonly frames?: number;
  /** Where and in which numbers it computes. */
  readonly device?: string;
  readonly dtype?: string;
  /** Reasons not to trust the model's answers as they are. */
  readonly warnings?: readonly string[];
}

/** A process that steps a model when asked, and speaks in JSON lines. */
export class Runner implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  readonly #exited: Promise<void>;
  #complaint = "";

  /** `signal` kills it. */
  constructor({ program, args }: Command, signal: AbortSignal) {
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], signal, killSignal: "SIGKILL" });
    this.#child.stdin.on("error", () => {});
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      const lines = text.trimEnd().split("\n");
      this.#complaint = lines.find((line) => /^\w*Error\b/.test(line)) ?? (this.#complaint || (lines.at(-1) ?? ""));
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once("error", (error) => {
        this.#complaint = error.message;
        resolve();
      });
      this.#child.once("close", () => resolve());
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Waits until the process is ready. Throws its error where it ended instead. */
  ready(): Promise<Ready> {
    return this.#next<Ready>();
  }

  /** The times of the video that the process was started with. */
  video(): Promise<VideoTimes> {
    return this.#next<VideoTimes>();
  }

  /** Milliseconds that each of `count` steps took. */
  steps(count: number): Promise<readonly number[]> {
    return this.ask<readonly number[]>(String(count));
  }

  /** What a process answers to a line. */
  ask<Answer>(line: string): Promise<Answer> {
    this.#child.stdin.write(`${line}\n`);
    return this.#next<Answer>();
  }

  /** Ends the process and returns its peak memory. */
  async finish(): Promise<number> {
    this.#child.stdin.end();
    return (await this.#next<{ peakRssBytes: number }>()).peakRssBytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  async #next<T>(): Promise<T> {
    const { value, done } = await this.#lines.next();
    if (!done) return JSON.parse(value) as T;
    await this.#exited;
    throw new Error(this.#complaint.replace(/^\w*Error: /, "") || "the process ended without a message");
  }
}

export const peerNames = ["litert", "pytorch", "onnxruntime-plain"] as const;
export type PeerName = (typeof peerNames)[number];

export interface PeerRequest {
  readonly model: string;
  readonly ready: Ready;
  readonly threads: number;
  /** Folder of the PyTorch port. */
  readonly checkout: string | undefined;
}

/** How to start a peer on the same work, or why that cannot be. */
export function peerCommand(peer: PeerName, { model, ready, threads, checkout }: PeerRequest): Command | string {
  const folder = new URL("../../../../bench/peers/", import.meta.url);
  const script = (name: string) => fileURLToPath(new URL(name, folder));
  if (!existsSync(folder)) return "peers run only from the repository, not from the installed package";
  if (ready.mode !== "stream") return "only stream models can be compared";
  const python = process.env["MOVINET_PYTHON"] ?? "python3";
  switch (peer) {
    case "litert":
      if (!model.endsWith(".tflite")) return "LiteRT needs a .tflite file";
      return { program: python, args: [script("litert.py"), model, String(threads)] };
    case "pytorch": {
      if (checkout === undefined) return "give a checkout of github.com/Atze00/MoViNet-pytorch with --checkout";
      const { variant, resolution } = ready;
      const args = [checkout, String(variant), String(resolution?.height), String(threads)];
      return { program: python, args: [script("pytorch.py"), ...args] };
    }
    case "onnxruntime-plain":
      return { program: process.execPath, args: [script("onnxruntime-plain.ts"), model, String(threads)] };
  }
}

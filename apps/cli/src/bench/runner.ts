import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { VideoTimes } from "./child.ts";

/** How to start a process that steps a model. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/** What a process tells when it is ready; only ours tells everything. */
export interface Ready {
  readonly sessionMs: number;
  readonly copiedBytesPerStep?: number;
  readonly variant?: string;
  readonly mode?: string;
  readonly resolution?: { readonly height: number; readonly width: number };
  /** Frames in one step: more than 1 for a base model's window. */
  readonly frames?: number;
  /** What is to be known of the model before its answers are trusted. */
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

  /** Waits until the process is ready. Throws what it complained of where it ended instead. */
  ready(): Promise<Ready> {
    return this.#next<Ready>();
  }

  /** What a process that was started with a video tells of it. */
  video(): Promise<VideoTimes> {
    return this.#next<VideoTimes>();
  }

  /** Milliseconds that each of `count` steps took. */
  steps(count: number): Promise<readonly number[]> {
    this.#child.stdin.write(`${count}\n`);
    return this.#next<readonly number[]>();
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
    throw new Error(this.#complaint.replace(/^\w*Error: /, "") || "it ended without a word");
  }
}

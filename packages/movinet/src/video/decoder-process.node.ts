import { type ChildProcess, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { DependencyError } from "../common/errors.ts";
import { ownModule, resolvePeer } from "../common/modules.node.ts";
import { type Overlay, overlayMessage } from "./overlay.ts";
import { type DecoderMessage, type DecoderStart, readMessages } from "./protocol.ts";

const keptComplaints = 20;
/** Makes glibc give the memory of pictures back: what a process took for one video must not count for the next. */
const steadyMemory = { MALLOC_MMAP_THRESHOLD_: "4000000" };

/** The parent's side of a decoding process. */
export class DecoderProcess implements AsyncDisposable {
  /** Resolves to the exit code, or the signal that ended the process. */
  readonly exited: Promise<NodeJS.Signals | number | null>;
  /** What FFmpeg wrote to standard error last. */
  complaints: readonly string[] = [];
  /** Videos that were asked for. */
  requests = 0;
  readonly #child: ChildProcess;
  readonly #messages: AsyncGenerator<DecoderMessage>;

  /**
   * Starts a process for one video, or, with null, for any number of them, one {@link DecoderProcess.request} after another.
   * Throws {@link DependencyError} where node-av is missing.
   */
  constructor(only: DecoderStart | null) {
    resolvePeer("node-av", "node-av/lib"); // told at once, instead of letting the child fail
    const script = fileURLToPath(ownModule("video/decoder-child.node"));
    // Arguments are for everybody to see, and a URL may hold a password.
    const isPiped = only?.url === "-";
    const args = isPiped ? [JSON.stringify(only)] : [];
    this.#child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script, ...args], {
      stdio: [isPiped ? "inherit" : "pipe", "ignore", "pipe", "pipe", "pipe"],
      env: { ...process.env, ...steadyMemory },
    });
    this.exited = new Promise((resolve) => {
      this.#child.once("error", () => resolve(null));
      this.#child.once("close", (code, signal) => resolve(signal ?? code));
    });
    this.#child.stdin?.on("error", () => {});
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      const lines = text.split("\n").filter((line) => line.trim());
      this.complaints = [...this.complaints, ...lines].slice(-keptComplaints);
    });
    this.#child.stdio[4]?.on("error", () => {});
    const output = this.#child.stdio[3] as Readable;
    // When a process exits, Node throws away what it had sent, unless somebody listens.
    output.on("readable", () => {});
    this.#messages = readMessages(output);
    if (only === null || isPiped) return;
    this.request(only);
    this.#child.stdin?.end();
  }

  request(start: DecoderStart): void {
    this.complaints = [];
    this.requests++;
    this.#child.stdin?.write(`${JSON.stringify(start)}\n`);
  }

  /** Says what is drawn over the pictures of the next frame that was not told of yet; `undefined`: the same as before. */
  draw(overlay: Overlay | null | undefined): void {
    for (const bytes of overlayMessage(overlay)) (this.#child.stdio[4] as Writable).write(bytes);
  }

  /** The next message, or null once the process has ended. */
  async next(): Promise<DecoderMessage | null> {
    const { value, done } = await this.#messages.next();
    return done ? null : value;
  }

  /** Waits for the end of a process that has nothing more to do, and with it for all its complaints. */
  async finish(): Promise<void> {
    this.#child.stdin?.end();
    await this.exited;
  }

  /** Ends the process at once; whoever waits for a message gets what was sent before, then null. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Ends the process at once and waits until it is gone; no message may be waited for. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdio[3]?.destroy();
    this.#child.stdio[4]?.destroy();
    this.kill();
    await this.exited;
  }
}

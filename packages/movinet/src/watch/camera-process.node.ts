import { type ChildProcess, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { DependencyError } from "../common/errors.ts";
import { ownModule, resolvePeer } from "../common/modules.node.ts";
import type { CameraLink } from "./camera.ts";
import {
  type CameraMessage,
  type CameraRequest,
  type CameraStart,
  type ClipOrder,
  MessageReader,
} from "./camera-protocol.ts";

const keptComplaints = 5;
/** How long a process may take to write its last clips. */
const lastClipsMs = 5000;

/** The parent's side of a camera's process. */
export class CameraProcess implements CameraLink {
  /** What FFmpeg wrote to standard error last; read all the time, because a full pipe would stop the process. */
  #complaints: readonly string[] = [];
  #keeps = false;
  readonly #child: ChildProcess;
  readonly #messages: AsyncGenerator<CameraMessage, void>;
  readonly #exited: Promise<string>;

  /** Throws {@link DependencyError} if node-av is missing. */
  constructor(standardInput: boolean) {
    resolvePeer("node-av", "node-av/lib");
    const script = fileURLToPath(ownModule("watch/camera-child.node"));
    this.#child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script], {
      stdio: [standardInput ? "inherit" : "ignore", "ignore", "pipe", "pipe", "pipe"],
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once("error", ({ message }) => resolve(message));
      this.#child.once("close", (code, signal) => resolve(String(signal ?? code)));
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      const lines = text.split("\n").filter((line) => line.trim());
      this.#complaints = [...this.#complaints, ...lines].slice(-keptComplaints);
    });
    (this.#child.stdio[4] as Writable).on("error", () => {});
    this.#messages = messagesOf(this.#child.stdio[3] as Readable);
  }

  request(start: CameraStart): void {
    this.#complaints = [];
    this.#keeps = start.keeps;
    this.#send({ kind: "open", start });
  }

  order(order: ClipOrder): void {
    this.#send(order);
  }

  async next(): Promise<CameraMessage | null> {
    const { value } = await this.#messages.next();
    return value ?? null;
  }

  async lastWords(): Promise<string> {
    const how = await this.#exited;
    const complaint = this.#complaints.at(-1);
    return complaint === undefined ? how : `${how}, ${complaint}`;
  }

  async close(): Promise<void> {
    if (this.#keeps) {
      (this.#child.stdio[4] as Writable).end();
      const timer = setTimeout(() => this.#child.kill("SIGKILL"), lastClipsMs);
      await this.#exited;
      clearTimeout(timer);
    } else this.#child.kill("SIGKILL");
    await this.#exited;
  }

  #send(request: CameraRequest): void {
    (this.#child.stdio[4] as Writable).write(`${JSON.stringify(request)}\n`);
  }
}

async function* messagesOf(output: Readable): AsyncGenerator<CameraMessage, void> {
  const reader = new MessageReader();
  try {
    for await (const chunk of output) yield* reader.add(chunk as Uint8Array);
  } catch {
    // It was killed: what it sent before was read.
  }
}

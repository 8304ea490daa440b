import { backoffMs, refusedBackoff, usualBackoff } from "./backoff.ts";
import {
  blindMs,
  type CameraFailure,
  type CameraMessage,
  type CameraStart,
  type ClipOrder,
} from "./camera-protocol.ts";
import { failureText } from "./failures.ts";
import type { WatchStatus } from "./records.ts";

/** A connection to the process that reads a camera. */
export interface CameraLink {
  /** Opens the stream, after the process has started or the stream before has failed. */
  request(start: CameraStart): void;
  /** Orders a clip of the stream that is open. */
  order(order: ClipOrder): void;
  /** The next message; null: the process has ended. */
  next(): Promise<CameraMessage | null>;
  /** How the process ended, and its last complaint. */
  lastWords(): Promise<string>;
  /** Ends the process: at once, or when the clips that it keeps are written. */
  close(): Promise<void>;
}

/** Time and chance, which tests replace. */
export interface World {
  /** Wall clock in milliseconds. */
  now(): number;
  /** Calls back after some time; returns what cancels it. */
  after(milliseconds: number, work: () => void): () => void;
  random(): number;
}

/** A picture to process. */
export interface CameraPicture {
  readonly time: number;
  readonly arrived: number;
  readonly frame: number;
  readonly times: number;
  readonly dropped: number;
  readonly data: Uint8Array;
}

/** What a camera tells. */
export interface CameraListener {
  status(state: WatchStatus["state"], message: string): void;
  /** A stream begins anew: what came before says nothing about it. `lanes` sessions take turns; null: as many as before. */
  begin(lanes: number | null): void;
  /** Whether clips of the stream are possible. */
  clips(fitsMp4: boolean, codec: string): void;
  /** A clip cannot be written. */
  problem(text: string): void;
  /** Resolves when the next picture may come. */
  picture(picture: CameraPicture): Promise<void>;
}

/** Beyond the process's own time-outs, before it counts as hung: a decoder may wait for the next key frame. */
const graceMs = 10_000;
/** A stream that lived so long counts as a success: the next failure is the first in a row. */
const steadyMs = 10_000;
/** Why a connection ended. */
interface Outcome {
  /** Milliseconds since its first picture; 0: there was none. */
  readonly lived: number;
  /** `process`: the process ended or hangs. */
  readonly failure: CameraFailure | "process";
  readonly text: string;
}

/** Streams that one process opens before it is replaced: its memory grows by some kilobytes with each. */
const mostRequests = 200;
/** Refusals of user and password in a row, after which attempts become rare. */
const mostRefusals = 3;

/** Keeps a camera's stream alive: connects, notices when it is lost, and connects again, until it is stopped. */
export class Camera {
  readonly #start: CameraStart;
  readonly #dial: () => CameraLink;
  readonly #listener: CameraListener;
  readonly #world: World;
  #link: CameraLink | null = null;
  #requests = 0;
  #stopped = false;
  #wake = () => {};
  /** Wall clock in milliseconds of the first picture. */
  #began: number | null = null;
  #told = "";

  constructor(start: CameraStart, dial: () => CameraLink, listener: CameraListener, world: World) {
    this.#start = start;
    this.#dial = dial;
    this.#listener = listener;
    this.#world = world;
  }

  /** Runs until the source has ended for good, or {@link Camera.stop}. Returns whether it ended well. */
  async run(): Promise<boolean> {
    let failures = 0;
    let refusals = 0;
    this.#tell("connecting", "");
    try {
      while (!this.#stopped) {
        const { lived, failure, text } = await this.#connect();
        if (this.#stopped) break;
        if (hasEnd(this.#start)) {
          this.#tell("lost", text);
          return failure === "ended";
        }
        failures = lived > steadyMs ? 1 : failures + 1;
        refusals = failure === "unauthorized" ? refusals + 1 : 0;
        const rule = refusals > mostRefusals ? refusedBackoff : usualBackoff;
        this.#tell("lost", `${text}; trying again`);
        await this.#wait(backoffMs(rule, rule === refusedBackoff ? 1 : failures, () => this.#world.random()));
      }
      return true;
    } finally {
      await this.#drop();
    }
  }

  /** Ends it at once. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.#drop();
  }

  /** Orders a clip of the stream that is open; without one there is nothing to write. */
  order(order: ClipOrder): void {
    this.#link?.order(order);
  }

  async #drop(): Promise<void> {
    const link = this.#link;
    this.#link = null;
    await link?.close();
  }

  /** One connection, until it fails. */
  async #connect(): Promise<Outcome> {
    const { now } = this.#world;
    if (this.#requests++ % mostRequests === 0) await this.#drop();
    if (this.#stopped) return { lived: 0, failure: "process", text: "" };
    const link = this.#link ?? this.#dial();
    this.#link = link;
    link.request(this.#start);
    let liveSince: number | null = null;
    let offset = 0;
    let quietMs = 0;
    const lived = () => (liveSince === null ? 0 : Math.max(1, now() - liveSince));
    for (;;) {
      const { connectMs, fps } = this.#start;
      const patience = (liveSince === null ? connectMs + blindMs : quietMs) + 2000 / fps + graceMs;
      const message = await this.#next(link, patience);
      if (message === "late") {
        await this.#drop();
        return { lived: lived(), failure: "process", text: "its process hangs" };
      }
      if (message === null) {
        const words = this.#stopped ? "" : await link.lastWords();
        await this.#drop();
        return { lived: lived(), failure: "process", text: failureText("network", `its process ended: ${words}`) };
      }
      if (message.kind === "problem") {
        this.#listener.problem(message.text);
        continue;
      }
      if (message.kind === "failure") {
        const { failure, detail } = message;
        return { lived: lived(), failure, text: failureText(failure, detail) };
      }
      if (message.kind === "live") {
        quietMs = message.quietMs;
        this.#listener.begin(message.lanes);
        const { width, height, codec, container } = message;
        this.#tell("live", `${width}×${height} ${codec} (${container})`);
        this.#listener.clips(message.fitsMp4, codec);
        continue;
      }
      if (liveSince === null) {
        liveSince = now();
        this.#began ??= message.arrived - 1000 * message.time;
        offset = (message.arrived - this.#began) / 1000 - message.time;
      } else if (message.gap) this.#listener.begin(null);
      await this.#listener.picture({ ...message, time: Math.max(0, message.time + offset) });
    }
  }

  async #next(link: CameraLink, patience: number): Promise<CameraMessage | null | "late"> {
    let cancel = () => {};
    const late = new Promise<"late">((resolve) => {
      cancel = this.#world.after(patience, () => resolve("late"));
    });
    try {
      return await Promise.race([link.next(), late]);
    } finally {
      cancel();
    }
  }

  #wait(milliseconds: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#world.after(milliseconds, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }

  /** Tells what is new: a camera that stays away does not repeat it. */
  #tell(state: WatchStatus["state"], message: string): void {
    const text = `${state} ${message}`;
    if (text === this.#told) return;
    this.#told = text;
    this.#listener.status(state, message);
  }
}

/** Whether a source has an end, and does not come back. */
function hasEnd({ source: { kind } }: CameraStart): boolean {
  return kind === "file" || kind === "pipe";
}

import type { ClipOrder } from "./camera-protocol.ts";
import type { WatchEvent } from "./records.ts";

/** Clips begin so long before their event and end so long after it, in milliseconds. */
const beforeMs = 5000;
const afterMs = 2000;
export const longestClipMs = 60_000;

/** Orders the clips of one camera's events. */
export class ClipOrders {
  /** Whether the stream's packets fit into files; known once it is live. */
  hasClips = true;
  readonly #pathOf: (start: string, label: string) => string;
  readonly #send: (order: ClipOrder) => void;
  readonly #open = new Map<string, Open>();

  /** @param pathOf the path, without its ending, of an event's files. */
  constructor(pathOf: (start: string, label: string) => string, send: (order: ClipOrder) => void) {
    this.#pathOf = pathOf;
    this.#send = send;
  }

  /** The event with the paths of its files, which are ordered. */
  add(event: WatchEvent): WatchEvent {
    const { label, start, end } = event;
    const latest = Date.parse(start) - beforeMs + longestClipMs;
    if (end === null) {
      const base = this.#pathOf(start, label);
      const [file, snapshot] = [`${base}.mp4`, `${base}.jpg`];
      const paths = { clip: this.hasClips ? file : null, snapshot };
      this.#open.set(label, { file, paths });
      this.#send({ kind: "begin", file, snapshot, from: Date.parse(start) - beforeMs, until: latest });
      return { ...event, ...paths };
    }
    const open = this.#open.get(label);
    if (!open) return event;
    this.#open.delete(label);
    this.#send({ kind: "end", file: open.file, until: Math.min(latest, Date.parse(end) + afterMs) });
    return { ...event, ...open.paths };
  }
}

interface Open {
  readonly file: string;
  readonly paths: Required<Pick<WatchEvent, "clip" | "snapshot">>;
}

import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { findOutput, writeError } from "movinet/files";
import type { WatchRecord } from "movinet/watch";
import { type Complain, type RecordType, type Sink, Trouble } from "./sink.ts";

/** Characters that wait while the disk is slow or full; what comes then is lost, and counted. */
const mostWaiting = 2 ** 22;

/**
 * A file of records, one JSON object per line, appended in batches. It is opened for each batch, so it may be renamed or
 * removed at any time (logrotate); a batch that cannot be written in full is taken back and tried again with the next.
 */
export class LinesFile implements Sink {
  readonly #path: string;
  readonly #types: ReadonlySet<RecordType>;
  readonly #trouble: Trouble;
  #waiting = "";
  #writing: Promise<void> | null = null;

  private constructor(path: string, types: readonly RecordType[], complain: Complain) {
    this.#path = path;
    this.#types = new Set(types);
    this.#trouble = new Trouble(complain);
  }

  /** Throws a `MovinetError` (`E_OUTPUT_WRITE`) for a path that cannot be written. */
  static async open(given: string, types: readonly RecordType[], complain: Complain): Promise<LinesFile> {
    const { path } = await findOutput(given);
    try {
      await append(path, "");
    } catch (cause) {
      throw writeError(given, cause);
    }
    return new LinesFile(path, types, complain);
  }

  write(record: WatchRecord): void {
    if (!this.#types.has(record.type)) return;
    const line = `${lineOf(record)}\n`;
    if (this.#waiting.length + line.length > mostWaiting) {
      this.#trouble.tell(`movinet: ${this.#path}: cannot be written fast enough`, 1);
      return;
    }
    this.#waiting += line;
    this.#writing ??= this.#flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
    if (this.#waiting !== "") await this.#flush();
    this.#trouble.end(`movinet: ${this.#path}: not everything could be written`, this.#waiting.split("\n").length - 1);
  }

  async #flush(): Promise<void> {
    // What comes within one turn of the event loop is one batch.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      while (this.#waiting !== "") {
        const batch = this.#waiting;
        await append(this.#path, batch);
        this.#waiting = this.#waiting.slice(batch.length);
        this.#trouble.over(`movinet: ${this.#path}: is written again`);
      }
    } catch (cause) {
      this.#trouble.tell(`movinet: ${writeError(this.#path, cause).message}`);
    } finally {
      this.#writing = null;
    }
  }
}

/** A record on one line, for every reader's idea of a line. */
export function lineOf(record: WatchRecord): string {
  return JSON.stringify(record).replace(
    /[\u0085\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Appends all of a text or nothing. */
async function append(path: string, text: string): Promise<void> {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW = 0 } = constants;
  const file = await open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o666);
  try {
    const { size } = await file.stat();
    try {
      await file.writeFile(text);
    } catch (error) {
      await file.truncate(size).catch(() => {});
      throw error;
    }
  } finally {
    await file.close();
  }
}

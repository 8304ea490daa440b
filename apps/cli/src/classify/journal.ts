import {
  closeSync,
  createReadStream,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { UsageError } from "../usage.ts";
import { unwritable } from "../write-aside.ts";

/** What decides the results of a run: the first line of the file, and the same again when the run is resumed. */
export type RunIdentity = Readonly<Record<string, string | number | boolean | null>>;

/**
 * The file of a run's results, which is its journal too: a first line that tells what was run, then for each source its
 * lines in one piece, the `result` or `error` line last. A source is done when that line is there; what follows the last
 * such line was cut off by a kill, and is dropped when the run is resumed. A second run on the same file is refused.
 */
export class Journal {
  readonly #file: string;
  readonly #descriptor: number;
  /** Sources that need not be looked at again. */
  readonly done: ReadonlySet<string>;

  private constructor(file: string, descriptor: number, done: ReadonlySet<string>) {
    this.#file = file;
    this.#descriptor = descriptor;
    this.done = done;
  }

  /** Opens `file` for a new run, or to go on with the one that it holds. */
  static async open(file: string, identity: RunIdentity, resume: boolean): Promise<Journal> {
    lock(file);
    try {
      const { done, end } = resume ? await readDone(file, identity) : { done: new Set<string>(), end: 0 };
      const descriptor = openResults(file, resume);
      ftruncateSync(descriptor, end);
      const journal = new Journal(file, descriptor, done);
      if (end === 0) journal.write([JSON.stringify({ type: "run", ...identity })]);
      return journal;
    } catch (error) {
      unlock(file);
      throw error;
    }
  }

  /** Appends the lines of one source. */
  write(lines: readonly string[]): void {
    const bytes = Buffer.from(`${lines.join("\n")}\n`);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#descriptor, bytes, at);
    } catch (cause) {
      throw unwritable(this.#file, cause);
    }
  }

  close(): void {
    fsyncSync(this.#descriptor);
    closeSync(this.#descriptor);
    unlock(this.#file);
  }
}

function openResults(file: string, resume: boolean): number {
  try {
    return openSync(file, resume ? "a" : "ax");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw unwritable(file, cause);
    throw new UsageError(file, "it exists", "Go on with that run by adding --resume, or name another file");
  }
}

/** The sources that a file has results of, and where its last whole source ends (bytes). */
async function readDone(file: string, identity: RunIdentity): Promise<{ done: Set<string>; end: number }> {
  const done = new Set<string>();
  let end = 0;
  for await (const { text, after } of wholeLines(file)) {
    const entry = parse(text);
    if (end === 0) {
      checkIdentity(file, entry, identity);
      end = after;
    } else if (entry?.["type"] === "result" || entry?.["type"] === "error") {
      done.add(String(entry["source"]));
      end = after;
    }
  }
  return { done, end };
}

/** The lines of a file that a newline ends, each with the offset behind it (bytes); none where there is no file. */
async function* wholeLines(file: string): AsyncGenerator<{ text: string; after: number }> {
  let rest = Buffer.alloc(0);
  let after = 0;
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      rest = Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        after += end + 1;
        yield { text: rest.toString("utf8", 0, end), after };
        rest = rest.subarray(end + 1);
      }
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw unwritable(file, cause);
  }
}

function parse(line: string): Readonly<Record<string, unknown>> | null {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
}

function checkIdentity(file: string, entry: Readonly<Record<string, unknown>> | null, identity: RunIdentity): void {
  if (entry?.["type"] !== "run") {
    throw new UsageError(file, "this is no file of results that --out made", "Name another file");
  }
  const changed = Object.keys(identity).filter((key) => entry[key] !== identity[key]);
  if (changed.length === 0) return;
  const was = changed.map((key) => `${key} ${JSON.stringify(entry[key])} instead of ${JSON.stringify(identity[key])}`);
  throw new UsageError(
    file,
    `its results were made otherwise (${was.join(", ")})`,
    "Give the options of that run, or name another file",
  );
}

/** Makes `FILE.lock` with this process's id; one whose process is gone was left by a kill. */
function lock(file: string): void {
  const path = `${file}.lock`;
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: "wx" });
      return;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw unwritable(file, cause);
      const owner = Number(readFileSync(path, "utf8"));
      if (owner !== process.pid && isAlive(owner)) {
        throw new UsageError(file, `process ${owner} is writing it`, "Wait for that run, or name another file");
      }
      rmSync(path, { force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function unlock(file: string): void {
  rmSync(`${file}.lock`, { force: true });
}

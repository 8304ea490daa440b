import { closeSync, constants, ftruncateSync, openSync, writeSync } from "node:fs";
import { open, rm, stat } from "node:fs/promises";
import { MovinetError } from "movinet";
import { findOutput, removeAsides, writeError, writeWhole } from "movinet/files";
import { keptText } from "../files.ts";
import { UsageError } from "../usage.ts";
import { lockFile } from "./lock-file.ts";
import type { Outputs, SourceOutput } from "./outputs.ts";

/** What decides what the results are: name of a setting → its value. A run is only continued with the same. */
export type RunSettings = Readonly<Record<string, string | number | boolean>>;

/**
 * A file of results, which is the journal of its run too: the lines of a source are appended in one write once it is
 * done, in the order in which sources finish. `FILE.run` beside it has the settings, `FILE.lock` the process that writes.
 */
export class ResultsFile implements Outputs, AsyncDisposable {
  /** Sources whose result was there already. */
  readonly done: ReadonlySet<string>;
  readonly #path: string;
  readonly #lock: string;
  readonly #descriptor: number;
  #length: number;

  private constructor(path: string, lock: string, done: ReadonlySet<string>, length: number) {
    this.#path = path;
    this.#lock = lock;
    this.done = done;
    const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW = 0 } = constants;
    this.#descriptor = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o666);
    this.#length = length;
  }

  /**
   * Begins a file, or continues one with `resume`: what follows the last complete source is cut off, and failed sources
   * are taken out, so that they are tried again. Throws a usage error where the file is of other settings or in use.
   */
  static async open(given: string, { resume, settings }: { resume: boolean; settings: RunSettings }) {
    const { path } = await findOutput(given);
    const lock = await lockFile(path);
    try {
      for (const file of [path, `${path}.run`]) await removeAsides(file);
      let done: ReadonlySet<string> = new Set();
      if (((await stat(path).catch(() => null))?.size ?? 0) > 0) {
        if (!resume) {
          throw new UsageError(path, "already exists", "Continue it with --resume, or choose another --out");
        }
        await checkSettings(path, settings);
        done = await keepResults(path);
      } else {
        await refuseForeign(`${path}.run`);
        await writeWhole(`${path}.run`, `${JSON.stringify(settings)}\n`);
      }
      const length = (await stat(path).catch(() => null))?.size ?? 0;
      return new ResultsFile(path, lock, done, length);
    } catch (error) {
      await rm(lock, { force: true });
      if (error instanceof MovinetError) throw error;
      throw writeError(path, error);
    }
  }

  async open(): Promise<SourceOutput> {
    let lines = "";
    return {
      line: (text) => {
        lines += `${escapeBreaks(text)}\n`;
      },
      end: () => this.#append(lines),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    closeSync(this.#descriptor);
    await rm(this.#lock, { force: true });
  }

  #append(text: string): void {
    const bytes = Buffer.from(text);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#descriptor, bytes, at);
      this.#length += bytes.length;
    } catch (cause) {
      // What was half-written goes at once where that is possible; resuming would cut it off too.
      try {
        ftruncateSync(this.#descriptor, this.#length);
      } catch {}
      throw writeError(this.#path, cause);
    }
  }
}

/** JSON leaves line and paragraph separators as they are, at which readers (Node's, Python's) would break a line. */
function escapeBreaks(json: string): string {
  return json.replace(/[\u0085\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The settings of a run; null where there are none that can be read. */
async function readSettings(file: string): Promise<RunSettings | null> {
  try {
    const settings: RunSettings | null = JSON.parse((await keptText(file)) ?? "null");
    return typeof settings?.["model"] === "string" ? settings : null;
  } catch {
    return null;
  }
}

/** Refuses to write the settings of a run over a file that is of something else. */
async function refuseForeign(file: string): Promise<void> {
  if ((await stat(file).catch(() => null)) === null || (await readSettings(file))) return;
  throw new UsageError(file, "would be overwritten, but is not from movinet", "Choose another --out");
}

async function checkSettings(path: string, settings: RunSettings): Promise<void> {
  const begun = await readSettings(`${path}.run`);
  if (begun === null) {
    throw new UsageError(
      `${path}.run`,
      `cannot be read, so the settings of ${path} are unknown`,
      "Choose another --out",
    );
  }
  for (const name of new Set([...Object.keys(settings), ...Object.keys(begun)])) {
    if (begun[name] === settings[name]) continue;
    throw new UsageError(
      path,
      `was started with ${settingText(name, begun)}, but this run has ${settingText(name, settings)}`,
      "Use the same settings, or choose another --out",
    );
  }
}

function settingText(name: string, settings: RunSettings): string {
  return settings[name] === undefined ? `no ${name}` : `${name} ${settings[name]}`;
}

/** Rewrites the file with the lines of sources that have a result, and returns those sources. */
async function keepResults(path: string): Promise<Set<string>> {
  const done = new Set<string>();
  const kept = async function* () {
    const input = await open(path);
    let lines = "";
    let number = 0;
    let broken: number | null = null;
    for await (const line of input.readLines()) {
      number++;
      if (broken !== null) throw notResults(path, broken);
      const parsed = parseLine(line);
      if (!parsed) {
        broken = number;
        continue;
      }
      if (parsed.type === "left-out") continue; // this run writes its own
      lines += `${line}\n`;
      if (parsed.type !== "result" && parsed.type !== "error") continue;
      if (parsed.type === "result" && !done.has(parsed.source)) {
        done.add(parsed.source);
        yield lines;
      }
      lines = "";
    }
  };
  await writeWhole(path, kept());
  return done;
}

/** The fields that matter here of a result line; null where it is none, which the last line of a killed run may be. */
function parseLine(line: string): { readonly type: string; readonly source: string } | null {
  try {
    const { type, source } = JSON.parse(line);
    return typeof type === "string" && typeof source === "string" ? { type, source } : null;
  } catch {
    return null;
  }
}

function notResults(path: string, line: number): UsageError {
  return new UsageError(path, `line ${line} is not a movinet result`, "Choose another --out");
}

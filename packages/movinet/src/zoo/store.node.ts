/** The cache folder: complete models under their names, `models.lock.json`, and partial downloads in `parts`. */
import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile, rename, rm, rmdir, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Refuse } from "../common/errors.ts";
import { type LockHolder, takeLock } from "../common/lock-file.node.ts";
import { makeFolders, writeError } from "../common/write.node.ts";
import { integrityError } from "./integrity.ts";
import { emptyLedger, type Ledger, ledgerText, parseLedger } from "./ledger.ts";
import { FilePart } from "./part.node.ts";
import type { ZooModel } from "./registry.ts";
import type { NewFile, OwnPart, Store, Waiting } from "./store.ts";
import { pause } from "./transfer.ts";

/** Milliseconds between checks of another process's lock, and between updates of this one's. */
const [lookMs, beatMs] = [100, 5000];
const ledgerName = "models.lock.json";

export class NodeStore implements Store {
  readonly folder: string;
  readonly #parts: string;
  readonly #deadMs: number;

  /** `deadMs`: a process on another machine without updates for this long counts as dead. */
  constructor(folder: string, { deadMs = 60_000 }: { readonly deadMs?: number } = {}) {
    this.folder = folder;
    this.#parts = join(folder, "parts");
    this.#deadMs = deadMs;
  }

  placeOf(file: string): string {
    return join(this.folder, file);
  }

  remedyFor({ name, sources: [source], ending }: ZooModel): string {
    const url = source?.url ?? "";
    const own = url.endsWith("/download") ? "tar.gz" : ending === "tflite" ? "tflite" : "pt";
    return `Download ${url} on a machine with network access, and save it as ${this.placeOf(`${name}.${own}`)}`;
  }

  async has(file: string): Promise<boolean> {
    return (await stat(this.placeOf(file)).catch(() => null))?.isFile() ?? false;
  }

  async ledger(): Promise<Ledger> {
    const path = this.placeOf(ledgerName);
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return null;
      throw integrityError(path, `cannot read it (${error.code})`, "Make it readable, or delete it", error);
    });
    return text === null ? emptyLedger : parseLedger(text, path);
  }

  /** Updates the ledger exclusively. */
  async change(edit: (ledger: Ledger) => Ledger): Promise<void> {
    await this.alone(ledgerName, async () => {
      const text = ledgerText(edit(await this.ledger()));
      await this.#place(ledgerName, ledgerName, text);
      await this.#clearParts(ledgerName);
    });
  }

  async part(name: string, url: string): Promise<OwnPart> {
    const address = createHash("sha256").update(url).digest("hex").slice(0, 8);
    const path = join(this.#parts, `${name}-${address}.part`);
    return FilePart.open(path).catch((cause: unknown) => {
      throw writeError(path, cause);
    });
  }

  async keep(name: string, { file, content, pin, ...kept }: NewFile): Promise<void> {
    await this.#place(name, file, content, () =>
      this.change(({ models, pins }) => ({
        models: { ...models, [file]: kept },
        pins: pin === null ? pins : { ...pins, [kept.url]: pin },
      })),
    );
    await this.#clearParts(name);
  }

  /** Writes a file under another name and renames it. A killed process leaves files only in `parts`. */
  async #place(
    name: string,
    file: string,
    content: Uint8Array | string,
    between: () => Promise<void> = async () => {},
  ): Promise<void> {
    const aside = join(this.#parts, `${name}-${randomUUID()}.part`);
    try {
      await writeFile(aside, content, { flag: "wx" });
      await between();
      await rename(aside, this.placeOf(file));
    } catch (cause) {
      await rm(aside, { force: true });
      throw cause instanceof Error && "syscall" in cause ? writeError(this.placeOf(file), cause) : cause;
    }
  }

  /** Removes the leftovers of an interrupted download of an existing model, unless it is in progress. */
  async sweep(name: string): Promise<void> {
    const left = await readdir(this.#parts).catch(() => []);
    if (!left.some((file) => isOf(name, file))) return;
    const { path, holder } = await takeLock(join(this.#parts, name), refusal(this.#parts));
    if (holder === null) await this.#holding(path, () => this.#clearParts(name));
  }

  /** Deletes the files with a name, the facts about them, and partial downloads. Pins stay for the next time. */
  async remove(name: string, files: readonly string[], waiting: Waiting): Promise<void> {
    const work = async () => {
      for (const file of files) await rm(this.placeOf(file), { force: true });
      await this.change(({ models, pins }) => ({
        models: Object.fromEntries(Object.entries(models).filter(([file]) => !files.includes(file))),
        pins,
      }));
      await this.#clearParts(name);
    };
    await this.alone(name, work, waiting);
  }

  /** Models with partial downloads, finished or not. */
  async unfinished(): Promise<readonly string[]> {
    const left = await readdir(this.#parts).catch(() => []);
    const names = left.map((file) => file.replace(/-[0-9a-f]{8}\.part$|-[0-9a-f-]{36}\.part$|\.lock(\..*)?$/, ""));
    return [...new Set(names)].filter((name) => name !== ledgerName);
  }

  async #clearParts(name: string): Promise<void> {
    for (const file of await readdir(this.#parts)) {
      if (isOf(name, file) && !file.endsWith(".lock")) await rm(join(this.#parts, file), { force: true });
    }
  }

  async alone<T>(name: string, work: () => Promise<T>, waiting: Waiting = {}): Promise<T> {
    return this.#holding(await this.#lock(name, waiting), work);
  }

  /** Runs work while holding a lock, which is refreshed regularly and removed at the end. */
  async #holding<T>(lock: string, work: () => Promise<T>): Promise<T> {
    const beat = setInterval(() => {
      utimes(lock, new Date(), new Date()).catch(() => {});
    }, beatMs).unref();
    try {
      return await work();
    } finally {
      clearInterval(beat);
      await rm(lock, { force: true });
      // The last user removes it.
      await rmdir(this.#parts).catch(() => {});
    }
  }

  async #lock(name: string, { signal, onWait }: Waiting): Promise<string> {
    const file = join(this.#parts, name);
    const watched = { sign: "", since: 0, told: false, gone: false };
    for (;;) {
      signal?.throwIfAborted();
      await makeFolders(this.#parts, 0o700).catch((cause: unknown) => {
        throw writeError(this.#parts, cause);
      });
      const answer = await takeLock(file, refusal(file)).catch((error: Error & { cause?: NodeJS.ErrnoException }) => {
        if (error.cause?.code === "ENOENT") return null; // the folder was removed meanwhile
        throw error;
      });
      if (answer === null) {
        await pause(lookMs, signal);
        continue;
      }
      if (answer.holder === null) {
        // A process that was only suspended still has its files open: whatever it writes to them is discarded.
        if (watched.gone) await this.#clearParts(name);
        return answer.path;
      }
      if (!watched.told) onWait?.(`process ${answer.holder.pid} on ${answer.holder.host}`);
      watched.told = true;
      watched.gone = (await silence(answer.path, answer.holder, watched)) > this.#deadMs;
      if (watched.gone) await rm(answer.path, { force: true });
      else await pause(lookMs, signal);
    }
  }
}

function refusal(subject: string): Refuse {
  return (problem, remedy, cause) => integrityError(subject, problem, remedy, cause);
}

/** Milliseconds without updates of a lock. Clocks of machines differ, so only changes count. */
async function silence(lock: string, { text }: LockHolder, watched: { sign: string; since: number }): Promise<number> {
  const changed = (await stat(lock).catch(() => null))?.mtimeMs ?? 0;
  const sign = `${changed} ${text}`;
  if (sign !== watched.sign) Object.assign(watched, { sign, since: performance.now() });
  return performance.now() - watched.since;
}

/** Whether a file in `parts` belongs to a name; `a0-stream` is a prefix of `a0-stream-int8`. */
function isOf(name: string, file: string): boolean {
  return file.startsWith(`${name}-`)
    ? /^[0-9a-f-]{8,36}\.part$/.test(file.slice(name.length + 1))
    : file.startsWith(`${name}.lock`);
}

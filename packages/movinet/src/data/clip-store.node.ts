import { randomUUID } from "node:crypto";
import type { Stats } from "node:fs";
import { type FileHandle, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "../common/crc32.node.ts";
import { DatasetError } from "../common/errors.ts";
import { makeFolders } from "../common/write.node.ts";
import { type ClipHead, type ClipView, clipFormat, type SourceClip } from "./clip.ts";

const user = process.getuid?.();
const entryName = /^[0-9a-f]{64}\.clip$/;
const asideName = /^[0-9a-f]{64}\.[-0-9a-f]+\.tmp$/;
/** Milliseconds after which a file that was being written belongs to a process that died. */
const staleMs = 15 * 60_000;
const keyOf = (name: string) => name.slice(0, 64);

/**
 * Entries of clips in a folder, bounded in bytes. What is read is believed, so the folder and the entries must be this
 * user's, and nobody else may write there (where there are such users: not on Windows). Entries that this process has read or written stay; of the others, the
 * least recently used go first. Several processes may share a folder.
 */
export class ClipStore {
  readonly folder: string;
  readonly maxBytes: number;
  readonly #used = new Set<string>();
  /** Files that this process is writing, with the bytes that they will have. */
  readonly #writing = new Map<string, number>();
  /** Those that were being written while the folder is tidied, also what has ended since. */
  #meanwhile: Map<string, number> | null = null;
  /** Bytes in the folder, as far as this process knows; null until it looked. */
  #bytes: number | null = null;
  #tidying: Promise<void> | null = null;
  #guarded: Promise<void> | null = null;

  constructor(folder: string, maxBytes: number) {
    this.folder = folder;
    this.maxBytes = maxBytes;
  }

  /**
   * The clip of an entry; null where there is none, a damaged one or another user's. Throws {@link DatasetError}
   * (`E_DATASET_CACHE`) where the folder cannot be read, or others may write there.
   */
  async read(key: string, view: ClipView): Promise<SourceClip | null> {
    const file = await this.#open(key);
    const bytes = file && (await file.readFile().finally(() => file.close()));
    const length = bytes && headLength(bytes);
    if (length === null || bytes === null || !isIntact(bytes)) return null;
    const head = parseHead(bytes.subarray(prefixBytes, prefixBytes + length), view, bytes.length);
    if (head === null) return null;
    await this.#use(key);
    return { ...head, data: new Uint8Array(bytes.buffer, bytes.byteOffset + prefixBytes + length) };
  }

  /** The head of an entry that is as long as it should be, without reading its frames; else null. */
  async look(key: string, view: ClipView): Promise<ClipHead | null> {
    const file = await this.#open(key);
    if (file === null) return null;
    try {
      const { size } = await file.stat();
      const prefix = new Uint8Array(prefixBytes);
      await file.read(prefix, 0, prefixBytes, 0);
      const length = headLength(prefix);
      if (length === null || length > size) return null;
      const json = new Uint8Array(length);
      await file.read(json, 0, length, prefixBytes);
      const head = parseHead(json, view, size);
      if (head) await this.#use(key);
      return head;
    } finally {
      await file.close();
    }
  }

  /**
   * Keeps a clip where it has room beside what is in use. Throws {@link DatasetError} (`E_DATASET_CACHE`) where
   * the folder cannot be written; nothing half-written is left then.
   */
  async write(key: string, head: ClipHead, frames: readonly Uint8Array[]): Promise<void> {
    const prefix = prefixOf(head, frames);
    const size = frames.reduce((sum, frame) => sum + frame.length, prefix.length);
    const name = `${key}.${randomUUID()}.tmp`;
    const aside = join(this.folder, name);
    try {
      if (!(await this.#makeRoom(name, size))) return;
      this.#used.add(key);
      await writeParts(aside, [prefix, ...frames]);
      await rename(aside, this.#path(key));
    } catch (cause) {
      this.#bytes = null;
      await rm(aside, { force: true }).catch(() => {});
      if (cause instanceof DatasetError) throw cause;
      throw cacheError(this.folder, cause);
    } finally {
      this.#writing.delete(name);
    }
  }

  /** The file of an entry of this user; null where there is none. */
  async #open(key: string): Promise<FileHandle | null> {
    this.#guarded ??= this.#guard();
    await this.#guarded;
    const file = await open(this.#path(key)).catch(this.#absent);
    if (file === null || isOwn(await file.stat())) return file;
    await file.close();
    return null;
  }

  /** Throws where somebody else may write into the folder. */
  async #guard(): Promise<void> {
    const facts = await stat(this.folder).catch(this.#absent);
    if (facts === null || user === undefined) return;
    const { uid, mode } = facts;
    if (isOwn(facts) && (mode & 0o022) === 0) return;
    throw new DatasetError({
      code: "E_DATASET_CACHE",
      subject: this.folder,
      problem: isOwn(facts)
        ? `other users may write here (mode ${(mode & 0o777).toString(8)}), so clips that are cached here cannot be trusted`
        : `this folder belongs to another user (${uid}), so clips that are cached here cannot be trusted`,
      remedy: isOwn(facts)
        ? "Take that right away (chmod 700), or name another folder in MOVINET_CACHE"
        : "Name another folder in MOVINET_CACHE",
    });
  }

  readonly #absent = (cause: NodeJS.ErrnoException): null => {
    if (cause.code === "ENOENT" || cause.code === "ENOTDIR") return null;
    throw cacheError(this.folder, cause);
  };

  #path(key: string): string {
    return join(this.folder, `${key}.clip`);
  }

  /** Makes an entry the latest used one, once in the life of this process. */
  async #use(key: string): Promise<void> {
    if (this.#used.has(key)) return;
    this.#used.add(key);
    const now = new Date();
    await utimes(this.#path(key), now, now).catch(() => {});
  }

  /** Takes `size` bytes of the bound for a file, after removing what is needed for it; false where that is not enough. */
  async #makeRoom(name: string, size: number): Promise<boolean> {
    if (size > this.maxBytes) return false;
    if (this.#bytes === null || this.#bytes + size > this.maxBytes) {
      this.#tidying ??= this.#tidy(size).finally(() => {
        this.#tidying = null;
      });
      await this.#tidying;
    }
    const bytes: number = this.#bytes ?? 0;
    if (bytes + size > this.maxBytes) return false;
    this.#bytes = bytes + size;
    this.#writing.set(name, size);
    this.#meanwhile?.set(name, size);
    return true;
  }

  /** Counts what is there and removes leftovers and, until `size` more bytes fit, the entries that are used least. */
  async #tidy(size: number): Promise<void> {
    await makeFolders(this.folder, 0o700);
    await this.#guard();
    // What is being written gets its name, or begins, while the folder is read: it counts by what it will have.
    const writing = new Map(this.#writing);
    this.#meanwhile = writing;
    const keys = new Set([...writing.keys()].map(keyOf));
    const names = (await readdir(this.folder)).filter(
      (name) => (entryName.test(name) && !keys.has(keyOf(name))) || (asideName.test(name) && !writing.has(name)),
    );
    const found = await Promise.all(
      names.map(async (name) => {
        const facts = await stat(join(this.folder, name)).catch(this.#absent);
        return facts && !writing.has(name) ? [{ name, bytes: facts.size, usedMs: facts.mtimeMs }] : [];
      }),
    );
    const files = found.flat().sort((a, b) => a.usedMs - b.usedMs);
    const taken = () => [...writing.values()].reduce((sum, length) => sum + length, 0);
    let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const isAside = ({ name }: { readonly name: string }) => asideName.test(name);
    const stale = files.filter((file) => isAside(file) && file.usedMs < Date.now() - staleMs);
    const unused = files.filter((file) => !isAside(file) && !this.#used.has(keyOf(file.name)));
    for (const [i, file] of [...stale, ...unused].entries()) {
      if (i >= stale.length && bytes + taken() + size <= this.maxBytes) break;
      await rm(join(this.folder, file.name), { force: true });
      bytes -= file.bytes;
    }
    this.#bytes = bytes + taken();
    this.#meanwhile = null;
  }
}

/**
 * An entry of the cache: "MVCLIP" and two digits of version, then little-endian CRC-32 of all that follows it, length of
 * the JSON head in bytes, the head (a {@link ClipHead}), and the frames.
 */
const magic = new TextEncoder().encode(`MVCLIP${String(clipFormat).padStart(2, "0")}`);
const checkedFrom = magic.length + 4;
/** Bytes before the JSON head. */
const prefixBytes = checkedFrom + 4;

/** What stands before the frames. */
function prefixOf(head: ClipHead, frames: readonly Uint8Array[]): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(head));
  const bytes = new Uint8Array(prefixBytes + json.length);
  const view = new DataView(bytes.buffer);
  bytes.set(magic);
  view.setUint32(checkedFrom, json.length, true);
  bytes.set(json, prefixBytes);
  const sum = frames.reduce((before, frame) => crc32(frame, before), crc32(bytes.subarray(checkedFrom)));
  view.setUint32(magic.length, sum, true);
  return bytes;
}

/** Length of the JSON head that begins after the prefix; null where this is no entry. */
function headLength(prefix: Uint8Array): number | null {
  if (prefix.length < prefixBytes || magic.some((byte, i) => prefix[i] !== byte)) return null;
  return new DataView(prefix.buffer, prefix.byteOffset).getUint32(checkedFrom, true);
}

/** Whether all that follows the checksum is what was written. */
function isIntact(bytes: Uint8Array): boolean {
  return (
    crc32(bytes.subarray(checkedFrom)) === new DataView(bytes.buffer, bytes.byteOffset).getUint32(magic.length, true)
  );
}

/** The head, if it is one of this view and fits the length of the whole entry; else null. */
function parseHead(json: Uint8Array, view: ClipView, entryBytes: number): ClipHead | null {
  try {
    const head = JSON.parse(new TextDecoder().decode(json)) as ClipHead;
    const fits = head.width === view.width && head.height === view.height && head.fps === view.fps;
    const whole = prefixBytes + json.length + head.frames * head.width * head.height * 3 === entryBytes;
    return fits && whole && head.frames > 0 ? head : null;
  } catch {
    return null;
  }
}

function isOwn({ uid }: Stats): boolean {
  return user === undefined || uid === user;
}

/** Buffers that one call may write. */
const mostParts = 512;

async function writeParts(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, "wx");
  try {
    for (let at = 0; at < parts.length; at += mostParts) {
      const batch = parts.slice(at, at + mostParts);
      const { bytesWritten } = await file.writev(batch);
      let rest = bytesWritten;
      for (const part of batch) {
        if (rest < part.length) await file.writeFile(part.subarray(Math.max(0, rest)));
        rest -= part.length;
      }
    }
  } finally {
    await file.close();
  }
}

function cacheError(folder: string, cause: unknown): DatasetError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  const full = code === "ENOSPC" || code === "EDQUOT";
  return new DatasetError({
    code: "E_DATASET_CACHE",
    subject: folder,
    problem: full ? `the disk is full, so clips cannot be cached (${code})` : `clips cannot be cached here (${code})`,
    remedy: full
      ? "Free some space, or name a folder on another disk in MOVINET_CACHE"
      : "Make the folder writable, or name another one in MOVINET_CACHE",
    cause,
  });
}

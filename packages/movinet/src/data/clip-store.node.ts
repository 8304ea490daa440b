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
/** Milliseconds after which a file being written is considered abandoned by a dead process. */
const staleMs = 15 * 60_000;
const keyOf = (name: string) => name.slice(0, 64);

/**
 * Cached clips in a folder of bounded size. Its content is trusted, so the folder and the entries must belong to this
 * user, and nobody else may write there (except on Windows, which has no such modes). Entries that this process has
 * read or written stay; of the others, the least recently used are removed first. Several processes may share a
 * folder.
 */
export class ClipStore {
  readonly folder: string;
  readonly maxBytes: number;
  readonly #used = new Set<string>();
  /** Files that this process is writing, with their final sizes. */
  readonly #writing = new Map<string, number>();
  /** Files being written during clean-up, including those finished meanwhile. */
  #meanwhile: Map<string, number> | null = null;
  /** Bytes in the folder, as far as this process knows; null before the first look. */
  #bytes: number | null = null;
  #tidying: Promise<void> | null = null;
  #guarded: Promise<void> | null = null;

  constructor(folder: string, maxBytes: number) {
    this.folder = folder;
    this.maxBytes = maxBytes;
  }

  /**
   * The clip of an entry; null if it is missing, damaged or another user's. Throws {@link DatasetError}
   * (`E_DATASET_CACHE`) if the folder cannot be read, or others may write there.
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

  /** The head of an entry of the right length, without reading its frames; otherwise null. */
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
   * Stores a clip if there is room besides entries in use. Throws {@link DatasetError} (`E_DATASET_CACHE`) if the
   * folder cannot be written; no partial file is left.
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

  /** The file of this user's entry; null if there is none. */
  async #open(key: string): Promise<FileHandle | null> {
    this.#guarded ??= this.#guard();
    await this.#guarded;
    const file = await open(this.#path(key)).catch(this.#absent);
    if (file === null || isOwn(await file.stat())) return file;
    await file.close();
    return null;
  }

  /** Throws if another user may write into the folder. */
  async #guard(): Promise<void> {
    const facts = await stat(this.folder).catch(this.#absent);
    if (facts === null || user === undefined) return;
    const { uid, mode } = facts;
    if (isOwn(facts) && (mode & 0o022) === 0) return;
    throw new DatasetError({
      code: "E_DATASET_CACHE",
      subject: this.folder,
      problem: isOwn(facts)
        ? `other users can write to this folder (mode ${(mode & 0o777).toString(8)}), so clips cached here cannot be trusted`
        : `this folder belongs to another user (${uid}), so clips cached here cannot be trusted`,
      remedy: isOwn(facts)
        ? "Run chmod 700 on it, or set MOVINET_CACHE to another folder"
        : "Set MOVINET_CACHE to another folder",
    });
  }

  readonly #absent = (cause: NodeJS.ErrnoException): null => {
    if (cause.code === "ENOENT" || cause.code === "ENOTDIR") return null;
    throw cacheError(this.folder, cause);
  };

  #path(key: string): string {
    return join(this.folder, `${key}.clip`);
  }

  /** Marks an entry as most recently used, once per process. */
  async #use(key: string): Promise<void> {
    if (this.#used.has(key)) return;
    this.#used.add(key);
    const now = new Date();
    await utimes(this.#path(key), now, now).catch(() => {});
  }

  /** Reserves `size` bytes for a file, removing entries if needed; false if that is not enough. */
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

  /** Measures the folder and removes leftovers and, until `size` more bytes fit, the least used entries. */
  async #tidy(size: number): Promise<void> {
    await makeFolders(this.folder, 0o700);
    await this.#guard();
    // Files being written are renamed, or started, while the folder is read: they count with their final size.
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
 * A cache entry: "MVCLIP" and two digits of version, then little-endian CRC-32 of the rest, length of the JSON head in
 * bytes, the head (a {@link ClipHead}), and the frames.
 */
const magic = new TextEncoder().encode(`MVCLIP${String(clipFormat).padStart(2, "0")}`);
const checkedFrom = magic.length + 4;
/** Bytes before the JSON head. */
const prefixBytes = checkedFrom + 4;

/** Everything before the frames. */
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

/** Length of the JSON head after the prefix; null if this is not an entry. */
function headLength(prefix: Uint8Array): number | null {
  if (prefix.length < prefixBytes || magic.some((byte, i) => prefix[i] !== byte)) return null;
  return new DataView(prefix.buffer, prefix.byteOffset).getUint32(checkedFrom, true);
}

/** Whether everything after the checksum is intact. */
function isIntact(bytes: Uint8Array): boolean {
  return (
    crc32(bytes.subarray(checkedFrom)) === new DataView(bytes.buffer, bytes.byteOffset).getUint32(magic.length, true)
  );
}

/** The head, if it belongs to this view and matches the length of the entry; otherwise null. */
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

/** Most buffers per write call. */
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
    problem: full ? `cannot cache clips: the disk is full (${code})` : `cannot cache clips here (${code})`,
    remedy: full
      ? "Free up space, or set MOVINET_CACHE to a folder on another disk"
      : "Make the folder writable, or set MOVINET_CACHE to another one",
    cause,
  });
}

import { constants } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { writeError } from "../common/write.node.ts";
import type { OwnPart } from "./store.ts";
import type { Version } from "./transfer.ts";

/** The head of the file: its version as JSON, padded with spaces. The bytes follow. */
const headBytes = 4096;

/** A partial download on disk. A killed process leaves a prefix of it, never a gap. */
export class FilePart implements OwnPart {
  readonly #path: string;
  readonly #file: FileHandle;
  #version: Version | null;
  #length: number;

  private constructor(path: string, file: FileHandle, version: Version | null, length: number) {
    this.#path = path;
    this.#file = file;
    this.#version = version;
    this.#length = length;
  }

  /** Opens an existing file, or creates one. */
  static async open(path: string): Promise<FilePart> {
    const { O_RDWR, O_CREAT, O_NOFOLLOW = 0 } = constants;
    const file = await open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    const version = bytesRead === headBytes ? readHead(buffer.toString("utf8")) : null;
    return new FilePart(path, file, version, version === null ? 0 : size - headBytes);
  }

  get version(): Version | null {
    return this.#version;
  }

  get length(): number {
    return this.#length;
  }

  async begin(version: Version): Promise<void> {
    const head = Buffer.alloc(headBytes, " ");
    // A long address or header may leave no room for a head: the part then starts over, which does no harm.
    if (head.write(JSON.stringify(version)) === headBytes) head.fill(" ");
    await this.#written(this.#file.truncate(0));
    await this.#written(this.#file.write(head, 0, headBytes, 0));
    [this.#version, this.#length] = [version, 0];
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const writing = this.#file.write(bytes, at, bytes.length - at, headBytes + this.#length);
      const { bytesWritten } = await this.#written(writing);
      at += bytesWritten;
      this.#length += bytesWritten;
    }
  }

  /** A system error on writing as a message: the disk may be full. */
  #written<T>(writing: Promise<T>): Promise<T> {
    return writing.catch((cause: unknown) => {
      throw writeError(this.#path, cause);
    });
  }

  async bytes(): Promise<Uint8Array> {
    const bytes = new Uint8Array(this.#length);
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await this.#file.read(bytes, at, bytes.length - at, headBytes + at);
      if (bytesRead === 0) throw new Error("a cached file shrank while it was being read");
      at += bytesRead;
    }
    return bytes;
  }

  /** Removes empty parts. */
  async close(): Promise<void> {
    await this.#file.close();
    if (this.#length === 0) await rm(this.#path, { force: true });
  }
}

function readHead(text: string): Version | null {
  try {
    const { url, validator, total } = JSON.parse(text) as Version;
    return { url, validator, total };
  } catch {
    return null;
  }
}

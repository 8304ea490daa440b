import { type FileHandle, open } from "node:fs/promises";
import { bytesOfPath, toRead } from "../common/read.node.ts";

/** Whether an image file has one frame or many; null if it is not of the format its name suggests. */
export type PictureCount = "one" | "many" | null;

const counters: Readonly<Record<string, (file: FileHandle) => Promise<PictureCount>>> = {
  apng: countPng,
  avif: countHeif,
  avifs: countHeif,
  gif: countGif,
  heic: countHeif,
  heif: countHeif,
  png: countPng,
  webp: countWebp,
};

/** Extensions, in lower case and without the dot, of formats for images or animations. */
export const pictureExtensions: ReadonlySet<string> = new Set(Object.keys(counters));

/** Reads a file with one of {@link pictureExtensions} only as far as needed. An unreadable file gives null. */
export async function countPictures(path: string, extension: string): Promise<PictureCount> {
  const file = await open(bytesOfPath(path), toRead).catch(() => null);
  if (!file) return null;
  try {
    return (await counters[extension]?.(file)) ?? null;
  } catch {
    return null;
  } finally {
    await file.close();
  }
}

async function bytesAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

async function countWebp(file: FileHandle): Promise<PictureCount> {
  const head = await bytesAt(file, 0, 21);
  if (head.toString("latin1", 0, 4) !== "RIFF" || head.toString("latin1", 8, 12) !== "WEBP") return null;
  const animated = head.toString("latin1", 12, 16) === "VP8X" && ((head[20] ?? 0) & 2) !== 0;
  return animated ? "many" : "one";
}

/** No more chunks than this come before the image data. */
const mostChunks = 1000;

async function countPng(file: FileHandle): Promise<PictureCount> {
  if ((await bytesAt(file, 0, 8)).toString("latin1") !== "\x89PNG\r\n\x1a\n") return null;
  let at = 8;
  for (let i = 0; i < mostChunks; i++) {
    const head = await bytesAt(file, at, 12);
    if (head.length < 12) return null;
    const type = head.toString("latin1", 4, 8);
    if (type === "acTL") return head.readUInt32BE(8) > 1 ? "many" : "one";
    if (type === "IDAT") return "one";
    at += head.readUInt32BE(0) + 12;
  }
  return null;
}

async function countHeif(file: FileHandle): Promise<PictureCount> {
  const head = (await bytesAt(file, 4, 8)).toString("latin1");
  if (!head.startsWith("ftyp")) return null;
  return /(avis|hevc|hevx|msf1)$/.test(head) ? "many" : "one";
}

/** Goes from block to block until a second frame begins. */
async function countGif(file: FileHandle): Promise<PictureCount> {
  const data = new BlockReader(file);
  const head = await data.take(13);
  if (!/^GIF8[79]a/.test(head.toString("latin1"))) return null;
  const colours = (flags: number) => ((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1));
  data.skip(colours(head[10] ?? 0));
  let pictures = 0;
  for (;;) {
    const [block] = await data.take(1);
    if (block === 0x2c) {
      if (++pictures === 2) return "many";
      data.skip(colours((await data.take(9))[8] ?? 0) + 1);
    } else if (block === 0x21) data.skip(1);
    else return pictures === 0 ? null : "one";
    for (let length = 1; length > 0; data.skip(length)) [length = 0] = await data.take(1);
  }
}

/** Reads a file from its beginning, in large pieces. */
class BlockReader {
  readonly #file: FileHandle;
  #piece: Buffer = Buffer.alloc(0);
  #from = 0;
  #at = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }

  /** The next bytes; fewer at the end of the file. */
  async take(bytes: number): Promise<Buffer> {
    if (this.#at + bytes > this.#from + this.#piece.length) {
      this.#piece = await bytesAt(this.#file, this.#at, 65_536);
      this.#from = this.#at;
    }
    const taken = this.#piece.subarray(this.#at - this.#from, this.#at - this.#from + bytes);
    this.#at += bytes;
    return taken;
  }
}

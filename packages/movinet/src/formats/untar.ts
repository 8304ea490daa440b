/** The files of a tar archive, read sequentially. Nothing is written anywhere, and only wanted files are kept. */
import { ModelError } from "../common/errors.ts";
import { formatBytes } from "../common/printable.ts";

const blockBytes = 512;

/** Limits beyond any model archive. */
const most = { files: 10_000, nameBytes: 4096, bytes: 2 ** 30 } as const;

/** Zeros after the last file: some kilobytes. */
const mostBehind = 2 ** 20;

type Complain = (problem: string, remedy?: string) => ModelError;

/**
 * The files whose names are `wanted`. Links, devices and folders are skipped. Throws {@link ModelError}
 * (`E_MODEL_FORMAT`) if it is damaged or too large, and for paths outside the archive.
 */
export async function untar(
  source: AsyncIterable<Uint8Array>,
  subject: string,
  wanted: (name: string) => boolean,
): Promise<Map<string, Uint8Array>> {
  const refuse: Complain = (problem, remedy = "Download or copy the complete file again") =>
    new ModelError({ code: "E_MODEL_FORMAT", subject, problem, remedy });
  const tooMuch = (problem: string) => refuse(problem, "Pass the archive of a single model");
  const files = new Map<string, Uint8Array>();
  const front = new Front(source);
  let [count, total] = [0, 0];
  let longName: string | null = null;
  try {
    for (;;) {
      const header = await front.take(blockBytes);
      if (header.length < blockBytes) throw count > 0 ? refuse("it is truncated") : notTar(refuse);
      if (header.every((byte) => byte === 0)) {
        // To the end of the compressed data, which has the checksum.
        await front.skip(mostBehind);
        return files;
      }
      const { name: shortName, size, type } = readHeader(header, refuse);
      if (++count > most.files) throw tooMuch(`it has more than ${most.files} files`);
      total += size;
      if (total > most.bytes) throw tooMuch(`its files exceed ${formatBytes(most.bytes)}`);
      const padding = -size & (blockBytes - 1);
      if (type === "L" || type === "x") {
        if (size > most.nameBytes) throw tooMuch("it has a file name that is too long");
        longName = nameIn(await front.take(size), type) ?? longName;
        await front.skip(padding);
        continue;
      }
      const name = checkedName(longName ?? shortName, refuse);
      longName = null;
      const isWanted = (type === "0" || type === "") && wanted(name);
      if (isWanted && files.has(name)) throw tooMuch(`it has two files named ${name}`);
      if (isWanted) files.set(name, await front.take(size));
      else await front.skip(size);
      if ((files.get(name)?.length ?? size) < size || front.ended) throw refuse("it is truncated");
      await front.skip(padding);
    }
  } finally {
    await front.close();
  }
}

function readHeader(header: Uint8Array, refuse: Complain) {
  const text = (from: number, length: number) => untilZero(header.subarray(from, from + length));
  const sum = header.reduce((all, byte, i) => all + (i >= 148 && i < 156 ? 0x20 : byte), 0);
  if (Number.parseInt(text(148, 8), 8) !== sum) throw notTar(refuse);
  const size = Number.parseInt(text(124, 12) || "0", 8);
  if (!(size >= 0)) throw refuse("it does not give the size of one of its files");
  const prefix = latinEquals(header, 257, "ustar\0") ? text(345, 155) : "";
  return { name: prefix === "" ? text(0, 100) : `${prefix}/${text(0, 100)}`, size, type: text(156, 1) };
}

function notTar(refuse: Complain): ModelError {
  return refuse("it is not a valid tar archive", "Pass the .tar.gz of a SavedModel, or a model file");
}

function latinEquals(bytes: Uint8Array, at: number, text: string): boolean {
  return [...text].every((character, i) => bytes[at + i] === character.charCodeAt(0));
}

function untilZero(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** The name of the next file, if it has its own entry: from GNU tar (`L`), or among other attributes (`x`). */
function nameIn(content: Uint8Array, type: "L" | "x"): string | null {
  if (type === "L") return untilZero(content);
  return /^\d+ path=(.*)$/m.exec(new TextDecoder().decode(content))?.[1] ?? null;
}

/** The name of a file in its archive. Throws if it points outside. */
function checkedName(name: string, refuse: Complain): string {
  const parts = name.split(/[/\\]/);
  if (/^([/\\]|[a-z]:)/i.test(name) || parts.includes("..")) {
    throw refuse(
      `it contains a path that points outside the archive (${name})`,
      "Use an archive from a source you trust",
    );
  }
  return parts.filter((part) => part !== "" && part !== ".").join("/");
}

/** Reads bytes from the front of a source. */
class Front {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array();
  /** Whether the source ended before the requested bytes. */
  ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** The next bytes; fewer at the end. */
  async take(count: number): Promise<Uint8Array<ArrayBuffer>> {
    const taken = new Uint8Array(count);
    let length = 0;
    await this.#pass(count, (part) => {
      taken.set(part, length);
      length += part.length;
    });
    return taken.subarray(0, length);
  }

  skip(count: number): Promise<void> {
    return this.#pass(count, () => {});
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #pass(count: number, use: (part: Uint8Array) => void): Promise<void> {
    for (let rest = count; rest > 0; ) {
      if (this.#chunk.length === 0) {
        const next = await this.#chunks.next();
        if (next.done) {
          this.ended = true;
          return;
        }
        this.#chunk = next.value;
      }
      const part = this.#chunk.subarray(0, rest);
      this.#chunk = this.#chunk.subarray(part.length);
      rest -= part.length;
      use(part);
    }
  }
}

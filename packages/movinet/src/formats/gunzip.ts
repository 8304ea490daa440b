import { ModelError } from "../common/errors.ts";

/** Maximum compression ratio: weights hardly compress, so anything above is not a model archive. */
const mostGrowth = 20;
const freeBytes = 2 ** 26;

/**
 * Unpacks gzip data as it arrives. Throws {@link ModelError} (`E_MODEL_FORMAT`) if it is damaged, or grows more than
 * weights do, and what `source` throws.
 */
export async function* gunzip(source: AsyncIterable<Uint8Array>, subject: string): AsyncGenerator<Uint8Array> {
  const { readable, writable } = new DecompressionStream("gzip");
  const [reader, writer] = [readable.getReader(), writable.getWriter()];
  let [packed, unpacked] = [0, 0];
  let failure: { readonly cause: unknown } | null = null;

  async function* noted() {
    try {
      yield* source;
    } catch (cause) {
      failure = { cause };
      throw cause;
    }
  }
  async function feed(): Promise<void> {
    try {
      for await (const chunk of noted()) {
        packed += chunk.length;
        await writer.write(chunk as Uint8Array<ArrayBuffer>);
      }
      await writer.close();
    } catch (cause) {
      await writer.abort(cause).catch(() => {});
    }
  }
  async function read() {
    try {
      return await reader.read();
    } catch (cause) {
      if (failure !== null) throw (failure as { readonly cause: unknown }).cause;
      throw damagedGzip(subject, cause);
    }
  }

  const fed = feed();
  try {
    for (let { value, done } = await read(); !done && value !== undefined; { value, done } = await read()) {
      unpacked += value.length;
      checkGrowth(packed, unpacked, subject);
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
    await fed;
  }
}

export function damagedGzip(subject: string, cause: unknown): ModelError {
  const remedy = "Download or copy the complete file again";
  return new ModelError({
    code: "E_MODEL_FORMAT",
    subject,
    problem: "its gzip data is damaged or truncated",
    remedy,
    cause,
  });
}

/** Throws if this many bytes have grown more than weights do. */
export function checkGrowth(packed: number, unpacked: number, subject: string): void {
  if (unpacked <= freeBytes || unpacked <= mostGrowth * packed) return;
  throw new ModelError({
    code: "E_MODEL_FORMAT",
    subject,
    problem: `it unpacks to more than ${mostGrowth} times its size, unlike any weights`,
    remedy: "Pass the archive of a model",
  });
}

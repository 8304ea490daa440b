import { signatureOf } from "../common/signatures.ts";
import { gunzip } from "./gunzip.ts";
import { untar } from "./untar.ts";

/** Whether a file is an archive that {@link unpackArchive} reads, by its first bytes: `.tar.gz`, or `.tar`. */
export function isArchive(head: Uint8Array): boolean {
  return isGzip(head) || signatureOf(head)?.name === "tar";
}

export function isGzip(head: Uint8Array): boolean {
  return signatureOf(head)?.name === "gzip";
}

/**
 * The files of a `.tar.gz` or `.tar` archive by name; `wanted` selects those to keep. An archive may have 10,000 files
 * and 1 GiB in total; gzip data over 64 MiB may grow at most twentyfold. Throws {@link ModelError} (`E_MODEL_FORMAT`),
 * and what `source` throws.
 */
export async function unpackArchive(
  source: Uint8Array | AsyncIterable<Uint8Array>,
  subject: string,
  wanted: (name: string) => boolean = () => true,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const chunks = (source instanceof Uint8Array ? parts(source) : source)[Symbol.asyncIterator]();
  const first = await chunks.next();
  const whole = {
    async *[Symbol.asyncIterator]() {
      try {
        if (!first.done) yield first.value;
        yield* { [Symbol.asyncIterator]: () => chunks };
      } finally {
        // Also if reading stops after the first piece, as for most refused files.
        await chunks.return?.();
      }
    },
  };
  const packed = !first.done && isGzip(first.value);
  return untar(packed ? gunzip(whole, subject) : whole, subject, wanted);
}

/** In pieces, so that the unpacked size is checked before the next one. */
async function* parts(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const size = 2 ** 18;
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

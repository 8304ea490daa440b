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
 * The files of a `.tar.gz` or `.tar` archive by their names; `wanted` are those that are kept. An archive may have 10,000 files of
 * 1 GiB together; gzip data of more than 64 MiB may grow twentyfold. Throws {@link ModelError} (`E_MODEL_FORMAT`), and what `source` throws.
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
        // Also where it is left at the first piece, which is all that is seen of most that is refused.
        await chunks.return?.();
      }
    },
  };
  const packed = !first.done && isGzip(first.value);
  return untar(packed ? gunzip(whole, subject) : whole, subject, wanted);
}

/** In pieces, so that what they unpack to is seen before the next is given. */
async function* parts(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const size = 2 ** 18;
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { checkGrowth, damagedGzip } from "./gunzip.ts";

/** Chunk size: the portable version gets 16 kB, and takes twice as long. */
const chunkBytes = 2 ** 20;

/** Unpacks gzip data like `gunzip`, with Node's own implementation. */
export async function* gunzipInNode(source: AsyncIterable<Uint8Array>, subject: string): AsyncGenerator<Uint8Array> {
  let [packed, unpacked] = [0, 0];
  async function* counted() {
    for await (const chunk of source) {
      packed += chunk.length;
      yield chunk;
    }
  }
  const unpacking = createGunzip({ chunkSize: chunkBytes });
  const fed = pipeline(counted(), unpacking);
  fed.catch(() => {});
  try {
    for await (const chunk of unpacking) {
      unpacked += chunk.length;
      checkGrowth(packed, unpacked, subject);
      yield chunk;
    }
  } catch (cause) {
    throw /^Z_/.test((cause as NodeJS.ErrnoException).code ?? "") ? damagedGzip(subject, cause) : cause;
  }
}

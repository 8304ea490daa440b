/// <reference lib="dom" />
import type { Fetch } from "./transfer.ts";

/**
 * Asks for an address in a browser. Of the headers only `Range` is sent: another one would make the browser ask another server
 * first whether it may be sent, which few allow.
 */
export const webFetch: Fetch = async (url, { range }, signal) => {
  const response = await fetch(url, { signal, ...(range !== undefined && { headers: { range } }) });
  return {
    status: response.status,
    header: (name) => response.headers.get(name),
    body: chunksOf(response.body),
  };
};

/** Not every browser lets a stream be iterated. */
async function* chunksOf(stream: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  const reader = stream?.getReader();
  for (;;) {
    const { done = true, value } = (await reader?.read()) ?? {};
    if (done || value === undefined) return;
    yield value;
  }
}

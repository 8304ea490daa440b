/// <reference lib="dom" />
import type { Fetch } from "./transfer.ts";

/**
 * Requests an address in a browser. Only the `Range` header is sent: any other would cause a preflight request, which
 * few servers allow.
 */
export const webFetch: Fetch = async (url, { range }, signal) => {
  const response = await fetch(url, { signal, ...(range !== undefined && { headers: { range } }) });
  return {
    status: response.status,
    header: (name) => response.headers.get(name),
    body: chunksOf(response.body),
  };
};

/** Not every browser has iterable streams. */
async function* chunksOf(stream: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  const reader = stream?.getReader();
  for (;;) {
    const { done = true, value } = (await reader?.read()) ?? {};
    if (done || value === undefined) return;
    yield value;
  }
}

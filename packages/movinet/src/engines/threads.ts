/** The limit of the WebAssembly engine: each thread is a worker with a heap of its own. */
export const mostWasmThreads = 64;

/** Throws `TypeError` unless `threads` is an integer from 1 to `most`. */
export function checkThreads(threads: number, most = 1024): void {
  if (Number.isInteger(threads) && threads >= 1 && threads <= most) return;
  throw new TypeError(`threads must be an integer in 1..${most}, got ${threads}`);
}

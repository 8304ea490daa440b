/** Most threads of our WebAssembly: each is a worker, which takes some 10 MB. */
export const mostWasmThreads = 64;

/** Throws `TypeError` for what is no number of threads. */
export function checkThreads(threads: number, most = 1024): void {
  if (Number.isInteger(threads) && threads >= 1 && threads <= most) return;
  throw new TypeError(`threads must be an integer in 1..${most}, got ${threads}`);
}

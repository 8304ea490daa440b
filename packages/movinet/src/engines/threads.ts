const mostThreads = 1024;

/** Throws `TypeError` for an invalid number of threads. */
export function checkThreads(threads: number): void {
  if (Number.isInteger(threads) && threads >= 1 && threads <= mostThreads) return;
  throw new TypeError(`threads must be an integer in 1..${mostThreads}, got ${threads}`);
}

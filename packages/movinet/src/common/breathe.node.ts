import { setImmediate } from "node:timers/promises";

/**
 * Lets the event loop turn once, between pieces of long work that computes without waiting: else no signal is heard and no
 * timer runs until it is done. Throws the signal's reason.
 */
export async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}

import type { Terminal } from "./terminal.ts";

const signals = ["SIGINT", "SIGTERM"] as const;

/**
 * Aborts `abort` at the first SIGINT or SIGTERM. From then on both do again what they do by themselves, so that a second
 * one, of either kind, ends the process at once, however long its work takes to stop. Returns what stops listening.
 *
 * While JavaScript computes without a pause no signal is heard at all: long work must come back to the event loop.
 */
export function abortOnSignal(abort: AbortController): () => void {
  const off = () => {
    for (const signal of signals) process.off(signal, interrupt);
  };
  const interrupt = () => {
    off();
    abort.abort(new DOMException("interrupted", "AbortError"));
  };
  for (const signal of signals) process.on(signal, interrupt);
  return off;
}

/** Does work that Ctrl-C ends, and returns its exit code, or 130 where it was ended. */
export async function interruptible(
  terminal: Terminal,
  work: (signal: AbortSignal) => Promise<number>,
  told: () => string = () => "interrupted.",
): Promise<number> {
  const abort = new AbortController();
  const off = abortOnSignal(abort);
  try {
    return await work(abort.signal);
  } catch (error) {
    if (!abort.signal.aborted) throw error;
    terminal.warn(`movinet: ${told()}`);
    return 130;
  } finally {
    off();
  }
}

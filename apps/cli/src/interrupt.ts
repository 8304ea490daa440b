import type { Terminal } from "./terminal.ts";

const signals = ["SIGINT", "SIGTERM"] as const;

/**
 * Does work that the first SIGINT or SIGTERM is to end, by its signal, and returns its exit code, or 130 where it was ended.
 * From then on both do again what they do by themselves, so that a second one, of either kind, ends the process at once,
 * however long the work takes to stop.
 *
 * While JavaScript computes without a pause no signal is heard at all: long work must come back to the event loop.
 */
export async function interruptible(
  terminal: Pick<Terminal, "warn">,
  work: (signal: AbortSignal) => Promise<number>,
  told: () => string = () => "interrupted.",
): Promise<number> {
  const abort = new AbortController();
  const off = () => {
    for (const signal of signals) process.off(signal, interrupt);
  };
  const interrupt = () => {
    off();
    abort.abort(new DOMException("interrupted", "AbortError"));
  };
  for (const signal of signals) process.on(signal, interrupt);
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

import type { Terminal } from "./terminal.ts";

const signals = ["SIGINT", "SIGTERM"] as const;

/**
 * Runs work whose signal the first SIGINT or SIGTERM aborts. Returns its exit code, or 130 where it was interrupted.
 * From then on both have their default effect again: a second one, of either kind, ends the process at once,
 * however long the work takes to stop.
 *
 * Signals are handled only in the event loop: long work must return to it now and then.
 */
export async function interruptible(
  terminal: Pick<Terminal, "warn">,
  work: (signal: AbortSignal) => Promise<number>,
  message: () => string = () => "interrupted.",
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
    terminal.warn(`movinet: ${message()}`);
    return 130;
  } finally {
    off();
  }
}

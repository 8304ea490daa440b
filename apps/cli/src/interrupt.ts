import type { Terminal } from "./terminal.ts";

/** Does work that Ctrl-C ends, and returns its exit code, or 130 where it was ended. */
export async function interruptible(
  terminal: Terminal,
  work: (signal: AbortSignal) => Promise<number>,
  told: () => string = () => "interrupted.",
): Promise<number> {
  const abort = new AbortController();
  const interrupt = () => abort.abort(new DOMException("interrupted", "AbortError"));
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  try {
    return await work(abort.signal);
  } catch (error) {
    if (!abort.signal.aborted) throw error;
    terminal.warn(`movinet: ${told()}`);
    return 130;
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}

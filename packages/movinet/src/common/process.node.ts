import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";

/**
 * Lets the event loop turn once, between pieces of long work that computes without waiting: else no signal is heard and no
 * timer runs until it is done. Throws the signal's reason.
 */
export async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}

/** What a process says on standard error before it ends because of its memory. */
export const memoryComplaint = "movinet: too much memory";

/** Bytes that this process may take now; the watching thread reads them. */
const allowed = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));

/**
 * Watches the memory of this process from a thread, because the main one works in native code for long: where it takes more
 * than `bytes`, or what {@link allowMemory} allows later, the process says {@link memoryComplaint} and ends itself.
 */
export function watchMemory(bytes: number): void {
  allowMemory(bytes);
  const worker = new Worker(`(${watch})()`, { eval: true, workerData: { allowed, complaint: memoryComplaint } });
  worker.unref();
}

export function allowMemory(bytes: number): void {
  allowed[0] = bytes;
}

/** Runs in the thread, as text: it may use nothing of this module, and is no module itself. */
function watch(): void {
  const { workerData } = require("node:worker_threads") as typeof import("node:worker_threads");
  const { writeSync } = require("node:fs") as typeof import("node:fs");
  const { allowed, complaint } = workerData as { readonly allowed: Float64Array; readonly complaint: string };
  setInterval(() => {
    if (process.memoryUsage.rss() <= (allowed[0] as number)) return;
    writeSync(2, `\n${complaint}\n`);
    process.kill(process.pid, "SIGKILL");
  }, 20);
}

import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";

/**
 * Yields to the event loop between parts of a long computation, so that signals and timers are handled. Throws the
 * signal's reason.
 */
export async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}

/** What a process writes to standard error before it exits for lack of memory. */
export const memoryComplaint = "movinet: memory limit exceeded";

/** Bytes this process may use now; the watching thread reads them. */
const allowed = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));

/**
 * Watches this process's memory from a thread, because the main one spends long periods in native code. If it exceeds
 * `bytes`, or what {@link allowMemory} later allows, the process prints {@link memoryComplaint} and exits.
 *
 * @param intervalMs between two looks; 20 are 1.2 % of a core.
 */
export function watchMemory(bytes: number, intervalMs = 20): void {
  allowMemory(bytes);
  const workerData = { allowed, intervalMs, complaint: memoryComplaint };
  const worker = new Worker(`(${watch})()`, { eval: true, workerData });
  worker.unref();
}

export function allowMemory(bytes: number): void {
  allowed[0] = bytes;
}

/** Runs in the thread as text: it may use nothing from this module, and is not a module itself. */
function watch(): void {
  const { workerData } = require("node:worker_threads") as typeof import("node:worker_threads");
  const { writeSync } = require("node:fs") as typeof import("node:fs");
  const { allowed, intervalMs, complaint } = workerData as {
    readonly allowed: Float64Array;
    readonly intervalMs: number;
    readonly complaint: string;
  };
  setInterval(() => {
    if (process.memoryUsage.rss() <= (allowed[0] as number)) return;
    writeSync(2, `\n${complaint}\n`);
    process.kill(process.pid, "SIGKILL");
  }, intervalMs);
}

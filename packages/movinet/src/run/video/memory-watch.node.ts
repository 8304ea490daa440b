import { Worker } from "node:worker_threads";
import { limits } from "./limits.ts";
import { memoryComplaint } from "./protocol.ts";

/** Bytes that this process may take now; the watching thread reads them. */
const allowed = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));

/**
 * Watches the memory of this process from a thread, because the main one works in FFmpeg for long: where it takes more
 * than is allowed, the process says so on standard error and ends itself.
 */
export function watchMemory(): void {
  allowMemory(0);
  const worker = new Worker(`(${watch})()`, { eval: true, workerData: { allowed, complaint: memoryComplaint } });
  worker.unref();
}

/** Allows the memory that a file of so many bytes may take. */
export function allowMemory(size: number): void {
  allowed[0] = limits.memory + Math.min(size, limits.countedSize);
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

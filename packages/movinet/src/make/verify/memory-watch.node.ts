/** A thread that ends its process, whatever that does, once it has more bytes in memory than the limit it was given. */
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import type { MemoryComplaint } from "./file-process.node.ts";

const complaint: MemoryComplaint = "too much memory";
const everyMs = 20;

setInterval(() => {
  if (process.memoryUsage.rss() <= (workerData as number)) return;
  writeSync(2, `${complaint}\n`);
  process.kill(process.pid, "SIGKILL");
}, everyMs);

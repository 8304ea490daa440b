import { Worker } from "node:worker_threads";
import { ownModule } from "../../../common/modules.node.ts";
import type { StartCrew } from "./store.ts";

/** Worker threads of Node: `threads` in all, with the one that asks. They sleep between runs, and keep no process alive. */
export function nodeCrew(threads: number): StartCrew {
  return {
    threads,
    start(kernels, memory, control) {
      const run = new Int32Array(memory.buffer, control, 1);
      const workers = Array.from({ length: threads - 1 }, (_, i) => {
        const workerData = { kernels, memory, control, thread: i + 1 };
        return new Worker(ownModule("engines/wasm/inference/crew-worker.node"), { workerData });
      });
      const ready = Promise.all(
        workers.map(async (worker) => {
          await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
          worker.unref();
        }),
      );
      return {
        ready,
        go() {
          Atomics.add(run, 0, 1);
          Atomics.notify(run, 0);
        },
        end() {
          for (const worker of workers) void worker.terminate();
        },
      };
    },
  };
}

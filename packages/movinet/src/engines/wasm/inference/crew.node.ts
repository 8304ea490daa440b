import { Worker } from "node:worker_threads";
import { ownModule } from "../../../common/modules.node.ts";
import { patienceMs, type StartCrew } from "./crew.ts";

/** Worker threads of Node: `threads` in all, with the one that asks. They sleep between runs, and keep no process alive. */
export function nodeCrew(threads: number): StartCrew {
  return {
    threads,
    sleepMs: 100,
    patienceMs,
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
      const crew = {
        ready,
        lost: false,
        go() {
          Atomics.add(run, 0, 1);
          Atomics.notify(run, 0);
        },
        end() {
          for (const worker of workers) void worker.terminate();
        },
      };
      for (const worker of workers) worker.once("exit", () => (crew.lost = true));
      return crew;
    },
  };
}

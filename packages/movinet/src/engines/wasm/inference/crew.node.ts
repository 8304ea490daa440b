import { Worker } from "node:worker_threads";
import { MovinetError } from "../../../common/errors.ts";
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
      const file = ownModule("engines/wasm/inference/crew-worker.node");
      const workers: Worker[] = [];
      const ready = Promise.all(
        Array.from({ length: threads - 1 }, async (_, i) => {
          const workerData = { kernels, memory, control, thread: i + 1 };
          const worker = new Worker(file, { workerData });
          workers.push(worker);
          await new Promise((resolve, reject) => {
            const ended = () => reject(new Error("it exited at once"));
            worker.once("message", resolve).once("error", reject).once("exit", ended);
          });
          worker.once("exit", () => (crew.lost = true));
          worker.unref();
        }),
      ).catch((cause: unknown) => {
        throw refused(threads, cause);
      });
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
      return crew;
    },
  };
}

function refused(threads: number, cause: unknown): MovinetError {
  return new MovinetError({
    code: "E_DEVICE_UNAVAILABLE",
    subject: "threads",
    problem: `one of ${threads} failed to start (${cause instanceof Error ? cause.message : cause})`,
    remedy: "Use fewer threads",
    cause,
  });
}

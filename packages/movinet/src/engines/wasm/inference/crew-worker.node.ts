/** One thread of a crew: makes its calls in each run, then sleeps until the next. */
import { parentPort, workerData } from "node:worker_threads";

const { kernels, memory, control, thread } = workerData as {
  readonly kernels: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly control: number;
  readonly thread: number;
};
const { exports } = new WebAssembly.Instance(kernels, { env: { memory } });
const run = exports["run"] as (from: number, end: number) => void;
const words = new Int32Array(memory.buffer, control, 3 + thread);
parentPort?.postMessage("ready");
for (let runs = 0; ; runs = (runs + 1) | 0) {
  Atomics.wait(words, 0, runs);
  run(words[1 + thread] as number, words[2 + thread] as number);
}

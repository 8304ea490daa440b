/** One thread of a crew: makes its calls in each run, then sleeps until the next. */
import { parentPort, workerData } from "node:worker_threads";
import type { Run } from "./crew.ts";

const { kernels, memory, control, thread } = workerData as {
  readonly kernels: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly control: number;
  readonly thread: number;
};
const { exports } = new WebAssembly.Instance(kernels, { env: { memory } });
const run = exports["run"] as Run;
const words = new Uint32Array(memory.buffer, control, 3 + thread);
const runs = new Int32Array(memory.buffer, control, 1);
parentPort?.postMessage("ready");
for (let done = 0; ; done = (done + 1) | 0) {
  Atomics.wait(runs, 0, done);
  const end = words[2 + thread] as number;
  for (let at = words[1 + thread] as number; at !== end; ) at = run(at, end, -1) >>> 0;
}

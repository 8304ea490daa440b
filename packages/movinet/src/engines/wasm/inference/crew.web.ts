/// <reference lib="dom" />
import { MovinetError } from "../../../common/errors.ts";
import { patienceMs, type StartCrew } from "./crew.ts";

/**
 * One thread of a crew, as `crew-worker.node.ts` is in Node; calls that end at 0 end it. It is text, for not every bundler makes a file of a
 * worker that a package brings along.
 */
const code = `onmessage = ({ data: { kernels, memory, control, thread } }) => {
  const { run } = new WebAssembly.Instance(kernels, { env: { memory } }).exports;
  const words = new Uint32Array(memory.buffer, control, 3 + thread);
  const runs = new Int32Array(memory.buffer, control, 1);
  postMessage("ready");
  for (let done = 0, end = 1; end !== 0; done = (done + 1) | 0) {
    Atomics.wait(runs, 0, done);
    end = words[2 + thread];
    for (let at = words[1 + thread]; at !== end; ) at = run(at, end, -1) >>> 0;
  }
};`;

/** Workers of a page that is cross-origin isolated: `threads` in all, with the thread that asks. They sleep between runs. */
export function webCrew(threads: number): StartCrew {
  return {
    threads,
    sleepMs: maySleep() ? 100 : 0,
    patienceMs,
    start(kernels, memory, control) {
      const words = new Int32Array(memory.buffer, control, threads + 2);
      const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
      const workers: Worker[] = [];
      const ready = Promise.all(
        Array.from({ length: threads - 1 }, async (_, i) => {
          const worker = new Worker(url);
          workers.push(worker);
          await new Promise((resolve, reject) => {
            worker.onmessage = resolve;
            worker.onerror = reject;
            worker.postMessage({ kernels, memory, control, thread: i + 1 });
          });
          worker.onerror = () => (crew.lost = true);
        }),
      )
        .catch((cause: unknown) => {
          throw refused(cause);
        })
        .finally(() => URL.revokeObjectURL(url));
      const crew = {
        ready,
        lost: false,
        go() {
          Atomics.add(words, 0, 1);
          Atomics.notify(words, 0);
        },
        end() {
          // A worker that sleeps is ended two seconds later in Chromium.
          words.fill(0, 1);
          crew.go();
          for (const worker of workers) worker.terminate();
        },
      };
      return crew;
    },
  };
}

/** Whether this thread may: the main thread of a page may not. */
function maySleep(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
}

function refused(cause: unknown): MovinetError {
  return new MovinetError({
    code: "E_DEVICE_UNAVAILABLE",
    subject: "threads",
    problem: "the page does not let a worker start",
    remedy: "Allow blob: in the worker-src of its Content-Security-Policy, or leave out threads",
    cause,
  });
}

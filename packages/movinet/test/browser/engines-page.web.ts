/** The page of the test of engines: opens models on them, as they are or with a fault, and loses the GPU. */
import { answerOf } from "../../src/common/errors.ts";
import type { OpenOptions } from "../../src/flow/open.web.ts";
import { open } from "../../src/index.web.ts";

const picture = (seed: number) => ({
  data: Uint8Array.from({ length: 3 * 18 * 13 }, (_, i) => (i * 37 * (seed + 1)) % 256),
  width: 18,
  height: 13,
});
type Options = Pick<OpenOptions, "device" | "threads" | "wasmPaths">;

const requested: GPUDevice[] = [];
if ("gpu" in navigator) {
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    const device = await request.apply(this, args);
    requested.push(device);
    return device;
  };
}

const app = {
  /** What is reported about the engine, and the scores of some steps. */
  async steps(options: Options) {
    const recognizer = await open("/model.safetensors", options);
    const stream = await recognizer.stream();
    const scores: number[][] = [];
    for (let t = 0; t < 3; t++) scores.push([...(await stream.step(picture(t))).scores]);
    await recognizer.close();
    return { ...recognizer.engine, warnings: recognizer.warnings, scores };
  },
  /** The GPU is destroyed during a step: what is reported, the scores before, and what this step and the next say. */
  async lose(options: Options) {
    const recognizer = await open("/model.safetensors", options);
    const stream = await recognizer.stream();
    const { scores } = await stream.step(picture(0));
    const pending = answerOf(() => stream.step(picture(1)));
    requested.at(-1)?.destroy();
    const answers = [await pending, await answerOf(() => stream.step(picture(2)))];
    await recognizer.close();
    return { ...recognizer.engine, scores: [[...scores]], answers };
  },
  /** As `steps`, in a browser that takes the processor for a GPU. */
  async onSeemingGpu(options: Options) {
    Object.defineProperty(GPUAdapterInfo.prototype, "isFallbackAdapter", { value: false, configurable: true });
    return app.steps(options);
  },
  /** As `steps`, in a browser whose first kernels compute nothing. */
  async onWrongKernels(options: Options) {
    const { Instance } = WebAssembly;
    let made = 0;
    WebAssembly.Instance = new Proxy(Instance, {
      construct(target, args: [WebAssembly.Module]) {
        const instance = new target(...args);
        const run = (_: number, end: number) => end;
        return made++ > 0 ? instance : { exports: { ...instance.exports, run } };
      },
    });
    try {
      return await app.steps(options);
    } finally {
      WebAssembly.Instance = Instance;
    }
  },
};

/** The same functions, whose errors arrive whole at the other side. */
export const answering: Readonly<Record<string, (...args: never[]) => unknown>> = Object.fromEntries(
  Object.entries(app).map(([name, method]: [string, (...args: never[]) => unknown]) => [
    name,
    (...args: never[]) => answerOf(() => method(...args)),
  ]),
);

/** Calls a function in a module worker. */
async function inWorker(name: string, ...args: unknown[]): Promise<unknown> {
  const worker = new Worker(new URL("./engines-worker.web.ts", import.meta.url), { type: "module" });
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.postMessage([name, ...args]);
    });
  } finally {
    worker.terminate();
  }
}
if (typeof document !== "undefined") Object.assign(globalThis, { app: { ...answering, inWorker } });

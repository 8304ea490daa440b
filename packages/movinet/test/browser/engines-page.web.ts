/** The page of the test of engines: opens models on them, as they are or with a fault, and loses the GPU. */
import { answerOf } from "../../src/common/errors.ts";
import type { OpenOptions } from "../../src/flow/open.web.ts";
import { open } from "../../src/index.web.ts";

const picture = (seed: number) => ({
  data: Uint8Array.from({ length: 3 * 76 * 100 }, (_, i) => (i * 37 * (seed + 1)) % 256),
  width: 76,
  height: 100,
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
  async steps(url: string, options: Options, count = 3) {
    const recognizer = await open(url, options);
    const stream = await recognizer.stream();
    const scores: number[][] = [];
    const before = performance.now();
    for (let t = 0; t < count; t++) scores.push([...(await stream.step(picture(t))).scores]);
    const ms = (performance.now() - before) / count;
    await recognizer.close();
    return { ...recognizer.engine, warnings: recognizer.warnings, scores, ms };
  },
  /** The error of a step after the GPU was lost, and what a newly opened model says. */
  async lose(url: string, options: Options) {
    const recognizer = await open(url, options);
    const stream = await recognizer.stream();
    await stream.step(picture(0));
    const pending = answerOf(() => stream.step(picture(1)));
    requested.at(-1)?.destroy();
    const errors = [await pending, await answerOf(() => stream.step(picture(2)))];
    await recognizer.close();
    return { errors, again: await app.steps(url, options) };
  },
};

/** The same functions, whose errors arrive whole at the other side. */
const answering = Object.entries(app).map(([name, method]: [string, (...args: never[]) => unknown]) => [
  name,
  (...args: never[]) => answerOf(() => method(...args)),
]);
Object.assign(globalThis, { app: Object.fromEntries(answering) });

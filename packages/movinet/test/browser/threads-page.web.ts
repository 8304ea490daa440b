/** The page of the test of threads: opens a model with some, steps it, and ends one of its workers. */
import { open } from "../../src/index.web.ts";

const workers: Worker[] = [];
globalThis.Worker = class extends Worker {
  constructor(url: string | URL) {
    super(url);
    workers.push(this);
  }
};
const picture = (seed: number) => ({
  data: Uint8Array.from({ length: 3 * 76 * 100 }, (_, i) => (i * 37 * (seed + 1)) % 256),
  width: 76,
  height: 100,
});
const openModel = (threads?: number, device = "auto") =>
  open("/model.safetensors", { device, ...(threads === undefined ? {} : { threads }) });

const page = {
  /** The scores of some steps; or the error. */
  async scores(threads?: number, device?: string) {
    try {
      const recognizer = await openModel(threads, device);
      const stream = await recognizer.stream();
      const all: number[][] = [];
      for (let t = 0; t < 3; t++) all.push([...(await stream.step(picture(t))).scores]);
      await recognizer.close();
      return all;
    } catch (error) {
      return String(error);
    }
  },
  /** The errors of two steps after a worker has ended, and the scores of the model when it is opened again. */
  async lost() {
    const recognizer = await openModel(2);
    const stream = await recognizer.stream();
    await stream.step(picture(0));
    workers.at(-1)?.terminate();
    await new Promise((resolve) => setTimeout(resolve, 3000)); // Chromium takes two seconds to end one that sleeps.
    const errors: string[] = [];
    for (let t = 0; t < 2; t++) await stream.step(picture(t)).catch((error) => errors.push(String(error)));
    await recognizer.close();
    return { errors, after: await page.scores(2) };
  },
};
Object.assign(globalThis, { page });

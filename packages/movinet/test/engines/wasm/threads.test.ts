/** Several threads on one network: the same numbers, bit for bit, and nothing left behind. */
import type { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { nodeCrew } from "../../../src/engines/wasm/inference/crew.node.ts";
import { wasmEngine } from "../../../src/engines/wasm/inference/engine.ts";
import { threadedModules } from "../../../src/engines/wasm/inference/modules.ts";
import { Program } from "../../../src/session/program.ts";
import { hashedModel, randomPictures } from "../../laws/models.ts";
import { told } from "../../told.ts";

test.each([2, 3])("%i threads say what one says", async (threads) => {
  const resolution = { height: 100, width: 76 };
  const steps = [0, 1, 2].map((seed) => randomPictures(seed, 1, 100, 76));
  const engines = [await wasmEngine(), await wasmEngine(threadedModules, nodeCrew(threads))];
  const [one, several] = await Promise.all(
    engines.map(async (engine) => {
      const program = await Program.compile(hashedModel("a0-stream", { resolution }), engine);
      const session = await program.openStream();
      const logits = [];
      for (const step of steps) logits.push((await session.step(step)).logits);
      const state = await session.snapshot();
      await program[Symbol.asyncDispose]();
      return { logits, state };
    }),
  );
  expect(several).toEqual(one);
});

test("a thread that does not start is an error, and no run that waits for ever", async () => {
  const broken = await wasmEngine(threadedModules, {
    ...nodeCrew(2),
    start: () => ({ ready: Promise.reject(new Error("no threads here")), lost: false, go() {}, end() {} }),
  });
  await expect(Program.compile(hashedModel("t0-stream"), broken)).rejects.toThrow("no threads here");
});

const lost =
  "wasm: one of its 2 threads has ended or hangs, so that steps cannot be finished. Close the model and open it again.";

test.each(["before a step", "in the middle of a step"])(
  "a thread that ends %s is an error, and no hang",
  async (when) => {
    let worker: Worker | undefined;
    process.once("worker", (started) => (worker = started));
    const engine = await wasmEngine(threadedModules, { ...nodeCrew(2), patienceMs: 2000 });
    const model = hashedModel("t0-stream", { resolution: { height: 40, width: 56 } });
    const program = await Program.compile(model, engine);
    const session = await program.openStream();
    const picture = randomPictures(0, 1, 40, 56);
    await session.step(picture);
    const ended = worker?.terminate();
    if (when === "before a step") await ended;
    else {
      // It ends while this thread has no time to hear of it.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    }
    for (let again = 0; again < 2; again++) {
      await expect(session.step(picture)).rejects.toThrow(told("E_DEVICE_LOST", lost));
    }
    await program[Symbol.asyncDispose]();
    const next = await Program.compile(model, engine);
    await (await next.openStream()).step(picture);
    await next[Symbol.asyncDispose]();
  },
);

/** Several threads on one network: the same numbers, bit for bit, and nothing left behind. */
import type { Worker } from "node:worker_threads";
import { expect, test, vi } from "vitest";
import { operations } from "../../../src/engines/wasm/inference/calls.ts";
import { nodeCrew } from "../../../src/engines/wasm/inference/crew.node.ts";
import { wasmEngine } from "../../../src/engines/wasm/inference/engine.ts";
import { threadedModules } from "../../../src/engines/wasm/inference/modules.ts";
import { Store } from "../../../src/engines/wasm/inference/store.ts";
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

test("a thread that Node does not start is one clear error", async () => {
  process.once("worker", (worker: Worker) => void worker.terminate());
  const engine = await wasmEngine(threadedModules, nodeCrew(2));
  await expect(Program.compile(hashedModel("t0-stream"), engine)).rejects.toThrow(
    told("E_DEVICE_UNAVAILABLE", "threads: one of 2 failed to start (it exited at once). Use fewer threads."),
  );
});

test("a call is not read again once it is made: a thread may leave the last meeting when its list is freed", async () => {
  const bytes = Uint8Array.from(atob(await threadedModules.threads()), (letter) => letter.charCodeAt(0));
  const nobody = { ready: Promise.resolve(), lost: false, go() {}, end() {} };
  const store = new Store(await WebAssembly.compile(bytes), { ...nodeCrew(2), start: () => nobody });
  const at = store.take(32);
  const place = store.take(16);
  store.floats.fill(1, place / 4, place / 4 + 4);
  store.words.set([operations.clear, 4, at, 16, operations.clear, 4, place, 16], at / 4);
  store.run(at, at + 32);
  expect([...store.floats.subarray(place / 4, place / 4 + 4)]).toEqual([0, 0, 0, 0]);
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
    await expect(session.step(picture)).rejects.toThrow(told("E_DEVICE_LOST", lost));
    const grow = vi.spyOn(WebAssembly.Memory.prototype, "grow");
    for (let again = 0; again < 50; again++) {
      await expect(session.step(picture)).rejects.toThrow(told("E_DEVICE_LOST", lost));
    }
    expect(grow).not.toHaveBeenCalled();
    grow.mockRestore();
    await program[Symbol.asyncDispose]();
    const next = await Program.compile(model, engine);
    await (await next.openStream()).step(picture);
    await next[Symbol.asyncDispose]();
  },
);

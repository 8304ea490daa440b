/** Several threads on one network: the same numbers, bit for bit, and nothing left behind. */
import { expect, test } from "vitest";
import { nodeCrew } from "../../../src/engines/wasm/inference/crew.node.ts";
import { threadedModules, wasmEngine } from "../../../src/engines/wasm/inference/engine.ts";
import { Program } from "../../../src/session/program.ts";
import { hashedModel, randomPictures } from "../../laws/models.ts";

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
    threads: 2,
    start: () => ({ ready: Promise.reject(new Error("no threads here")), go() {}, end() {} }),
  });
  await expect(Program.compile(hashedModel("t0-stream"), broken)).rejects.toThrow("no threads here");
});

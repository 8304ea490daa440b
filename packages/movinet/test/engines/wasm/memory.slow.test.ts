/** What sessions of our WebAssembly keep: their states, once the program has its weights and its arena, and nothing more with time. */
import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { wasmEngine } from "../../../src/engines/wasm/inference/engine.ts";
import { Program } from "../../../src/session/program.ts";
import { hashedModel, randomPictures } from "../../laws/models.ts";

const side = 16;
const picture = randomPictures(1, 1, side, side);
const grow = vi.spyOn(WebAssembly.Memory.prototype, "grow");
const pageBytes = 65_536;
const grownBytes = () => grow.mock.calls.reduce((sum, [pages]) => sum + pages, 0) * pageBytes;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

let program: Program;
beforeAll(async () => {
  const model = hashedModel("t0-stream", { resolution: { height: side, width: side }, classes: 10 });
  program = await Program.compile(model, await wasmEngine());
});
afterAll(() => grow.mockRestore());

async function openStepped() {
  const session = await program.openStream();
  for (let t = 0; t < 3; t++) await session.step(picture);
  return session;
}

test("a hundred sessions take their states and a picture each: weights and working memory are there once", async () => {
  const { stateBytes } = await openStepped();
  const before = grownBytes();
  for (let i = 0; i < 100; i++) await openStepped();
  const pages = Math.ceil((100 * (stateBytes + picture.byteLength)) / pageBytes);
  expect(grownBytes() - before).toBeLessThanOrEqual(pages * pageBytes);
});

test("nothing grows over 100,000 steps", async () => {
  const session = await openStepped();
  // Memory of collected arrays is freed in the background, some of it only after the next collection.
  const kept = async () => {
    for (let round = 0; round < 5; round++) {
      collect();
      await setTimeout(50);
    }
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return { wasm: grownBytes(), objects: heapUsed, arrays: arrayBuffers };
  };
  for (let t = 0; t < 10_000; t++) await session.step(picture);
  const before = await kept();
  for (let t = 0; t < 100_000; t++) await session.step(picture);
  const after = await kept();
  expect(after.wasm).toBe(before.wasm);
  // A float a step would be 400 kB, an object 2.4 MB; what the runtime knows of its code grows too.
  expect(after.arrays - before.arrays).toBeLessThan(300_000);
  expect(after.objects - before.objects).toBeLessThan(2_000_000);
});

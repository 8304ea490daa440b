import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { litertEngine } from "../../src/engines/litert/litert.node.ts";
import { nodeEngine } from "../../src/engines/onnxruntime/onnx.node.ts";
import { referenceEngine } from "../../src/engines/reference.ts";
import type { Model } from "../../src/model/model.ts";
import { Program } from "../../src/session/program.ts";
import type { StreamState } from "../../src/session/stream-session.ts";
import { threadedEngine, wasmEngines } from "../engines/wasm/engines.ts";
import { hashedModel, randomPictures } from "../laws/models.ts";
import { clipSessionContract, recentSessionContract, streamSessionContract } from "./stream-session.ts";

type Compile = (model: Model) => Promise<Program>;
const places: Readonly<Record<string, Compile>> = {
  "the reference interpreter": (model) => Program.compile(model, referenceEngine),
  "ONNX Runtime": async (model) => Program.compile(model, await nodeEngine({ threads: 1, call: "c-api" })),
  "ONNX Runtime in the background": async (model) =>
    Program.compile(model, await nodeEngine({ threads: 1, call: "c-api", background: true })),
  "ONNX Runtime's binding": async (model) => Program.compile(model, await nodeEngine({ threads: 1, call: "binding" })),
  "LiteRT.js": async (model) => Program.compile(model, await litertEngine()),
  ...Object.fromEntries(
    Object.entries({ ...wasmEngines, "WebAssembly with two threads": threadedEngine }).map(([name, open]) => [
      name,
      async (model) => Program.compile(model, await open()),
    ]),
  ),
};
for (const [title, compile] of Object.entries(places)) {
  streamSessionContract(title, compile);
  clipSessionContract(title, compile);
  recentSessionContract(title, compile);
}

test("in the background the event loop stays free", async () => {
  const model = hashedModel("a0-stream");
  const program = await Program.compile(model, await nodeEngine({ threads: 1, background: true }));
  const session = await program.openStream();
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  await session.step(randomPictures(1, 40, 172, 172));
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(10);
  await program[Symbol.asyncDispose]();
});

test("arrays of another realm are as good", async () => {
  const model = hashedModel("t0-stream", { classes: 7, resolution: { height: 16, width: 24 } });
  const program = await Program.compile(model, await nodeEngine({ threads: 1, call: "c-api" }));
  const session = await program.openStream();
  const Foreign = runInNewContext("Float32Array") as typeof Float32Array;
  const picture = randomPictures(1, 1, 16, 24);
  await session.step(Foreign.from(picture));
  const state = await session.snapshot();
  const { logits } = await session.step(picture);
  const foreign = Object.entries(state).map(([name, { shape, data }]) => {
    return [name, { shape, data: data instanceof Float32Array ? Foreign.from(data) : data }];
  });
  await session.restore(Object.fromEntries(foreign) as StreamState);
  expect((await session.step(picture)).logits).toEqual(logits);
  await program[Symbol.asyncDispose]();
});

/** Nothing collects the tensors of LiteRT.js: what is not disposed of stays in the memory of its WebAssembly. */
import { getGlobalLiteRtPromise } from "@litertjs/core";
import { expect, test } from "vitest";
import { litertEngine } from "../../../src/engines/litert/litert.node.ts";
import { emitTflite } from "../../../src/formats/tflite/write/emit.ts";
import { Program } from "../../../src/session/program.ts";
import { hashedModel, randomPictures } from "../../laws/models.ts";

test.each(["step", "official", "graph"] as const)(
  "a long stream takes no more memory than a short one: %s",
  async (form) => {
    const model = hashedModel("t0-stream", { classes: 7, resolution: { height: 64, width: 64 } });
    const litert = await litertEngine();
    const open = async () => {
      const program =
        form === "graph"
          ? await Program.compile(model, litert)
          : await Program.open(emitTflite(model, { form }), form, litert);
      return { program, session: await program.openStream({ streams: 2 }) };
    };
    const memory = async () => (await getGlobalLiteRtPromise())?.liteRtWasm.HEAPU8.length ?? 0;
    const { program, session } = await open();
    const pictures = randomPictures(1, 2, 64, 64);
    const use = async (steps: number) => {
      for (let t = 0; t < steps; t++) await session.step(pictures);
      await session.restore(await session.snapshot(0), 1);
      await session.reset();
    };
    await use(20);
    const before = await memory();
    await use(200); // a picture alone is 49 kB: 20 MB if none of them were disposed of
    expect(await memory()).toBe(before);
    await session[Symbol.asyncDispose]();
    await program[Symbol.asyncDispose]();
    for (let k = 0; k < 8; k++) {
      const again = await open();
      await again.session.step(pictures);
      await again.session[Symbol.asyncDispose]();
      await again.program[Symbol.asyncDispose]();
    }
    expect(await memory()).toBeLessThanOrEqual(before + 2 ** 24);
  },
);

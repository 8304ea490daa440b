/** What our WebAssembly makes of a network, and how much memory that takes. */
import { describe, expect, test, vi } from "vitest";
import { buildGraph } from "../../../src/arch/build.ts";
import { specOf } from "../../../src/arch/spec.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import { wasmEngine } from "../../../src/engines/wasm/inference/engine.ts";
import { kernelModules } from "../../../src/engines/wasm/inference/modules.ts";
import { lowerForCalls, tableOf } from "../../../src/engines/wasm/inference/plan.ts";
import { Store } from "../../../src/engines/wasm/inference/store.ts";
import { outputsOf } from "../../../src/graph/ir.ts";
import { elementsOf } from "../../../src/graph/shapes.ts";
import type { Weights } from "../../../src/graph/tensor.ts";
import { Program } from "../../../src/session/program.ts";
import { hashedModel, randomPictures } from "../../laws/models.ts";
import { told } from "../../told.ts";

test("a step of A0 is 192 calls that work in 1.3 MB: what can be computed along is", async () => {
  const lowered = lowerForCalls(buildGraph(specOf("a0-stream"), { form: "step", frames: 1 }));
  const inputs = lowered.nodes.flatMap(({ op, id }) => (op === "input" ? [id] : []));
  const tensors = { inputs, outputs: [...new Set(outputsOf(lowered))], planar: new Set(["image"]) };
  const bytes = Uint8Array.from(atob(await kernelModules.simd()), (char) => char.charCodeAt(0));
  const store = new Store(await WebAssembly.compile(bytes));
  const zeros = (name: string) => new Float32Array(elementsOf(lowered.params[name]?.shape ?? []));
  const { words, arenaBytes } = tableOf(lowered, 1, tensors, store, zeros);
  let calls = 0;
  for (let at = 0; at < words.length; at += words[at + 1] as number) calls++;
  expect(calls).toBe(192);
  expect(arenaBytes).toBe(1_305_840);
});

describe("memory", () => {
  const model = () => hashedModel("t0-stream", { resolution: { height: 32, width: 32 }, classes: 10 });
  const grown = async (work: () => Promise<unknown>) => {
    const grow = vi.spyOn(WebAssembly.Memory.prototype, "grow");
    await work();
    const pages = grow.mock.calls.reduce((sum, [count]) => sum + count, 0);
    grow.mockRestore();
    return pages * 65_536;
  };

  test("a session takes no more of it with time", async () => {
    const session = await (await Program.compile(model(), await wasmEngine())).openStream();
    const frame = randomPictures(1, 1, 32, 32);
    for (let t = 0; t < 3; t++) await session.step(frame);
    const taken = await grown(async () => {
      for (let t = 0; t < 200; t++) await session.step(frame);
    });
    expect(taken).toBe(0);
  });

  test("what a closed session held is used again", async () => {
    const program = await Program.compile(model(), await wasmEngine());
    const use = async () => {
      const session = await program.openStream({ streams: 3, chunk: 2 });
      await session.step(randomPictures(1, 6, 32, 32));
      await session[Symbol.asyncDispose]();
    };
    await use();
    expect(await grown(use)).toBe(0);
  });

  test("and by sessions of other sizes", async () => {
    const program = await Program.compile(model(), await wasmEngine());
    const use = async (streams: number) => {
      const session = await program.openStream({ streams });
      await session.step(randomPictures(1, streams, 32, 32));
      await session[Symbol.asyncDispose]();
    };
    await use(16);
    const taken = await grown(async () => {
      for (let streams = 2; streams < 16; streams++) await use(streams);
    });
    expect(taken).toBeLessThan(1e6);
  });

  test("a session that does not fit gives back what it took", async () => {
    const { grow } = WebAssembly.Memory.prototype;
    const mock = vi.spyOn(WebAssembly.Memory.prototype, "grow");
    /** Bytes that a session takes, where the memory has to grow more often than allowed at first. */
    const taken = async (allowed: number) => {
      const program = await Program.compile(model(), await wasmEngine());
      let [calls, pages] = [0, 0];
      mock.mockImplementation(function (this: WebAssembly.Memory, count) {
        if (calls++ === allowed) throw new RangeError("no memory");
        pages += count;
        return grow.call(this, count);
      });
      const open = () => program.openStream({ streams: 200 });
      if (allowed < Number.POSITIVE_INFINITY) await expect(open()).rejects.toThrow(told("E_DEVICE_MEMORY", "wasm"));
      await open();
      return pages * 65_536;
    };
    const whole = await taken(Number.POSITIVE_INFINITY);
    expect(await taken(6)).toBeLessThanOrEqual(whole + 65_536);
    mock.mockRestore();
  });

  test("a tensor whose larger successor does not fit stays its holder's", async () => {
    const { spec, weights } = model();
    const graph = buildGraph(spec, { form: "step", frames: 1 });
    const { upload, inputs } = await (await wasmEngine()).load({ graph, weights });
    const name = inputs[0]?.name as string;
    const old = upload(name, randomPictures(1, 1, 32, 32));
    const grow = vi.spyOn(WebAssembly.Memory.prototype, "grow").mockImplementation(() => {
      throw new RangeError("no memory");
    });
    expect(() => upload(name, new Float32Array(3 * 32 * 32 * 2000), old)).toThrow(told("E_DEVICE_MEMORY", "wasm"));
    grow.mockRestore();
    upload(name, randomPictures(2, 1, 32, 32));
    expect(await old.read()).toEqual(randomPictures(1, 1, 32, 32));
  });

  test("what does not fit is refused, and nothing is lost", async () => {
    const program = await Program.compile(model(), await wasmEngine());
    const session = await program.openStream();
    const frame = randomPictures(1, 1, 32, 32);
    const { logits } = await session.step(frame);
    await session.reset();
    const many = await program.openStream({ streams: 500 });
    const grow = vi.spyOn(WebAssembly.Memory.prototype, "grow").mockImplementation(() => {
      throw new RangeError("no more");
    });
    try {
      await expect(many.step(new Float32Array(500 * frame.length))).rejects.toThrow(
        told("E_DEVICE_MEMORY", /wasm: WebAssembly memory is exhausted at \d+ MB.*[Ff]ewer sessions/),
      );
      await many[Symbol.asyncDispose]();
      expect((await session.step(frame)).logits).toEqual(logits);
    } finally {
      grow.mockRestore();
    }
  });

  test("weights are there once, whatever forms of call a program has", async () => {
    const own = model();
    const bytes = [...(own.weights as Weights).values()].reduce((sum, { data }) => sum + data.byteLength, 0);
    const engine: Engine = await wasmEngine();
    let program: Program | undefined;
    const first = await grown(async () => {
      program = await Program.compile(own, engine);
    });
    expect(first).toBeGreaterThan(0.9 * bytes);
    expect(first).toBeLessThan(1.2 * bytes);
    expect(await grown(async () => program?.openStream({ streams: 2, chunk: 2 }))).toBeLessThan(0.1 * bytes);
  });
});

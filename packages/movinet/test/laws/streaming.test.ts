/** Law 3: frame by frame = any chunking = whole clip, and law 5: snapshots and batches change nothing. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildGraph } from "../../src/arch/build.ts";
import { type SpecName, specNames } from "../../src/arch/spec.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { nodeEngine } from "../../src/engines/onnxruntime/onnx.node.ts";
import { interpret } from "../../src/graph/interpret.ts";
import { outputOf } from "../../src/graph/ir.ts";
import type { Model } from "../../src/model/model.ts";
import { Program } from "../../src/session/program.ts";
import { relaxedEngine } from "../engines/wasm/engines.ts";
import { isLarge } from "../large.ts";
import { checkChunks } from "./chunks.ts";
import { distance, hashedModel, interleave, randomPictures } from "./models.ts";

const size = { height: 36, width: 44 };
const picture = 3 * size.height * size.width;
const options = { resolution: size, classes: 20 };
const streamNames = specNames.filter((name) => name.endsWith("stream") && !isLarge(name));
const engines = { "ONNX Runtime": () => nodeEngine({ threads: 1 }), "our WebAssembly": relaxedEngine };

const frames = 8;
const streams = [1, 2, 3].map((seed) => randomPictures(seed, frames, size.height, size.width));
const answers = new Map<string, readonly Float64Array[]>();

/** The interpreter's logits for whole clips, computed once for all engines. */
function interpreted({ spec, weights }: Model): readonly Float64Array[] {
  const key = JSON.stringify(spec);
  const known = answers.get(key);
  if (known) return known;
  const graph = buildGraph(spec, { form: "clip", frames });
  const times = Array.from({ length: frames }, (_, t) => t);
  const clocks = { inverse_count: times.map((t) => 1 / (t + 1)), position: times };
  const computed = streams.map(
    (image) => interpret(graph, weights, { image, ...clocks })[outputOf(graph)] as Float64Array,
  );
  answers.set(key, computed);
  return computed;
}

describe.each(Object.entries(engines))("%s", (_, open) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
  });

  test.each(streamNames)("%s: frame by frame equals chunks equals the whole clip", async (name) => {
    await checkChunks(name, engine);
  });

  describe.each([
    ["a0-stream", {}],
    ["a3-stream", {}],
    ["t0-stream", { convType: "3d", squeezeExcite: "3d" }],
    ["t0-stream", { squeezeExcite: "2d" }],
    ["t0-stream", { squeezeExcite: "none", activation: "relu6" }],
  ] as const)("%s %o", (name: SpecName, more) => {
    const model = hashedModel(name, { ...options, ...more });
    let program: Program;
    beforeAll(async () => {
      program = await Program.compile(model, engine);
    });
    afterAll(() => program[Symbol.asyncDispose]());

    test("any chunking in any batch gives each stream what the interpreter says of its clip", async () => {
      const expected = interpreted(model);
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: frames }),
          fc.integer({ min: 1, max: 5 }),
          fc.subarray([0, 1, 2], { minLength: 1 }),
          async (cuts, chunk, chosen) => {
            const session = await program.openStream({ streams: chosen.length, chunk });
            const all = interleave(
              chosen.map((b) => streams[b] as Float32Array),
              picture,
            );
            let logits = new Float32Array() as Float32Array;
            for (let done = 0, k = 0; done < frames; k++) {
              const end = Math.min(frames, done + (cuts[k % cuts.length] as number));
              logits = (await session.step(all.subarray(done * chosen.length * picture, end * chosen.length * picture)))
                .logits;
              done = end;
            }
            for (const [row, b] of chosen.entries()) {
              const got = logits.subarray(row * options.classes, (row + 1) * options.classes);
              expect(distance(got, expected[b] as Float64Array)).toBeLessThanOrEqual(1e-4);
            }
          },
        ),
        { numRuns: 12 },
      );
    });

    test("streams of different ages in one batch are streams alone", async () => {
      const [a, b] = [11, 12].map((seed) => randomPictures(seed, frames, size.height, size.width)) as [
        Float32Array,
        Float32Array,
      ];
      const alone = await program.openStream();
      const both = await program.openStream({ streams: 2 });
      const first = 3;
      await both.step(interleave([a.subarray(0, first * picture), b.subarray(0, first * picture)], picture));
      await both.reset(1);
      const rest = interleave([a.subarray(first * picture), b.subarray(first * picture)], picture);
      const logits = (await both.step(rest)).logits;
      const old = (await alone.step(a)).logits;
      await alone.reset();
      const young = (await alone.step(b.subarray(first * picture))).logits;
      expect(distance(logits.subarray(0, options.classes), old)).toBeLessThanOrEqual(1e-5);
      expect(distance(logits.subarray(options.classes), young)).toBeLessThanOrEqual(1e-5);
    });

    test("a restored snapshot continues bit-equal", async () => {
      const images = randomPictures(21, frames, size.height, size.width);
      const session = await program.openStream();
      await session.step(images.subarray(0, 5 * picture));
      const state = await session.snapshot();
      const straight = (await session.step(images.subarray(5 * picture))).logits;
      const other = await program.openStream({ streams: 1 });
      await other.step(randomPictures(99, 2, size.height, size.width));
      await other.restore(state);
      expect((await other.step(images.subarray(5 * picture))).logits).toEqual(straight);
      await other.restore(state);
      expect(await other.snapshot()).toEqual(state);
    });
  });

  test("a snapshot moves between rows of batches", async () => {
    const program = await Program.compile(hashedModel("t0-stream", options), engine);
    const images = randomPictures(5, 6, size.height, size.width);
    const source = await program.openStream();
    await source.step(images.subarray(0, 4 * picture));
    const target = await program.openStream({ streams: 3 });
    await target.step(randomPictures(6, 3, size.height, size.width));
    await target.restore(await source.snapshot(), 2);
    expect(await target.snapshot(2)).toEqual(await source.snapshot());
    await program[Symbol.asyncDispose]();
  });
});

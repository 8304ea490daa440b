/** Ageing: a pool's mean weighs a frame by half for every half-life that has passed since; off, it changes nothing. */

import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildGraph } from "../../src/arch/build.ts";
import { nodeEngine } from "../../src/engines/onnxruntime/onnx.node.ts";
import { interpret } from "../../src/graph/interpret.ts";
import { outputOf } from "../../src/graph/ir.ts";
import { Program } from "../../src/session/program.ts";
import { distance, hashedModel, randomPictures } from "./models.ts";

const size = { height: 32, width: 32 };
const picture = 3 * size.height * size.width;
const frames = 6;
const headPool = "state_head_pool_buffer";
const model = hashedModel("t0-stream", { resolution: size, classes: 10, squeezeExcite: "none", activation: "relu6" });
const withGates = hashedModel("t0-stream", { resolution: size, classes: 10 });
let program: Program;
let gated: Program;
beforeAll(async () => {
  const engine = await nodeEngine({ threads: 1 });
  [program, gated] = await Promise.all([Program.compile(model, engine), Program.compile(withGates, engine)]);
});
afterAll(async () => {
  await program[Symbol.asyncDispose]();
  await gated[Symbol.asyncDispose]();
});
const pictureAt = (images: Float32Array, t: number) => images.subarray(t * picture, (t + 1) * picture);

test("the head's pool is the sum of what each frame gave, halved every half-life, and the logits are those of its mean", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 1e6 }),
      fc.double({ min: 0.5, max: 20, noNaN: true }),
      async (seed, halfLifeFrames) => {
        const images = randomPictures(seed, frames, size.height, size.width);
        const plain = await program.openStream();
        const ageing = await program.openStream({ halfLifeFrames });
        const keep = 0.5 ** (1 / halfLifeFrames);
        let before: ArrayLike<number> = new Float32Array(2048);
        let sum: Float64Array = new Float64Array();
        let weight = 0;
        for (let t = 0; t < frames; t++) {
          await plain.step(pictureAt(images, t));
          const logits = (await ageing.step(pictureAt(images, t))).logits;
          const total = (await plain.snapshot())[headPool]?.data as Float32Array;
          sum = Float64Array.from(total, (value, c) => (sum[c] ?? 0) * keep + value - (before[c] as number));
          weight = weight * keep + 1;
          before = total;
          const held = (await ageing.snapshot())[headPool]?.data as Float32Array;
          expect(distance(held, sum)).toBeLessThanOrEqual(1e-4);
          expect(distance(logits, headOf(sum.map((value) => value / weight)))).toBeLessThanOrEqual(1e-4);
        }
      },
    ),
    { numRuns: 10 },
  );
});

/** The logits of a mean of the head's pool: a step whose frame counts for nothing beside it. */
function headOf(mean: Float64Array): Float64Array {
  const graph = buildGraph(model.spec, { form: "step", frames: 1 });
  const inputs: Record<string, Float64Array> = {};
  for (const node of graph.nodes) {
    if (node.op !== "input") continue;
    const { channels, height, width } = node.shape;
    inputs[node.id] =
      node.role === "sum" ? mean.map((value) => value * 1e9) : new Float64Array(channels * height * width);
    if (node.role === "inverseCount") inputs[node.id] = Float64Array.of(1e-9);
  }
  return interpret(graph, model.weights, inputs)[outputOf(graph)] as Float64Array;
}

test("without ageing, and with a half-life that never comes, results are bit-equal", async () => {
  const images = randomPictures(3, frames, size.height, size.width);
  const plain = await gated.openStream();
  const never = await gated.openStream({ halfLifeFrames: Number.POSITIVE_INFINITY });
  for (let t = 0; t < frames; t++) {
    expect((await never.step(pictureAt(images, t))).logits).toEqual((await plain.step(pictureAt(images, t))).logits);
  }
});

test("a session with gates forgets: after many half-lives it agrees with one that never saw the past", async () => {
  const past = randomPictures(5, 4, size.height, size.width);
  const present = randomPictures(6, 40, size.height, size.width);
  const old = await gated.openStream({ halfLifeFrames: 1 });
  const young = await gated.openStream({ halfLifeFrames: 1 });
  const unforgetting = [await gated.openStream(), await gated.openStream()] as const;
  await old.step(past);
  await unforgetting[0].step(past);
  expect(distance((await old.step(present)).logits, (await young.step(present)).logits)).toBeLessThanOrEqual(1e-4);
  expect(
    distance((await unforgetting[0].step(present)).logits, (await unforgetting[1].step(present)).logits),
  ).toBeGreaterThan(1e-3);
});

test("snapshots of an ageing session continue bit-equal", async () => {
  const images = randomPictures(8, frames, size.height, size.width);
  const one = await gated.openStream({ halfLifeFrames: 3 });
  await one.step(images.subarray(0, 3 * picture));
  const other = await gated.openStream({ halfLifeFrames: 3 });
  await other.restore(await one.snapshot());
  expect((await other.step(images.subarray(3 * picture))).logits).toEqual(
    (await one.step(images.subarray(3 * picture))).logits,
  );
});

test("a half-life must be positive", async () => {
  await expect(gated.openStream({ halfLifeFrames: 0 })).rejects.toThrow("halfLifeFrames must be above 0, got 0");
});

test.each([
  ["one body under two heads", false],
  ["two networks", true],
])("a session for the recent past (%s) is a session that remembers and one that ages", async (_, gates) => {
  const images = randomPictures(9, frames, size.height, size.width);
  const source = gates ? gated : program;
  const whole = await source.openStream();
  const ageing = await source.openStream({ halfLifeFrames: 2 });
  const both = await source.openStream({ recentHalfLifeFrames: 2 });
  for (let t = 0; t < frames; t++) {
    const { logits, recent = new Float32Array() } = await both.step(pictureAt(images, t));
    expect(distance(logits, (await whole.step(pictureAt(images, t))).logits)).toBeLessThanOrEqual(1e-4);
    expect(distance(recent, (await ageing.step(pictureAt(images, t))).logits)).toBeLessThanOrEqual(1e-4);
    if (t > 0) expect(distance(recent, logits)).toBeGreaterThan(1e-3);
  }
  await both[Symbol.asyncDispose]();
});

test("a session for the recent past is the same in the background", async () => {
  const worker = await Program.compile(model, await nodeEngine({ threads: 1, background: true }));
  const image = randomPictures(4, 1, size.height, size.width);
  const [here, there] = [
    await program.openStream({ recentHalfLifeFrames: 3 }),
    await worker.openStream({ recentHalfLifeFrames: 3 }),
  ];
  for (let t = 0; t < 3; t++) expect(await there.step(image)).toEqual(await here.step(image));
  await worker[Symbol.asyncDispose]();
});

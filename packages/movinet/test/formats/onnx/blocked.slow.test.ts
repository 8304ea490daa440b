import fc from "fast-check";
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { buildGraph } from "../../../src/arch/build.ts";
import { specNames, specOf } from "../../../src/arch/spec.ts";
import { bindingRuntime } from "../../../src/engines/onnxruntime/binding.ts";
import { onnxEngine } from "../../../src/engines/onnxruntime/onnx.ts";
import { readOnnx, writeOnnx } from "../../../src/formats/onnx/proto.ts";
import { type BlockedGraph, blockProbe, emitBlocked } from "../../../src/formats/onnx/write/blocked.ts";
import { fromBlocks, paddedChannels, toBlocks } from "../../../src/formats/onnx/write/blocks.ts";
import { emitOnnxGraph } from "../../../src/formats/onnx/write/emit.ts";
import { fuseConvs } from "../../../src/formats/onnx/write/fuse.ts";
import { type Graph, outputsOf, type Shape } from "../../../src/graph/ir.ts";
import { lowerForInference, splitHead } from "../../../src/graph/passes.ts";
import { elementsOf } from "../../../src/graph/shapes.ts";
import type { Weights } from "../../../src/graph/tensor.ts";
import { Program } from "../../../src/session/program.ts";
import { distance, hashedModel, randomPictures } from "../../laws/models.ts";

const side = fc.integer({ min: 1, max: 7 });

test("blocks hold what they were made of, and zeros", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      side,
      side,
      fc.constantFrom(4, 8, 16),
      (channels, height, width, block) => {
        const shape = { channels, height, width };
        const size = channels * height * width;
        for (const streams of [1, 3]) {
          const data = Float32Array.from({ length: streams * size }, (_, i) => i + 1);
          const blocked = toBlocks(data, shape, block, streams);
          expect(blocked.length).toBe(streams * paddedChannels(channels, block) * height * width);
          expect(blocked.filter((value) => value === 0).length).toBe(blocked.length - data.length);
          expect(fromBlocks(blocked, shape, block, streams)).toEqual(data);
        }
      },
    ),
  );
});

describe("single streams in the blocked layout", () => {
  const options = { resolution: { height: 40, width: 56 }, classes: 11 };
  const session = { intraOpNumThreads: 1, logSeverityLevel: 3 } as const;

  test.each([
    ["a0-stream", {}],
    ["a3-stream", {}],
    ["t0-stream", { squeezeExcite: "none", activation: "relu6", classifierActivation: "relu6" }],
    ["t0-stream", { gate: "hard_sigmoid_a", squeezeExcite: "2d" }],
    ["t0-stream", { convType: "3d", squeezeExcite: "3d" }],
    ["t0-stream", { activation: "swish", gate: "sigmoid" }],
  ] as const)("%s %o steps and snapshots like the plain layout", async (name, more) => {
    const model = hashedModel(name, { ...options, ...more });
    const pictures = randomPictures(3, 5, 40, 56);
    const results = await Promise.all(
      [true, false].map(async (blocked) => {
        const program = await Program.compile(model, onnxEngine("test", bindingRuntime(ort, session), blocked));
        const stream = await program.openStream();
        await stream.step(pictures.subarray(0, 3 * 3 * 40 * 56));
        const state = await stream.snapshot();
        await stream.restore(state);
        const logits = (await stream.step(pictures.subarray(3 * 3 * 40 * 56))).logits;
        await program[Symbol.asyncDispose]();
        return { logits, state };
      }),
    );
    const [blocked, plain] = results as [(typeof results)[0], (typeof results)[0]];
    expect(distance(blocked.logits, plain.logits)).toBeLessThan(1e-5);
    for (const [state, { data }] of Object.entries(plain.state)) {
      expect(distance(blocked.state[state]?.data ?? [], data), state).toBeLessThan(1e-4);
    }
  });

  test.each(specNames.filter((name) => name.endsWith("stream")))("%s is served by it", (name) => {
    const { spec, weights } = hashedModel(name, options);
    const graph = lowerForInference(buildGraph(spec, { form: "step", frames: 1 }));
    expect(emitBlocked(graph, weights, { block: 8 })).not.toBeNull();
  });

  test.each([
    ["a0-stream", {}],
    ["a3-stream", {}],
    ["a4-stream", {}],
    ["t0-stream", { squeezeExcite: "none", activation: "relu6", classifierActivation: "relu6" }],
    ["t0-stream", { gate: "hard_sigmoid_a", squeezeExcite: "2d" }],
    ["t0-stream", { convType: "3d", squeezeExcite: "3d" }],
    ["t0-stream", { activation: "swish" }],
  ] as const)("%s %o says for three streams what the plain layout says", async (name, more) => {
    const { spec, weights } = hashedModel(name, { ...options, resolution: { height: 24, width: 40 }, ...more });
    const graph = lowerForInference(buildGraph(spec, { form: "step", frames: 1 }));
    await expectLikePlain(graph, weights);
  });

  test("body and classifier apart say for three streams what the plain layout says", async () => {
    // The 600 channels between them are no whole number of blocks.
    const { spec, weights } = hashedModel("a1-stream", { ...options, squeezeExcite: "none" });
    const parts = splitHead(buildGraph(spec, { form: "step", frames: 1 }));
    if (!parts) throw new Error("it was not cut");
    for (const part of [parts.body, parts.classifier]) await expectLikePlain(lowerForInference(part), weights);
  });

  async function expectLikePlain(graph: Graph, weights: Weights): Promise<void> {
    const given = Object.fromEntries(
      graph.nodes.flatMap((node, seed) => {
        if (node.op !== "input") return [];
        const length = 3 * elementsOf([node.shape.channels, node.shape.height, node.shape.width]);
        return [[node.id, Float32Array.from({ length }, (_, i) => Math.sin((i + 1) * (seed + 1.7)))]];
      }),
    );
    const plain = await ort.InferenceSession.create(emitOnnxGraph(graph, weights), session);
    const feeds = Object.entries(given).map(([input, data]) => {
      const { channels, height, width } = graph.shapes[input] as Shape;
      return [input, new ort.Tensor("float32", data, [3, channels, height, width])];
    });
    const expected = await plain.run(Object.fromEntries(feeds));
    const got = await runBlocked(graph, weights, given, 3);
    expect(Object.keys(got)).toEqual([...new Set(outputsOf(graph))]);
    for (const [output, values] of Object.entries(got)) {
      expect(distance(values, (expected[output] as ort.Tensor).data as Float32Array), output).toBeLessThan(1e-5);
    }
  }

  /** Takes and gives values in the layout of the plain graph. */
  async function runBlocked(
    graph: Graph,
    weights: Weights,
    given: Readonly<Record<string, Float32Array>>,
    streams: number,
  ): Promise<Readonly<Record<string, Float32Array>>> {
    const probe = await ort.InferenceSession.create(blockProbe(), session);
    const { y } = await probe.run({ x: new ort.Tensor("float32", new Float32Array(4), [1, 4, 1, 1]) });
    const block = (y as ort.Tensor).dims[1] as number;
    const model = emitBlocked(graph, weights, { block, streams });
    if (!model) throw new Error("it is not served");
    const feeds = model.inputs.map(({ name, dims, blocked }) => {
      const data = given[name] as Float32Array;
      const values = blocked ? toBlocks(data, graph.shapes[name] as Shape, block, streams) : data;
      return [name, new ort.Tensor("float32", values, dims)];
    });
    const run = await ort.InferenceSession.create(writeOnnx(model), { ...session, graphOptimizationLevel: "disabled" });
    const results = await run.run(Object.fromEntries(feeds));
    return Object.fromEntries(
      model.outputs.map(({ name, dims }) => {
        const tensor = results[name] as ort.Tensor;
        expect(tensor.dims, name).toEqual(dims);
        return [name, fromBlocks(tensor.data as Float32Array, graph.shapes[name] as Shape, block, streams)];
      }),
    );
  }

  test("what was emitted before is not computed again, whatever the number of streams", () => {
    const { spec, weights } = hashedModel("a0-stream", options);
    const graph = lowerForInference(buildGraph(spec, { form: "step", frames: 1 }));
    const one = emitBlocked(graph, weights, { block: 16 }) as BlockedGraph;
    const known = new Map(one.initializers.map((tensor) => [tensor.name, tensor]));
    const three = emitBlocked(graph, weights, { block: 16, streams: 3, known }) as BlockedGraph;
    const floats = three.initializers.filter(({ data }) => data instanceof Float32Array);
    const own = floats.filter((tensor) => known.get(tensor.name) !== tensor);
    expect(own.length).toBeGreaterThan(0);
    expect(own.filter(({ name }) => !name.endsWith("*3"))).toEqual([]);
    expect(floats.find(({ name }) => name === "classifier2.kernel/blocked")).toBe(
      known.get("classifier2.kernel/blocked"),
    );
  });

  test("float constants can stand outside the model", () => {
    const { spec, weights } = hashedModel("t0-stream", options);
    const graph = lowerForInference(buildGraph(spec, { form: "step", frames: 1 }));
    const model = emitBlocked(graph, weights, { block: 16 }) as BlockedGraph;
    const { tensors, refused } = readOnnx(writeOnnx(model, {}, "outside"));
    const ints = model.initializers.filter(({ data }) => data instanceof BigInt64Array).map(({ name }) => name);
    expect([...tensors.keys()]).toEqual(ints);
    expect([...refused]).toEqual(["external data"]);
    expect([...readOnnx(writeOnnx(model)).tensors.keys()]).toEqual(model.initializers.map(({ name }) => name));
  });

  test("what it cannot serve stays plain", () => {
    const { spec, weights } = hashedModel("t0-stream", options);
    expect(
      emitBlocked(lowerForInference(buildGraph(spec, { form: "step", frames: 2 })), weights, { block: 8 }),
    ).toBeNull();
  });
});

test("convolutions take in the additions and activations that only they feed", () => {
  const graph = lowerForInference(buildGraph(specOf("t0-stream"), { form: "step", frames: 1 }));
  const fused = fuseConvs(graph);
  const residual = fused.find((node) => "conv" in node && node.output === "block1.layer1");
  expect(residual).toMatchObject({ sum: "block1.layer0", activation: null });
  const temporal = fused.find((node) => "conv" in node && node.output === "block1.layer0.temporal.activation");
  expect(temporal).toMatchObject({ sum: "block1.layer0.temporal.norm.sum.1", activation: "hard_swish" });
  expect(fused.filter((node) => "op" in node && node.op === "activation").map((node) => node)).toEqual([]);
});

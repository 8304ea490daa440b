import fc from "fast-check";
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { buildGraph } from "../../../src/arch/build.ts";
import { specNames, specOf } from "../../../src/arch/spec.ts";
import { bindingRuntime } from "../../../src/engines/onnxruntime/binding.ts";
import { onnxEngine } from "../../../src/engines/onnxruntime/onnx.ts";
import { emitBlocked, fromBlocks, paddedChannels, toBlocks } from "../../../src/formats/onnx/write/blocked.ts";
import { fuseConvs } from "../../../src/formats/onnx/write/fuse.ts";
import { lowerForInference } from "../../../src/graph/passes.ts";
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
        const shape = { frames: 1, channels, height, width };
        const data = Float32Array.from({ length: channels * height * width }, (_, i) => i + 1);
        const blocked = toBlocks(data, shape, block);
        expect(blocked.length).toBe(paddedChannels(channels, block) * height * width);
        expect(blocked.filter((value) => value === 0).length).toBe(blocked.length - data.length);
        expect(fromBlocks(blocked, shape, block)).toEqual(data);
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
    expect(emitBlocked(graph, weights, 8)).not.toBeNull();
  });

  test("what it cannot serve stays plain", () => {
    const { spec, weights } = hashedModel("t0-stream", options);
    expect(emitBlocked(lowerForInference(buildGraph(spec, { form: "step", frames: 2 })), weights, 8)).toBeNull();
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

/** What a network is follows from the names and shapes of its tensors; what they cannot tell is said. */
import { describe, expect, test } from "vitest";
import { buildGraph } from "../../../src/arch/build.ts";
import { type Spec, type SpecName, type SpecOptions, specNames, specOf } from "../../../src/arch/spec.ts";
import { modelFromTensors, type Origin, type Told } from "../../../src/formats/weights/infer.ts";
import type { FoundTensor } from "../../../src/formats/weights/tensors.ts";
import { interpret } from "../../../src/graph/interpret.ts";
import { outputOf } from "../../../src/graph/ir.ts";
import { elementsOf } from "../../../src/graph/shapes.ts";
import type { Weights } from "../../../src/graph/tensor.ts";
import { distance, hashedModel, randomPictures } from "../../laws/models.ts";
import { told as error } from "../../told.ts";

const origin: Origin = {
  title: "the tests",
  untold: ({ mode }) => {
    const { gate, activation, classifierActivation } = specOf(`a0-${mode}`);
    return { gate, activation, classifierActivation };
  },
};
const infer = (tensors: ReadonlyMap<string, FoundTensor>, told?: Told) =>
  modelFromTensors(tensors, { subject: "w.pt", origin, told });

/** The tensors of a network, without numbers. */
function shapesOf(spec: Spec): Map<string, FoundTensor> {
  const { params } = buildGraph(spec, { form: "clip", frames: 1 });
  return new Map(
    Object.entries(params).map(([name, { shape }]) => [name, { shape, values: () => new Float32Array(0) }]),
  );
}

const found = (weights: Weights) =>
  new Map([...weights].map(([name, { shape, data }]): [string, FoundTensor] => [name, { shape, values: () => data }]));

describe("a network is known by its tensors", () => {
  test.each(specNames)("%s", (name) => {
    for (const classes of [2, 600]) {
      const spec = specOf(name, { classes });
      expect(infer(shapesOf(spec)).spec).toEqual(spec);
    }
  });

  test.each([
    ["a0-stream", { squeezeExcite: "none" }],
    ["a0-stream", { convType: "3d" }],
    ["t0-stream", { positionalEncoding: true }],
    ["a3-stream", { positionalEncoding: false }],
    ["a1-base", { squeezeExcite: "none" }],
  ] as const satisfies readonly (readonly [SpecName, SpecOptions])[])("%s with %o", (name, options) => {
    const spec = specOf(name, options);
    expect(infer(shapesOf(spec)).spec).toEqual(spec);
  });

  test.each([
    ["a0-base", { convType: "2plus1d" }, {}],
    ["a0-base", { squeezeExcite: "2plus3d" }, { mode: "base" }],
    ["a0-stream", { squeezeExcite: "2d" }, { mode: "stream", squeezeExcite: "2d" }],
    ["a0-stream", { gate: "hard_sigmoid_a", resolution: { height: 96, width: 64 } }, undefined],
    ["a0-stream", { activation: "relu6", classifierActivation: "relu6" }, undefined],
  ] as const satisfies readonly (readonly [SpecName, SpecOptions, Told | undefined])[])(
    "%s with %o, where that is told",
    (name, options, told) => {
      const spec = specOf(name, options);
      expect(infer(shapesOf(spec), told ?? options).spec).toEqual(spec);
    },
  );

  test("a network that was trained as 3d_2plus1d becomes 2plus1d, which computes the same", () => {
    const { spec, weights } = hashedModel("t0-stream", {
      classes: 5,
      convType: "3d_2plus1d",
      resolution: { height: 32, width: 32 },
    });
    const made = infer(found(weights), { resolution: spec.resolution });
    expect(made.spec).toEqual({ ...spec, convType: "2plus1d" });
    const inputs = { image: randomPictures(1, 3, 32, 32), inverse_count: [1, 1 / 2, 1 / 3], position: [0, 1, 2] };
    const logits = (model: { readonly spec: Spec; readonly weights: Weights }) => {
      const graph = buildGraph(model.spec, { form: "clip", frames: 3 });
      return interpret(graph, model.weights, inputs)[outputOf(graph)] as Float64Array;
    };
    expect(distance(logits(made), logits({ spec, weights }))).toBe(0);
  });
});

describe("what no tensor tells", () => {
  test("is assumed as its origin has it, a line each", () => {
    expect(infer(shapesOf(specOf("a1-stream"))).assumed).toEqual([
      "gate: hard sigmoid B, as in the tests",
      "activation: hard swish, as in the tests",
      "classifier activation: swish, as in the tests",
      "input size: 172×172, as in A1",
    ]);
  });

  test("is not assumed where it is told", () => {
    const { gate, activation, classifierActivation, resolution } = specOf("a1-stream");
    const told = { gate, activation, classifierActivation, resolution };
    expect(infer(shapesOf(specOf("a1-stream")), told).assumed).toEqual([]);
  });

  test("is told of networks that are not as the family's", () => {
    const { spec, assumed } = infer(shapesOf(specOf("a0-stream", { squeezeExcite: "2d" })), { mode: "stream" });
    expect(spec.squeezeExcite).toBe("3d");
    expect(assumed[0]).toMatch(/^squeeze-and-excitation: the mean over time \(3d\)/);
    expect(infer(shapesOf(specOf("a0-stream", { convType: "3d" }))).assumed[0]).toMatch(/^mode: stream/);
  });

  test("does not keep an option that is told as undefined from its default", () => {
    expect(infer(shapesOf(specOf("a1-stream")), { gate: undefined }).spec.gate).toBe("hard_sigmoid_b");
  });
});

describe("what does not fit is refused", () => {
  test("one error names what is missing, unused and mis-shaped, of the nearest variant", () => {
    const tensors = shapesOf(specOf("a2-stream", { classes: 7 }));
    tensors.delete("stem.kernel");
    tensors.set("optimizer.step", { shape: [], values: () => new Float32Array(1) });
    tensors.set("head.norm.gamma", { shape: [641], values: () => new Float32Array(641) });
    expect(() => infer(tensors)).toThrow(
      error(
        "E_MODEL_TENSORS",
        /w\.pt: its tensors do not match a2-stream: 1 missing: stem\.kernel; 1 unused: optimizer\.step; 1 with the wrong shape: head\.norm\.gamma \[641\] instead of \[640\]\./,
      ),
    );
  });

  test("tensors of something else, or none", () => {
    const other = new Map([["layer1.0.weight", { shape: [64, 3, 7, 7], values: () => new Float32Array(9408) }]]);
    expect(() => infer(other)).toThrow(
      error("E_MODEL_TENSORS", /none of its 1 tensors belongs to a MoViNet: layer1\.0\.weight\. Use MoViNet weights/),
    );
    expect(() => infer(new Map())).toThrow(error("E_MODEL_TENSORS", /it contains no tensors/));
  });

  test("a base network that is to be a stream, with the way out", () => {
    expect(() => infer(shapesOf(specOf("a2-base")), { mode: "stream" })).toThrow(
      error("E_MODEL_TENSORS", /cannot be split into \(2\+1\)-D ones.*on windows of frames, or use stream weights/),
    );
  });

  test("without a number having been read", () => {
    const tensors = new Map<string, FoundTensor>(
      [...shapesOf(specOf("a0-stream"))].map(([name, { shape }]) => [
        name,
        {
          shape: elementsOf(shape) > 1 ? [...shape, 2] : shape,
          values: () => {
            throw new Error("read");
          },
        },
      ]),
    );
    expect(() => infer(tensors)).toThrow(error("E_MODEL_TENSORS", /do not match a0-/));
  });
});

/** What is written is read again, bit for bit; what the public port has instead is told. */
import { describe, expect, test } from "vitest";
import { buildGraph } from "../../../src/arch/build.ts";
import type { SpecName, SpecOptions } from "../../../src/arch/spec.ts";
import { specNames, specOf } from "../../../src/arch/spec.ts";
import { readModel } from "../../../src/formats/model-file.ts";
import { differencesOfPort, writePytorch } from "../../../src/formats/pytorch/write.ts";
import { ownName, portName } from "../../../src/formats/weights/origins/pytorch.ts";
import { hashedModel } from "../../laws/models.ts";
import { withoutTexts } from "./torch-file.ts";

const small = { classes: 4, resolution: { height: 64, width: 48 } };
const networks: readonly (readonly [SpecName, SpecOptions])[] = [
  ["t0-stream", {}],
  ["t0-base", {}],
  ["t0-stream", { positionalEncoding: true, gate: "hard_sigmoid_a" }],
  ["t0-stream", { squeezeExcite: "none", activation: "relu6", classifierActivation: "relu6" }],
  ["t0-stream", { convType: "3d" }],
  ["a3-base", {}],
];

describe.each(networks)("%s with %o", (name, options) => {
  const { spec, weights, card } = hashedModel(name, { ...small, ...options });
  const model = { spec, weights, card: { ...card, name: "mine", labels: ["a", "b", "c", "d"] } };
  const bytes = writePytorch(model, "{}");

  test("is read as it was", () => {
    const read = readModel(bytes, "m.pt");
    expect(read.spec).toEqual(spec);
    expect(read.card).toEqual(model.card);
    expect(read.warnings).toEqual([]);
    expect([...read.weights.keys()].sort()).toEqual([...weights.keys()].sort());
    for (const [tensor, { shape, data }] of weights) expect(read.weights.get(tensor), tensor).toEqual({ shape, data });
  });

  test("is written again in the same bytes", () => {
    const again = writePytorch(readModel(bytes, "m.pt"), "{}");
    expect(Buffer.from(again).equals(Buffer.from(bytes))).toBe(true);
  });

  test("is read from its state dict alone, with what that cannot tell", () => {
    const { gate, activation, classifierActivation, resolution } = spec;
    const read = readModel(withoutTexts(bytes), "m.pt", undefined, {
      gate,
      activation,
      classifierActivation,
      resolution,
    });
    expect(read.spec).toEqual(spec);
    for (const [tensor, { data }] of weights) expect(read.weights.get(tensor)?.data, tensor).toEqual(data);
  });
});

test("3d_2plus1d is written as 2plus1d, the form that the port has", () => {
  const { spec, weights, card } = hashedModel("t0-stream", { ...small, convType: "3d_2plus1d" });
  const read = readModel(writePytorch({ spec, weights, card }), "m.pt");
  expect(read.spec).toEqual({ ...spec, convType: "2plus1d" });
  const kernel = "block1.layer0.temporal.kernel";
  expect(read.weights.get(kernel)).toEqual({ shape: [3, 1, 72, 1], data: weights.get(kernel)?.data });
});

test.each(specNames)("every name of %s leads there and back, and no two are the same", (name) => {
  const spec = specOf(name);
  const names = Object.keys(buildGraph(spec, { form: "clip", frames: 1 }).params);
  const theirs = names.map((own) => portName(own, spec));
  expect(new Set(theirs).size).toBe(names.length);
  expect(theirs.map(ownName)).toEqual(names);
});

test.each([
  ["a0-base", {}, []],
  ["a2-stream", { gate: "hard_sigmoid_a" }, []],
  ["a2-stream", {}, ["gate hard sigmoid A instead of hard sigmoid B"]],
  ["a3-stream", { gate: "hard_sigmoid_a" }, ["no positional encoding"]],
  [
    "t0-stream",
    { squeezeExcite: "none", activation: "relu6", classifierActivation: "relu6" },
    [
      "squeeze-and-excitation 2plus3d instead of none",
      "activation hard swish instead of ReLU6",
      "classifier activation swish instead of ReLU6",
      "no T0",
    ],
  ],
] as const satisfies readonly (readonly [SpecName, SpecOptions, readonly string[]])[])(
  "what the port has instead of %s with %o",
  (name, options, differences) => {
    expect(differencesOfPort(specOf(name, options))).toEqual(differences);
  },
);

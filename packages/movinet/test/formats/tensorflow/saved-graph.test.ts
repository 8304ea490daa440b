/** What the graph of a SavedModel tells, weights need not be told: gate, activations, sizes, states. */
import { PbfWriter } from "pbf";
import { describe, expect, test } from "vitest";
import { readModel } from "../../../src/formats/model-file.ts";
import { toldByGraph } from "../../../src/formats/tensorflow/read/saved-graph.ts";
import { writeCheckpoint } from "../../../src/formats/tensorflow/write/checkpoint.ts";
import { hashedModel } from "../../laws/models.ts";
import { bundleOf, storedIn } from "./bundles.ts";

interface Sketch {
  /** Nodes of functions: their names, with their operators. */
  readonly functions: readonly (readonly (readonly [name: string, op: string])[])[];
  readonly inputs?: Readonly<Record<string, readonly number[]>>;
}

/** A `saved_model.pb`, as far as it is read. */
function graphWith({ functions, inputs = {} }: Sketch): Uint8Array {
  const message = (fill: (pbf: PbfWriter) => void) => {
    const pbf = new PbfWriter();
    fill(pbf);
    return pbf.finish();
  };
  const node = ([name, op]: readonly [string, string]) =>
    message((pbf) => {
      pbf.writeStringField(1, name);
      pbf.writeStringField(2, op);
      pbf.writeStringField(3, "an input");
    });
  const library = message((pbf) => {
    for (const nodes of functions) {
      pbf.writeBytesField(
        1,
        message((of) => {
          for (const one of nodes) of.writeBytesField(3, node(one));
        }),
      );
    }
  });
  const shape = (dims: readonly number[]) =>
    message((pbf) => {
      for (const size of dims)
        pbf.writeBytesField(
          2,
          message((of) => of.writeVarintField(1, size)),
        );
    });
  const entry = (key: string, value: Uint8Array) =>
    message((pbf) => {
      pbf.writeStringField(1, key);
      pbf.writeBytesField(2, value);
    });
  const signature = message((pbf) => {
    for (const [name, dims] of Object.entries(inputs)) {
      pbf.writeBytesField(
        1,
        entry(
          name,
          message((of) => of.writeBytesField(3, shape(dims))),
        ),
      );
    }
  });
  const graphs = message((pbf) => {
    pbf.writeBytesField(
      2,
      message((of) => of.writeBytesField(2, library)),
    );
    pbf.writeBytesField(5, entry("serving_default", signature));
  });
  return message((pbf) => {
    pbf.writeVarintField(1, 1);
    pbf.writeBytesField(2, graphs);
  });
}

/** Names as the official code gives them, in an export and in an older model. */
const [inBlock, inClassifier] = ["net/movinet_1/block0_layer0/bneck", "net/classifier_head_2/head/conv2d"];
const hard = [
  [`${inBlock}/expansion/conv2d/bn/FusedBatchNormV3`, "FusedBatchNormV3"],
  [`${inBlock}/expansion/conv2d/activation_1/add`, "AddV2"],
  [`${inBlock}/expansion/conv2d/activation_1/Relu6`, "Relu6"],
] as const;
const gateB = [
  [`${inBlock}/se/se_expand/conv2d/activation_2/add`, "AddV2"],
  [`${inBlock}/se/se_expand/conv2d/activation_2/Relu6`, "Relu6"],
] as const;
const gateA = [
  [`${inBlock}/se/se_expand/conv2d/Add`, "AddV2"],
  [`${inBlock}/se/se_expand/conv2d/clip_by_value/Minimum`, "Minimum"],
  [`${inBlock}/se/se_expand/conv2d/clip_by_value`, "Maximum"],
] as const;
const swishHead = [[`${inClassifier}/Sigmoid`, "Sigmoid"]] as const;

describe("a graph tells", () => {
  test.each([
    [
      "B",
      [...hard, ...gateB, ...swishHead],
      { gate: "hard_sigmoid_b", activation: "hard_swish", classifierActivation: "swish" },
    ],
    [
      "A",
      [...hard, ...gateA, ...swishHead],
      { gate: "hard_sigmoid_a", activation: "hard_swish", classifierActivation: "swish" },
    ],
    [
      "base",
      [
        [`${inBlock}/expansion/Sigmoid`, "Sigmoid"],
        [`${inBlock}/se/se_expand/activation_1/Sigmoid`, "Sigmoid"],
        ["classifier_head/head/Sigmoid", "Sigmoid"],
      ],
      { gate: "sigmoid", activation: "swish", classifierActivation: "swish" },
    ],
    [
      "ReLU6, without squeeze-and-excitation",
      [
        [`${inBlock}/expansion/conv2d/activation_1/Relu6`, "Relu6"],
        [`${inBlock}/expansion/conv2d/bn/batchnorm/add`, "AddV2"],
        [`${inClassifier}/activation_3/Relu6`, "Relu6"],
      ],
      { activation: "relu6", classifierActivation: "relu6" },
    ],
    ["nothing of what it does in two ways", [...gateA, ...gateB], {}],
    [
      "nothing of other layers",
      [
        ["head/project/conv2d/activation/Relu6", "Relu6"],
        ["stem/Sigmoid", "Sigmoid"],
      ],
      {},
    ],
  ] as const)("%s", (_, nodes, expected) => {
    expect(toldByGraph(graphWith({ functions: [[["x", "Mul"]], nodes] }))).toEqual(expected);
  });

  test("sizes and states", () => {
    const of = (inputs: Sketch["inputs"]) => toldByGraph(graphWith({ functions: [], ...(inputs && { inputs }) }));
    expect(of({ image: [1, 1, 64, 96, 3], state_head_pool_buffer: [1, 1, 1, 1, 8] })).toEqual({
      mode: "stream",
      resolution: { height: 64, width: 96 },
    });
    expect(of({ image: [-1, -1, -1, -1, 3] })).toEqual({});
    expect(of({ image: [1, 50, 9999, 9999, 3] })).toEqual({});
    expect(of({ pictures: [1, 1, 64, 96, 3] })).toEqual({});
  });

  test("nothing where it is damaged", () => {
    const whole = graphWith({ functions: [gateB, hard] });
    expect(toldByGraph(whole.subarray(0, -3))).toEqual({});
    expect(toldByGraph(new Uint8Array(50).fill(0x12))).toEqual({});
    expect(toldByGraph(new Uint8Array())).toEqual({});
  });
});

test("a SavedModel's graph is believed before who opens it, and what is left is assumed", () => {
  const { spec, weights, card } = hashedModel("t0-stream", { classes: 3, resolution: { height: 32, width: 64 } });
  const foreign = [...storedIn(writeCheckpoint({ spec, weights, card }))].filter(
    ([key]) => !key.startsWith("movinet."),
  );
  const { index, shards } = bundleOf(new Map(foreign));
  const functions = [
    [
      ...hard,
      ...gateA,
      [`${inClassifier}/activation/add`, "AddV2"],
      [`${inClassifier}/activation/Relu6`, "Relu6"],
    ] as const,
  ];
  const files = (graph: Uint8Array) =>
    new Map([
      ["m/variables/variables.index", index],
      ...[...shards].map(([ending, bytes]) => [`m/variables/variables${ending}`, bytes] as const),
      ["m/saved_model.pb", graph],
    ]);
  const read = readModel(files(graphWith({ functions, inputs: { image: [1, 1, 32, 64, 3] } })), "m", "m", {
    gate: "sigmoid",
  });
  expect(read.spec).toEqual({ ...spec, gate: "hard_sigmoid_a", classifierActivation: "hard_swish" });
  expect(read.warnings).toEqual([]);
  const sizeless = readModel(files(graphWith({ functions })), "m");
  expect(sizeless.warnings).toEqual(["assumed, because weights alone do not say: input size: 160×160, as in T0"]);
});

/** The forms in which converters write the parts of the network. */
import { describe, expect, test } from "vitest";
import { readConstant } from "../../../src/formats/tflite/read/constants.ts";
import { peelActivation, peelGate } from "../../../src/formats/tflite/read/patterns.ts";
import type { TfliteTensor } from "../../../src/formats/tflite/read/schema.ts";
import { findNetwork } from "../../../src/formats/tflite/read/structure.ts";
import { told } from "../../told.ts";
import { fusedRelu6, type NetworkSketch, Sketch, sketchNetwork } from "./sketch.ts";

const shape = [1, 4, 4, 8];
type Draw = (s: Sketch, x: number) => number;
const mul = (s: Sketch, a: number, b: number) => s.op("MUL", [a, b], shape);
const add = (s: Sketch, a: number, b: number) => s.op("ADD", [a, b], shape);
const relu6 = (s: Sketch, x: number) => s.op("RELU6", [x], shape);
const shifted = (s: Sketch, x: number) => relu6(s, add(s, x, s.constant(3)));
const clip01 = (s: Sketch, x: number) =>
  s.op("MINIMUM", [s.op("MAXIMUM", [x, s.constant(0)], shape), s.constant(1)], shape);

describe("activations", () => {
  const forms: readonly (readonly [form: string, kind: string | null, draw: Draw])[] = [
    ["HARD_SWISH", "hard_swish", (s, x) => s.op("HARD_SWISH", [x], shape)],
    ["x · (relu6(x + 3) / 6)", "hard_swish", (s, x) => mul(s, x, mul(s, shifted(s, x), s.constant(1 / 6)))],
    ["(relu6(x + 3) · x) / 6", "hard_swish", (s, x) => s.op("DIV", [mul(s, shifted(s, x), x), s.constant(6)], shape)],
    ["x · sigmoid(x)", "swish", (s, x) => mul(s, x, s.op("LOGISTIC", [x], shape))],
    ["RELU6", "relu6", relu6],
    ["fused ReLU6", "relu6", (s, x) => s.op("ADD", [x, s.constant(0)], shape, fusedRelu6)],
    ["min(relu(x), 6)", "relu6", (s, x) => s.op("MINIMUM", [s.constant(6), s.op("RELU", [x], shape)], shape)],
    ["RELU", null, (s, x) => s.op("RELU", [x], shape)],
    ["a product of two values", null, (s, x) => mul(s, x, s.op("LOGISTIC", [s.input(1)], [1]))],
    ["x · relu6(x + 3) / 3", null, (s, x) => mul(s, x, mul(s, shifted(s, x), s.constant(1 / 3)))],
  ];
  test.each(forms)("%s is %s", (_, kind, draw) => {
    const s = new Sketch();
    const x = s.op("CONV_2D", [s.input(...shape)], shape);
    const y = draw(s, x);
    expect(peelActivation(s.flow(y), y).kind).toBe(kind);
  });
});

describe("gates", () => {
  const b = "hard_sigmoid_b";
  const a = "hard_sigmoid_a";
  const plain = { scale: 1, shift: 0, gain: 1 };
  const forms: readonly (readonly [form: string, expected: object | null, draw: Draw])[] = [
    ["sigmoid(x)", { kind: "sigmoid", ...plain }, (s, x) => s.op("LOGISTIC", [x], shape)],
    ["relu6(x + 3) · 0.16667", { kind: b, ...plain }, (s, x) => mul(s, shifted(s, x), s.constant(0.16667))],
    ["relu6(x), 3 folded", { kind: b, ...plain, shift: -3 }, (s, x) => mul(s, relu6(s, x), s.constant(0.16667))],
    [
      "relu6(x + 3) · 0.166626 (float16)",
      { kind: b, ...plain, gain: expect.closeTo(0.999736, 6) },
      (s, x) => mul(s, shifted(s, x), s.constant(0.1666259765625)),
    ],
    [
      "clip(0.2 x + 0.5, 0, 1)",
      { kind: a, ...plain },
      (s, x) => clip01(s, add(s, mul(s, x, s.constant(0.2)), s.constant(0.5))),
    ],
    [
      "relu_0_to_1(x), all folded",
      { kind: a, scale: 5, shift: -2.5, gain: 1 },
      (s, x) => s.op("RELU_0_TO_1", [x], shape),
    ],
    [
      "clip(x + 0.5, 0, 1), slope folded",
      { kind: a, scale: 5, shift: 0, gain: 1 },
      (s, x) => clip01(s, add(s, x, s.constant(0.5))),
    ],
    [
      "clip(x / 6 + 0.5, 0, 1)",
      { kind: b, scale: 1, shift: 0, gain: expect.closeTo(1 / 1.00002, 7) },
      (s, x) => clip01(s, add(s, mul(s, x, s.constant(1 / 6)), s.constant(0.5))),
    ],
    ["relu6(x)", null, relu6],
    ["clip(0.4 x + 0.5, 0, 1)", null, (s, x) => clip01(s, add(s, mul(s, x, s.constant(0.4)), s.constant(0.5)))],
  ];
  test.each(forms)("%s", (_, expected, draw) => {
    const s = new Sketch();
    const x = s.op("CONV_2D", [s.input(...shape)], shape);
    const y = draw(s, x);
    const found = peelGate(s.flow(y), y);
    if (expected === null) expect(found).toBeNull();
    else expect(found).toEqual({ ...expected, x });
  });
});

describe("constants", () => {
  const tensor = (type: TfliteTensor["type"], data: ArrayBufferView<ArrayBuffer>, rest: Partial<TfliteTensor> = {}) =>
    readConstant(
      {
        name: "w",
        type,
        shape: [4],
        quantization: null,
        sparse: false,
        data: new Uint8Array(data.buffer),
        ...rest,
      },
      "w.tflite",
    );

  test("float16: zeros, subnormals, the largest, infinity", () => {
    const halves = Uint16Array.of(0x8000, 0x0001, 0x7bff, 0xfc00, 0x3c00, 0xc200);
    const expected = [-0, 2 ** -24, 65504, Number.NEGATIVE_INFINITY, 1, -3];
    expect([...tensor("float16", halves, { shape: [6] })]).toEqual(expected);
  });
  test("int8 by channel of the last dimension", () => {
    const quantization = { scale: [0.5, 2], zeroPoint: [0, 0], axis: 1 };
    const values = tensor("int8", Int8Array.of(1, -1, 127, -127), { shape: [2, 2], quantization });
    expect([...values]).toEqual([0.5, -2, 63.5, -254]);
  });
  test("int8 by channel of the first dimension", () => {
    const quantization = { scale: [0.5, 2], zeroPoint: [], axis: 0 };
    const values = tensor("int8", Int8Array.of(1, -1, 127, -127), { shape: [2, 2], quantization });
    expect([...values]).toEqual([0.5, -0.5, 254, -254]);
  });
  test("uint8 with a zero point, int32 and int64 biases", () => {
    const quantization = { scale: [0.5], zeroPoint: [128], axis: 0 };
    expect([...tensor("uint8", Uint8Array.of(0, 128, 129, 255), { quantization })]).toEqual([-64, 0, 0.5, 63.5]);
    const centred = { scale: [0.25], zeroPoint: [0], axis: 0 };
    expect([...tensor("int32", Int32Array.of(-4, 0, 4, 1e6), { quantization: centred })]).toEqual([-1, 0, 1, 250000]);
    expect([...tensor("int64", BigInt64Array.of(-4n, 0n, 4n, 8n), { quantization: centred })]).toEqual([-1, 0, 1, 2]);
  });
  test.each([
    ["integers without a scale", "int8", { shape: [4] }, /has int8 values without a scale/],
    ["scales that do not fit", "int8", { quantization: { scale: [1, 2], zeroPoint: [], axis: 0 } }, /2 scales/],
    ["a shape that does not fit", "int8", { shape: [5] }, /has 4 bytes/],
    ["a negative dimension", "int8", { shape: [-2, -2] }, /has 4 bytes/],
    ["sparse tensors", "int8", { sparse: true }, /sparse int8/],
    ["other types", "other", {}, /unsupported values/],
  ] as const)("%s are refused", (_, type, rest, message) => {
    expect(() => tensor(type, Int8Array.of(1, 2, 3, 4), rest)).toThrow(told("E_MODEL_FORMAT", message));
  });
});

describe("networks", () => {
  const usual: NetworkSketch = { squeeze: "2plus3d", dense: "CONV_2D", pad: "same", rezero: 0.5, final: null };
  const find = (change: Partial<NetworkSketch> = {}) => findNetwork(sketchNetwork({ ...usual, ...change }));

  test.each(["none", "2d", "3d", "2plus3d"] as const)("squeeze-and-excitation %s", (squeeze) => {
    expect(find({ squeeze })).toMatchObject({
      squeezeExcite: squeeze,
      gate: squeeze === "none" ? null : "sigmoid",
      activation: "swish",
      classifierActivation: "relu6",
      resolution: { height: 16, width: 16 },
      layers: [{ rezero: 0.5, temporal: { size: [3, 1] }, spatial: { size: [3, 3], stride: 2, bias: null } }],
    });
  });
  test("2plus3d with the means in the other order is refused", () => {
    expect(() => find({ squeeze: "reversed" })).toThrow(
      told("E_MODEL_FORMAT", /layer 1 from the end, squeeze: expected the running sum/),
    );
  });
  test("dense layers as FULLY_CONNECTED", () => {
    expect(find({ dense: "FULLY_CONNECTED" })).toMatchObject({ dense1: { filters: 32 }, dense2: { filters: 5 } });
  });
  test("padding as an operator", () => {
    expect(find({ pad: "operator" }).resolution).toEqual({ height: 16, width: 16 });
    expect(() => find({ pad: "wrong operator" })).toThrow(
      told("E_MODEL_FORMAT", /the stem: expected a 3×3 convolution with stride 2/),
    );
  });
  test("a residual scale that was folded away is 1", () => {
    expect(find({ rezero: null }).layers[0]?.rezero).toBe(1);
  });
  test("softmax or sigmoids behind the logits", () => {
    expect([find(), find({ final: "SOFTMAX" }), find({ final: "LOGISTIC" })].map(({ output }) => output)).toEqual([
      "logits",
      "softmax",
      "sigmoid",
    ]);
  });
  test("operators out of order are refused", () => {
    const s = new Sketch();
    const later = s.tensor([1]);
    const y = s.op("RELU6", [later], [1]);
    s.operators.push({ ...(s.operators[0] as Sketch["operators"][0]), inputs: [y], outputs: [later] });
    expect(() => s.flow(y)).toThrow(told("E_MODEL_FORMAT", /operator 1 \(RELU6\) overwrites tensor 0/));
  });
});

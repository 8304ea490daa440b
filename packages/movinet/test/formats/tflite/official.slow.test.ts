/** The official form is that of Google's files: names, types, shapes, and where each input and output stands. */
import { describe, expect, test } from "vitest";
import type { SpecName, SpecOptions } from "../../../src/arch/spec.ts";
import { readModel } from "../../../src/formats/tflite/read/schema.ts";
import { emitTflite } from "../../../src/formats/tflite/write/emit.ts";
import { byFingerprint, fingerprint64 } from "../../../src/formats/tflite/write/fingerprint.ts";
import { hashedModel } from "../../laws/models.ts";
import { hasShared, reason, sharedFile } from "./shared.ts";

/** What clients see, by names or by numbers: inputs and outputs in the order of the graph. */
function facts(bytes: Uint8Array) {
  const { signature, tensors, inputs, outputs } = readModel(bytes, "file.tflite");
  const describe = (order: readonly number[], names: Readonly<Record<string, number>> = {}) =>
    order.map((i) => {
      const name = Object.keys(names).find((key) => names[key] === i);
      return { name, tensor: tensors[i]?.name, type: tensors[i]?.type, shape: tensors[i]?.shape };
    });
  return {
    inputs: describe(inputs, signature?.inputs),
    outputs: describe(outputs, signature?.outputs),
    /** Some clients take the number of an input's tensor for its place. */
    numbers: inputs,
  };
}

function official(name: SpecName, options: SpecOptions = {}) {
  return facts(emitTflite(hashedModel(name, options), { form: "official" }));
}

test("Fingerprint64 is that of TensorFlow (tf.fingerprint), in each way that depends on the length", () => {
  const text = "state_block3_layer12_pos_enc_frame_count/Zyxwvutsrqponmlkjihgfed";
  const expected = {
    1: "a49305f87c6b774d",
    3: "8074502d332010c3",
    4: "8dcd2714823f9796",
    7: "b3d86e5275ce0a29",
    8: "395309c48c030bf5",
    16: "b6d740bfdfd3b705",
    17: "47f549708167f946",
    32: "7dc1140f164cbd64",
    33: "03063da8fd8d7e08",
    40: "4efadcc203ec0db0",
    64: "43f75f2be45e466b",
  };
  for (const [length, fingerprint] of Object.entries(expected)) {
    expect(
      fingerprint64(text.slice(0, Number(length)))
        .toString(16)
        .padStart(16, "0"),
      length,
    ).toBe(fingerprint);
  }
});

const small: SpecOptions = { classes: 3, resolution: { height: 32, width: 32 } };
const none: SpecOptions = { squeezeExcite: "none", activation: "relu6" };
const encoded: SpecOptions = { positionalEncoding: true };

/** Of signatures with the same names, converted by TensorFlow 2.15.1. */
const places: readonly (readonly [SpecName, SpecOptions, { image: number; logits: number; tensors: number }])[] = [
  ["a0-stream", {}, { image: 37, logits: 10, tensors: 44 }],
  ["a0-stream", none, { image: 37, logits: 10, tensors: 44 }],
  ["a1-stream", none, { image: 55, logits: 13, tensors: 68 }],
  ["a2-stream", none, { image: 60, logits: 13, tensors: 74 }],
  ["a2-stream", encoded, { image: 84, logits: 20, tensors: 100 }],
  ["a3-stream", none, { image: 77, logits: 17, tensors: 92 }],
  ["a3-stream", {}, { image: 106, logits: 28, tensors: 125 }],
  ["a4-stream", {}, { image: 155, logits: 37, tensors: 179 }],
  ["a5-stream", {}, { image: 196, logits: 44, tensors: 223 }],
  ["t0-stream", {}, { image: 33, logits: 8, tensors: 39 }],
];
test.each(places)("%s %o: the places of TensorFlow's converter", (name, options, expected) => {
  const { inputs, outputs, numbers } = official(name, { ...small, ...options });
  const placeOf = (list: typeof inputs, one: string) => list.findIndex((tensor) => tensor.name === one);
  expect({ image: placeOf(inputs, "image"), logits: placeOf(outputs, "logits"), tensors: inputs.length }).toEqual(
    expected,
  );
  for (const list of [inputs, outputs]) {
    const names = list.map((tensor) => tensor.name as string);
    expect(names).toEqual(byFingerprint(names));
  }
  expect(numbers).toEqual(inputs.map((_, i) => i));
});

describe.skipIf(!hasShared)(`the interface is that of Google's file${reason}`, () => {
  const files: readonly (readonly [file: string, SpecName, SpecOptions])[] = [
    ["golden/tflite/a0_stream_fp16.tflite", "a0-stream", { classes: 10 }],
    ["golden/tflite/a0_stream_dynamic.tflite", "a0-stream", { classes: 10 }],
    ["golden/tflite/t0_stream_posenc_fp32.tflite", "t0-stream", { classes: 10, ...encoded }],
    ["golden/latency/a0_se_fp32.tflite", "a0-stream", {}],
    ["golden/latency/a1_se_fp32.tflite", "a1-stream", {}],
    ["golden/latency/a2_se_fp32.tflite", "a2-stream", {}],
    ["golden/latency/a3_se_fp32.tflite", "a3-stream", { positionalEncoding: false }],
    ["models/movinet_a0_stream_k600_int8.tflite", "a0-stream", none],
  ];
  test.each(files)("%s", (file, name, options) => {
    expect(official(name, options)).toEqual(facts(sharedFile(file)));
  });

  test("without gates and without their unused states: ours stand in the same order", () => {
    const google = facts(sharedFile("golden/latency/a0_nose_fp32.tflite"));
    const own = official("a0-stream", none);
    for (const side of ["inputs", "outputs"] as const) {
      const names = google[side].map(({ name }) => name);
      expect(names).toHaveLength(14);
      expect(own[side].map(({ name }) => name).filter((name) => names.includes(name))).toEqual(names);
    }
  });
});

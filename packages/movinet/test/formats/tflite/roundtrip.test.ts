/** Our own files are opened again, and keep to what their readers and Google's apps expect. */
import { crc32 } from "node:zlib";
import { ByteBuffer } from "flatbuffers";
import { describe, expect, test } from "vitest";
import { buildGraph } from "../../../src/arch/build.ts";
import { randomWeights } from "../../../src/arch/random-weights.ts";
import { type SpecName, type SpecOptions, specOf } from "../../../src/arch/spec.ts";
import { halfToFloat, toHalves } from "../../../src/common/half.ts";
import { readModel } from "../../../src/formats/model-file.ts";
import { readTflite } from "../../../src/formats/tflite/read/import.ts";
import { readModel as readStructure } from "../../../src/formats/tflite/read/schema.ts";
import { emitTflite, type TfliteForm } from "../../../src/formats/tflite/write/emit.ts";
import type { TflitePrecision } from "../../../src/formats/tflite/write/lower.ts";
import { lowerForTflite } from "../../../src/formats/tflite/write/lower.ts";
import { resolveParams } from "../../../src/graph/params.ts";
import { usedParams } from "../../../src/graph/passes.ts";
import { defaultCard } from "../../../src/model/card.ts";
import type { Model } from "../../../src/model/model.ts";
import { distance, hashedModel } from "../../laws/models.ts";

const labels = ["climbing a rope", "Säge benutzen", "投擲標槍"];
const small: SpecOptions = { classes: 3, resolution: { height: 40, width: 24 } };

const models = new Map<string, Model>();
function labelled(name: SpecName, options: SpecOptions = {}): Model {
  const key = JSON.stringify([name, options]);
  const made = models.get(key);
  if (made) return made;
  const model = hashedModel(name, { ...small, ...options });
  const mine = { ...model, card: { ...model.card, name: "mine", labels, fps: 7.5, frames: model.card.frames && 4 } };
  models.set(key, mine);
  return mine;
}

/** Every number that a file holds for a model, by the name of the parameter of the folded graph. */
function folded(model: Model, form: TfliteForm): Map<string, Float32Array> {
  const graph = lowerForTflite(model.spec, { form, dtype: "float32", frames: 4 });
  const resolve = resolveParams(graph, model.weights);
  return new Map(usedParams(graph).map((name) => [name, resolve(name)]));
}

const cases: readonly (readonly [SpecName, TfliteForm, SpecOptions])[] = [
  ["a0-stream", "step", {}],
  ["a0-stream", "step", { convType: "3d", gate: "hard_sigmoid_a" }],
  ["t0-stream", "step", { positionalEncoding: true, convType: "3d_2plus1d", squeezeExcite: "2d", gate: "sigmoid" }],
  ["a0-stream", "official", { squeezeExcite: "3d", activation: "relu6" }],
  ["a0-base", "clip", {}],
];

describe("a file is opened again", () => {
  test.each(cases)("%s as %s %o: spec, card and bit-equal weights", (name, form, options) => {
    const model = labelled(name, options);
    const read = readModel(emitTflite(model, { form }), "mine.tflite");
    expect(read).toMatchObject({ format: "tflite", spec: model.spec, card: model.card });
    const again = folded(read, form);
    // Moving a gate's constants into a bias and back can cost its last bit.
    const slack = form === "official" ? 0 : 5e-7;
    for (const [param, expected] of folded(model, form)) {
      expect(distance(again.get(param) ?? [], expected), param).toBeLessThanOrEqual(/\|/.test(param) ? slack : 0);
    }
    const second = emitTflite(read, { form });
    expect(second.length).toBe(emitTflite(model, { form }).length);
  });

  test.each([
    ["float16", "step"],
    ["dynamic_int8", "official"],
  ] as const)("%s, within half a step", (dtype, form) => {
    const model = labelled("a0-stream");
    const read = folded(readModel(emitTflite(model, { form, dtype }), "mine.tflite"), form);
    for (const [param, expected] of folded(model, form)) {
      const got = read.get(param) as Float32Array;
      expect(got, param).toHaveLength(expected.length);
      const peaks = new Float32Array(
        expected.length > 0 ? (param.includes("kernel") ? columnsOf(model, param) : 1) : 1,
      );
      for (const [i, value] of expected.entries()) {
        const c = i % peaks.length;
        peaks[c] = Math.max(peaks[c] as number, Math.abs(value));
      }
      for (const [i, value] of expected.entries()) {
        const half =
          dtype === "float16" ? Math.abs(value) * 2 ** -11 + 2 ** -25 : (peaks[i % peaks.length] as number) / 127 / 2;
        const off = Math.abs((got[i] as number) - value);
        if (!(off <= half * 1.0001 + 5e-7)) expect.fail(`${param}[${i}]: ${off} is more than half a step of ${half}`);
      }
    }
  });

  test("by structure, where the metadata is ignored", () => {
    const model = labelled("a0-stream");
    const read = readTflite(emitTflite(model, { form: "official" }), "mine.tflite");
    expect(read).toMatchObject({ spec: model.spec, dtype: "float32", output: "logits" });
    const again = folded({ ...model, weights: read.weights }, "official");
    for (const [param, expected] of folded(model, "official")) {
      expect(distance(again.get(param) ?? [], expected), param).toBe(0);
    }
    const gates = labelled("a0-stream", { gate: "hard_sigmoid_a", squeezeExcite: "2d", activation: "swish" });
    expect(readTflite(emitTflite(gates, { form: "official" }), "mine.tflite").spec).toEqual(gates.spec);
    const encoded = labelled("t0-stream", { positionalEncoding: true });
    expect(readTflite(emitTflite(encoded, { form: "official", dtype: "float16" }), "mine.tflite")).toMatchObject({
      spec: encoded.spec,
      dtype: "float16",
    });
  });

  test("halves are the nearest ones", () => {
    const values = Float32Array.of(
      0,
      -0,
      1,
      -2.5,
      65504,
      65519,
      65520,
      1e9,
      6e-8,
      2 ** -25,
      3 * 2 ** -26,
      5.9e-5,
      6.1e-5,
    );
    const halves = [...toHalves(values)].map(halfToFloat);
    expect(halves).toEqual([
      0,
      -0,
      1,
      -2.5,
      65504,
      65504,
      Infinity,
      Infinity,
      2 ** -24,
      0,
      2 ** -24,
      990 * 2 ** -24,
      1023 * 2 ** -24,
    ]);
    expect(Number.isNaN(halfToFloat(toHalves(Float32Array.of(Number.NaN))[0] as number))).toBe(true);
    const all = Array.from({ length: 0x7c00 }, (_, bits) => bits);
    expect([...toHalves(Float32Array.from(all, halfToFloat))]).toEqual(all);
  });
});

function columnsOf(model: Model, param: string): number {
  const shape = lowerForTflite(model.spec, { form: "official", dtype: "float32", frames: 1 }).params[param]?.shape ?? [
    1,
  ];
  return /depthwise|temporal/.test(param) ? 1 : (shape.at(-1) as number);
}

describe("the container", () => {
  test("buffer 0 is empty and belongs to no constant", () => {
    const bytes = emitTflite(labelled("a0-stream"), {});
    const file = new ByteBuffer(bytes);
    const field = (table: number, index: number) =>
      table + file.readUint16(table - file.readInt32(table) + 4 + 2 * index);
    const at = (place: number) => place + file.readUint32(place);
    const root = at(0);
    const buffers = at(field(root, 4));
    const first = at(buffers + 4);
    const vtable = first - file.readInt32(first);
    expect(file.readUint16(vtable) <= 4 || file.readUint16(vtable + 4) === 0).toBe(true);
    expect(file.readUint32(buffers)).toBeGreaterThan(100);
  });

  test("metadata: the oldest runtime, and a receipt", () => {
    const receipt = JSON.stringify({ type: "receipt", pass: true });
    const text = (bytes: Uint8Array, name: string) =>
      new TextDecoder().decode(readStructure(bytes, "mine.tflite").metadata[name]);
    const plain = emitTflite(labelled("a0-stream"), { receipt });
    expect(text(plain, "movinet.receipt")).toBe(receipt);
    expect(text(plain, "min_runtime_version")).toBe("1.15.0".padEnd(16, "\0"));
    const dynamic = emitTflite(labelled("a0-stream"), { dtype: "dynamic_int8" });
    expect(text(dynamic, "min_runtime_version")).toMatch(/^2\.4\.0/);
    expect(text(dynamic, "movinet.export")).toBe('{"form":"step","dtype":"dynamic_int8","frames":1}');
  });

  test("labels for Google's tools: a stored file of a ZIP archive behind the model", () => {
    const bytes = emitTflite(labelled("a0-stream"));
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const end = bytes.length - 22;
    expect(view.getUint32(end, true)).toBe(0x06054b50);
    const directory = view.getUint32(end + 16, true);
    expect(view.getUint32(directory, true)).toBe(0x02014b50);
    const local = view.getUint32(directory + 42, true);
    expect(view.getUint32(local, true)).toBe(0x04034b50);
    const data = bytes.subarray(local + 30 + view.getUint16(local + 26, true), directory);
    expect(new TextDecoder().decode(data)).toBe(labels.map((label) => `${label}\n`).join(""));
    expect(view.getUint32(local + 14, true)).toBe(crc32(data));
    const described = readStructure(bytes, "mine.tflite").metadata["TFLITE_METADATA"] ?? new Uint8Array();
    expect(new TextDecoder().decode(described.subarray(4, 8))).toBe("M001");
    expect(new TextDecoder().decode(described)).toContain("labels.txt");
  });

  test("what cannot be exported so is one error with a code", () => {
    const base = labelled("a0-base");
    for (const form of ["step", "official"] as const) {
      expect(() => emitTflite(base, { form })).toThrow(
        expect.objectContaining({
          code: "E_MODEL_EXPORT",
          message: expect.stringMatching(/^mine: a base model takes/),
        }),
      );
    }
    const stream = hashedModel("a0-stream", small);
    expect(() => emitTflite(stream, { form: "clip" })).toThrow(expect.objectContaining({ code: "E_MODEL_EXPORT" }));
    expect(() => emitTflite(base, { frames: 2.5 })).toThrow(expect.objectContaining({ code: "E_MODEL_EXPORT" }));
  });

  const limits: readonly (readonly [TflitePrecision, number, number])[] = [
    ["float32", 4, 200_000],
    ["float16", 2, 200_000],
    ["dynamic_int8", 1.1, 250_000],
  ];
  test.each(limits)("A0 stream as %s: at most %d bytes a parameter and %d", (dtype, each, more) => {
    const spec = specOf("a0-stream");
    const { params } = buildGraph(spec, { form: "clip", frames: 1 });
    const model = {
      spec,
      weights: randomWeights(buildGraph(spec, { form: "clip", frames: 1 }), 1),
      card: defaultCard(spec),
    };
    const parameters = Object.values(params).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    for (const form of ["step", "official"] as const) {
      expect(emitTflite(model, { form, dtype }).length).toBeLessThanOrEqual(each * parameters + more);
    }
  });
});

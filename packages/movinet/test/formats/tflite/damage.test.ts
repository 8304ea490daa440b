/** What is no MoViNet gives one ModelError, never a crash. */
import { Builder } from "flatbuffers";
import { describe, expect, test } from "vitest";
import { ModelError } from "../../../src/common/errors.ts";
import { buildFlow } from "../../../src/formats/tflite/read/flow.ts";
import { identifyVariant } from "../../../src/formats/tflite/read/identify.ts";
import { locateTflite, readTflite } from "../../../src/formats/tflite/read/import.ts";
import { readModel } from "../../../src/formats/tflite/read/schema.ts";
import { findNetwork } from "../../../src/formats/tflite/read/structure.ts";
import { told } from "../../told.ts";
import { hasShared, reason, sharedFile } from "./shared.ts";

function errorOf(bytes: Uint8Array): ModelError {
  try {
    readTflite(bytes, "clip.tflite");
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
  throw new Error("the file was accepted");
}

/** A generator of numbers below `limit`, the same in every run. */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % limit;
  };
}

/** A valid TFLite file with one operator from a [1, 4] input to the output. */
function oneOperator(builtin: number): Uint8Array {
  const b = new Builder();
  const vector = (items: readonly number[]) => {
    b.startVector(4, items.length, 4);
    for (const item of items.toReversed()) b.addOffset(item);
    return b.endVector();
  };
  const ints = (items: readonly number[]) => {
    b.startVector(4, items.length, 4);
    for (const item of items.toReversed()) b.addInt32(item);
    return b.endVector();
  };
  const table = (values: Readonly<Record<number, number>>, scalars: Readonly<Record<number, number>> = {}) => {
    b.startObject(8);
    for (const [field, offset] of Object.entries(values)) b.addFieldOffset(Number(field), offset, 0);
    for (const [field, value] of Object.entries(scalars)) b.addFieldInt32(Number(field), value, -1);
    return b.endObject();
  };
  const tensor = () => table({ 0: ints([1, 4]) }, { 2: 0 });
  const tensors = vector([tensor(), tensor()]);
  const operators = vector([table({ 1: ints([0]), 2: ints([1]) }, { 0: 0 })]);
  const subgraph = table({ 0: tensors, 1: ints([0]), 2: ints([1]), 3: operators });
  const codes = vector([table({}, { 3: builtin })]);
  const model = table({ 1: codes, 2: vector([subgraph]), 4: vector([table({})]) }, { 0: 3 });
  b.finish(model, "TFL3");
  return b.asUint8Array();
}

describe("files that are no MoViNet", () => {
  const random = numbers(1);
  test.each([
    ["an empty file", new Uint8Array()],
    ["random bytes", Uint8Array.from({ length: 4096 }, () => random(256))],
    ["a header alone", Uint8Array.of(28, 0, 0, 0, 84, 70, 76, 51)],
    ["a header and zeros", Uint8Array.of(8, 0, 0, 0, 84, 70, 76, 51, ...new Uint8Array(64))],
    ["a root outside the file", Uint8Array.of(0, 0, 0, 127, 84, 70, 76, 51, ...new Uint8Array(64))],
    ["a file of another format", new TextEncoder().encode("\u0008\u0000PK\u0003\u0004 not a model")],
  ])("%s", (_, bytes) => {
    const error = errorOf(bytes);
    expect(error).toMatchObject({ code: "E_MODEL_FORMAT", subject: "clip.tflite" });
    expect(error.message).toMatch(/^clip\.tflite: .*\. Use a TFLite file of a MoViNet stream model .*\.$/);
  });

  test("an operator that no MoViNet has is named", () => {
    expect(errorOf(oneOperator(16)).message).toContain("operator 0 (LSTM)");
    expect(errorOf(oneOperator(16)).message).toContain("operators that MoViNets never use: LSTM");
    expect(errorOf(oneOperator(199)).message).toContain("operator 199");
    expect(errorOf(oneOperator(18)).message).toContain("the output: expected a dense layer");
  });

  test("random bytes behind a header", () => {
    for (let seed = 0; seed < 300; seed++) {
      const draw = numbers(seed);
      const bytes = Uint8Array.from({ length: 16 + draw(2000) }, () => (draw(3) === 0 ? draw(256) : draw(16)));
      bytes.set([8 + draw(8), 0, 0, 0, 84, 70, 76, 51]);
      expect(errorOf(bytes).code).toMatch(/^E_MODEL_/);
    }
  });
});

describe.skipIf(!hasShared)(`damaged files${reason}`, () => {
  const path = "golden/tflite/a0_stream_relu6_nose_int8.tflite";

  test("truncated anywhere", () => {
    const bytes = sharedFile(path);
    for (let part = 0; part < 40; part++) {
      const length = Math.floor((bytes.length * part) / 40);
      expect(errorOf(bytes.subarray(0, length)).code).toBe("E_MODEL_FORMAT");
    }
  });

  test("garbled structure gives a ModelError or a model", () => {
    const original = new Uint8Array(sharedFile(path));
    let refused = 0;
    for (let seed = 0; seed < 60; seed++) {
      const draw = numbers(seed);
      const bytes = original.slice();
      // The tables stand at the end of the file, the weights before them.
      for (let k = 0; k < 20; k++) bytes[bytes.length - 1 - draw(150_000)] = draw(256);
      try {
        locateTflite(bytes, path);
      } catch (error) {
        expect(error).toBeInstanceOf(ModelError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(20);
  });

  test("a network that is nearly a variant is told from it", () => {
    const found = findNetwork(buildFlow(readModel(sharedFile(path), path), path));
    const without = { ...found, layers: found.layers.slice(1) };
    expect(() => identifyVariant(without, path)).toThrow(
      told("E_MODEL_FORMAT", /the closest is a0: it has 14 layers instead of 15, and block0\.layer0 is/),
    );
    const layers = found.layers.map((layer, i) =>
      i === 2 ? { ...layer, expansion: { ...layer.expansion, filters: 96 } } : layer,
    );
    expect(() => identifyVariant({ ...found, layers }, path)).toThrow(
      told(
        "E_MODEL_FORMAT",
        /the closest is a0: block1\.layer1 is 32 → 96 → 32 channels, kernel 3×3×3, stride 1, identity as skip instead of 32 → 80/,
      ),
    );
  });
});

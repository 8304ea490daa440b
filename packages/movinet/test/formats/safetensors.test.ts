import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ModelError } from "../../src/common/errors.ts";
import { halfToFloat } from "../../src/common/half.ts";
import { readModel, writeModel } from "../../src/formats/model-file.ts";
import { openSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts";
import { hashedModel } from "../laws/models.ts";
import { told } from "../told.ts";

const tensors = fc.dictionary(
  fc.string({ minLength: 1 }).filter((name) => name !== "__metadata__" && name !== "__proto__"),
  fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }).chain((shape) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return fc
      .array(fc.float({ noNaN: true }), { minLength: size, maxLength: size })
      .map((data) => ({ shape, data: Float32Array.from(data) }));
  }),
);

test("what is written is read back", () => {
  fc.assert(
    fc.property(tensors, fc.string(), (record, note) => {
      const bytes = writeSafetensors(new Map(Object.entries(record)), { note });
      const { tensors, metadata } = openSafetensors(bytes, "test");
      expect(Object.fromEntries(tensors())).toEqual(record);
      expect(metadata).toEqual({ note });
      const view = openSafetensors(Buffer.concat([Buffer.alloc(3), bytes]).subarray(3), "test");
      expect(view.tensors(), "a view of other bytes, whose slice copies nothing").toEqual(tensors());
    }),
  );
});

test("no damage crashes the reader or passes silently as another error", () => {
  const bytes = writeSafetensors(new Map([["a", { shape: [2, 3], data: new Float32Array(6) }]]), {});
  let refused = 0;
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }), fc.boolean(), (at, value, cut) => {
      const damaged = cut ? bytes.slice(0, at) : bytes.with(at, value);
      try {
        openSafetensors(damaged, "test").tensors();
      } catch (error) {
        expect(error).toBeInstanceOf(ModelError);
        refused++;
      }
    }),
    { numRuns: 500 },
  );
  expect(refused).toBeGreaterThan(250);
});

test.each([
  [0x3c00, 1],
  [0xc000, -2],
  [0x0001, 2 ** -24],
  [0x7bff, 65504],
  [0x7c00, Number.POSITIVE_INFINITY],
  [0x8000, -0],
])("half %i is %d", (bits, value) => {
  expect(halfToFloat(bits)).toBe(value);
});

describe("a model file", () => {
  const model = hashedModel("t0-stream", { classes: 3 });

  test("holds spec, card and weights", () => {
    const card = { ...model.card, labels: ["a", "b", "c"] };
    const read = readModel(writeModel({ ...model, card }), "test");
    expect(read.spec).toEqual(model.spec);
    expect(read.card).toEqual(card);
    expect(read.weights).toEqual(new Map([...model.weights].sort(([a], [b]) => (a < b ? -1 : 1))));
    expect(read.format).toBe("safetensors");
  });

  test("one error lists everything that does not fit", () => {
    const weights = new Map(model.weights);
    weights.delete("stem.kernel");
    weights.set("stem.extra", { shape: [1], data: new Float32Array(1) });
    weights.set("head.kernel", { shape: [2, 2], data: new Float32Array(4) });
    expect(() => readModel(writeModel({ ...model, weights }), "m.safetensors")).toThrow(
      told(
        "E_MODEL_TENSORS",
        "m.safetensors: its tensors do not match t0-stream: 1 missing: stem.kernel; 1 unused: stem.extra; " +
          "1 with the wrong shape: head.kernel [2,2] instead of [1,1,104,240]. Use the weights of this network.",
      ),
    );
  });

  test("labels must be as many as classes", () => {
    const card = { ...model.card, labels: ["a"] };
    expect(() => readModel(writeModel({ ...model, card }), "m")).toThrow(
      told("E_MODEL_FORMAT", /1 labels, but the model has 3 classes/),
    );
  });

  test("a plain safetensors file says what it lacks", () => {
    expect(() => readModel(writeSafetensors(new Map(), {}), "other.safetensors")).toThrow(
      told("E_MODEL_FORMAT", /has no movinet.spec/),
    );
  });
});

import { describe, expect, test } from "vitest";
import { buildGraph } from "../../src/arch/build.ts";
import { randomWeights } from "../../src/arch/random-weights.ts";
import { specOf } from "../../src/arch/spec.ts";
import { emitBlocked } from "../../src/formats/onnx/write/blocked.ts";
import { buildTraining } from "../../src/graph/gradient.ts";
import type { Graph } from "../../src/graph/ir.ts";
import { lowerForInference, renameValues } from "../../src/graph/passes.ts";
import type { NumberType } from "../../src/graph/precision.ts";
import { type Storage, storeConstant } from "../../src/graph/storage.ts";

const int8: Storage = { dtype: "int8", kinds: ["dense"], leastElements: 6 };
const halves: Storage = { dtype: "float16", kinds: ["dense", "vector"], leastElements: 2 };
const kernel = Float32Array.of(1, -2, 0.5, 0, 0, 0);

describe("a constant", () => {
  test("as int8 has a scale for each channel, by which its peak is 127", () => {
    const { dtype, data, quantization } = storeConstant(int8, "dense", kernel, 2);
    expect(dtype).toBe("int8");
    expect([...data]).toEqual([64, -127, 32, 0, 0, 0]);
    expect(quantization).toEqual({ scale: Float32Array.of(2 / 127, 1), zeroPoint: new Int32Array(2), axis: 0 });
  });

  test("as float16 has the bits of the nearest halves", () => {
    expect(storeConstant(halves, "vector", Float32Array.of(1, -2), 2)).toEqual({
      dtype: "float16",
      data: Uint16Array.of(0x3c00, 0xc000),
      quantization: null,
    });
  });

  test.each([
    ["of another kind", int8, "depthwise", kernel, 2],
    ["that is small", int8, "dense", kernel.slice(1), 5],
    ["of a single channel", int8, "dense", kernel, 1],
    ["that is small", halves, "vector", Float32Array.of(1), 1],
  ] as const)("%s stays float32", (_, storage, kind, data, channels) => {
    expect(storeConstant(storage, kind, data, channels)).toEqual({ dtype: "float32", data, quantization: null });
  });
});

describe("a graph with a value or a parameter that is no float32", () => {
  const graph = buildGraph(specOf("t0-base", { classes: 3, resolution: { height: 32, width: 32 } }), {
    form: "clip",
    frames: 1,
  });
  const weights = randomWeights(graph, 1);
  const quantization = { scale: Float32Array.of(0.1), zeroPoint: Int32Array.of(3), axis: 0 };
  const type: NumberType = { dtype: "int8", quantization };
  const name = "classifier2.bias";
  const graphs: readonly (readonly [string, Graph])[] = [
    ["head.pool", { ...graph, types: { "head.pool": type } }],
    [
      name,
      { ...graph, params: { ...graph.params, [name]: { ...(graph.params[name] as Graph["params"][string]), type } } },
    ],
  ];
  const readers: Readonly<Record<string, (graph: Graph) => unknown>> = {
    training: (quantized) => buildTraining(quantized),
    "the blocked layout": (quantized) => emitBlocked(lowerForInference(quantized), weights, { block: 8 }),
  };

  test.each(Object.entries(readers))("is refused by %s", (reader, read) => {
    for (const [what, quantized] of graphs) {
      expect(() => read(quantized)).toThrow(`internal: ${what} is int8, but ${reader} supports only float32`);
    }
  });

  test("keeps its types where values are renamed", () => {
    const renamed = renameValues(graphs[0]?.[1] as Graph, new Map([["head.pool", "pooled"]]));
    expect(renamed.types).toEqual({ pooled: type });
  });
});

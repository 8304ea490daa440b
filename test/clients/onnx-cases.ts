/** ONNX files in every form and precision, of networks that have every operator between them. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession } from "onnxruntime-node";
import { type Case, type Written, writeCases } from "./material.ts";

export interface WrittenOnnx extends Written {
  /** Shapes by name; sizes that are open are 1. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
}

const streams = ["step", "clip"] as const;
const precisions = ["float32", "float16"] as const;
/** Its halves are odd and even. */
const uneven = { resolution: { height: 64, width: 70 } };

function casesOf(name: "a0" | "a3" | "t0", dtypes: readonly (typeof precisions)[number][]): Case[] {
  return dtypes.flatMap((dtype) => [
    ...streams.map((form) => ({ spec: `${name}-stream`, options: uneven, format: "onnx", form, dtype }) as const),
    { spec: `${name}-base`, options: uneven, format: "onnx", form: "clip", dtype } as const,
  ]);
}

const relu6 = { squeezeExcite: "none", activation: "relu6", classifierActivation: "relu6" } as const;
const rare = { positionalEncoding: true, convType: "3d", activation: "swish", gate: "hard_sigmoid_a" } as const;

export const onnxCases: readonly Case[] = [
  ...casesOf("a0", precisions),
  ...casesOf("a3", ["float32"]),
  ...casesOf("t0", ["float32"]),
  { spec: "a1-stream", options: uneven, format: "onnx", form: "step", dtype: "float32" },
  { spec: "a2-stream", options: uneven, format: "onnx", form: "clip", dtype: "float16" },
  ...streams.map((form) => ({ spec: "a0-stream", options: relu6, format: "onnx", form, dtype: "float32" }) as const),
  ...streams.map((form) => ({ spec: "t0-stream", options: rare, format: "onnx", form, dtype: "float32" }) as const),
  { spec: "t0-base", options: { squeezeExcite: "2plus3d" }, format: "onnx", form: "clip", dtype: "float32" },
];

/** Writes them with the shapes of their inputs, which old runtimes do not tell. */
export async function writeOnnxCases(folder: string): Promise<readonly WrittenOnnx[]> {
  const written: WrittenOnnx[] = [];
  for (const one of await writeCases(folder, onnxCases)) {
    const session = await InferenceSession.create(readFileSync(one.file), { logSeverityLevel: 3 });
    const tensors = session.inputMetadata.filter((input) => input.isTensor);
    const shapeOf = (shape: readonly (number | string)[]) => shape.map((size) => (typeof size === "number" ? size : 1));
    written.push({ ...one, inputs: Object.fromEntries(tensors.map(({ name, shape }) => [name, shapeOf(shape)])) });
    await session.release();
  }
  writeFileSync(join(folder, "expected.json"), JSON.stringify(written));
  return written;
}

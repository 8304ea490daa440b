import { buildGraph } from "../../arch/build.ts";
import type { Spec } from "../../arch/spec.ts";
import { ModelError } from "../../common/errors.ts";
import { halvesToFloats } from "../../common/half.ts";
import { lowerForInference } from "../../graph/passes.ts";
import { elementsOf } from "../../graph/shapes.ts";
import { reversed, type Weights } from "../../graph/tensor.ts";
import type { Card } from "../../model/card.ts";
import { checkWeights } from "../../model/check-weights.ts";
import { readOwn } from "../../model/metadata.ts";
import { unfold } from "../tflite/read/own.ts";
import { elementType, type ReadOnnx, readOnnx } from "./proto.ts";
import { onnxForms, onnxPrecisions } from "./write/file.ts";

/**
 * Reads the description of one of our ONNX files. Throws {@link ModelError}: `E_MODEL_FORMAT` for a damaged file and
 * for one that runs nested graphs, `E_MODEL_SIGNATURE` for third-party files.
 */
export function openOnnx(bytes: Uint8Array, subject: string) {
  const refuse = (code: string, problem: string, cause?: unknown) =>
    new ModelError({ code, subject, problem, remedy: "Use an ONNX file written by movinet convert", cause });
  let file: ReadOnnx;
  try {
    file = readOnnx(bytes);
  } catch (cause) {
    throw refuse("E_MODEL_FORMAT", `it is not a valid ONNX file (${(cause as Error).message})`, cause);
  }
  const { metadata, tensors, refused } = file;
  if (!metadata["movinet.export"]) {
    throw refuse("E_MODEL_SIGNATURE", "it is an ONNX file from another program, with unknown inputs");
  }
  const opened = readOwn(metadata, { forms: onnxForms, precisions: onnxPrecisions }, subject);
  const [first] = refused;
  if (first !== undefined) throw refuse("E_MODEL_FORMAT", `it uses ${first}, which movinet files never do`);
  return { ...opened, tensors };
}

/**
 * Reads one of our ONNX files as a network: weights by name. They are those the file computes with: identity norms,
 * residual scales of 1. Throws {@link ModelError}: what {@link openOnnx} throws, and `E_MODEL_TENSORS` for missing
 * tensors.
 */
export function readOwnOnnx(bytes: Uint8Array, subject: string): { spec: Spec; card: Card; weights: Weights } {
  const { spec, card, facts, graph, tensors } = openOnnx(bytes, subject);
  const { form, frames } = facts;
  if (form === "step" && spec.mode === "base") throw damaged(subject, "a base model has no step form");
  const constant = (name: string, count: number): Float32Array | null => {
    const tensor = tensors.get(name) ?? tensors.get(`${name}/half`);
    if (tensor === undefined) return null;
    const { dims, type, data } = tensor;
    const bytesOf = { [elementType.float]: 4, [elementType.float16]: 2 }[type] ?? 0;
    if (elementsOf(dims) !== count || data.length !== count * bytesOf) {
      throw damaged(subject, `its tensor ${name} [${dims}] should have ${count} elements`);
    }
    const { buffer } = new Uint8Array(data);
    return type === elementType.float ? new Float32Array(buffer) : halvesToFloats(new Uint16Array(buffer));
  };
  const lowered = lowerForInference(buildGraph(spec, { form, frames }));
  const weights = unfold(lowered, {
    vector: constant,
    dense(name, inputs, filters) {
      const kernel = constant(name, inputs * filters);
      const window = elementsOf(lowered.params[name]?.shape.slice(0, -2) ?? []);
      return kernel && reversed(kernel, [filters, inputs / window, window]);
    },
    tap(name, tap, window, channels) {
      const kernel = constant(`${name}#${tap}`, window * channels);
      return kernel && reversed(kernel, [channels, 1, window]);
    },
  });
  checkWeights(graph, weights, subject);
  return { spec, card, weights };
}

function damaged(subject: string, problem: string): ModelError {
  return new ModelError({
    code: "E_MODEL_FORMAT",
    subject,
    problem,
    remedy: "Use an unmodified ONNX file written by movinet convert",
  });
}

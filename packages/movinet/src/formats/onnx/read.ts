import { ModelError } from "../../common/errors.ts";
import { halvesToFloats } from "../../common/half.ts";
import { elementsOf } from "../../graph/shapes.ts";
import { reversed } from "../../graph/tensor.ts";
import { checkWeights } from "../../model/check-weights.ts";
import { readOwn } from "../../model/metadata.ts";
import type { Model } from "../../model/model.ts";
import { unfold } from "../tflite/read/own.ts";
import { elementType, type ReadOnnx, readOnnx } from "./proto.ts";
import { factorName } from "./write/emit.ts";
import { lowerForOnnx, onnxForms, onnxPrecisions } from "./write/file.ts";

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
export function readOwnOnnx(bytes: Uint8Array, subject: string): Model {
  const { spec, card, integers, facts, graph, tensors } = openOnnx(bytes, subject);
  const { form } = facts;
  if (form === "step" && spec.mode === "base") throw damaged(subject, "a base model has no step form");
  /** The numbers of a tensor of `count` elements, or null. */
  const numbers = (name: string, count: number) => {
    const tensor = tensors.get(name);
    if (tensor === undefined) return null;
    const { dims, type, data } = tensor;
    const read = readers[type];
    if (read === undefined || elementsOf(dims) !== count || data.length !== count * read.bytes) {
      throw damaged(subject, `its tensor ${name} [${dims}] should have ${count} elements`);
    }
    return read.numbers(new Uint8Array(data).buffer);
  };
  /** Floats as they are, halves as floats, integers by the scale of their channel. */
  const constant = (name: string, count: number, channels: number): Float32Array | null => {
    const floats = numbers(name, count) ?? numbers(`${name}/half`, count);
    if (floats !== null) return floats as Float32Array;
    const integers = numbers(`${name}/int8`, count) ?? numbers(`${name}/int32`, count);
    const scale = integers && numbers(`${name}/scale`, channels);
    if (!integers || !scale) return null;
    const inner = count / channels;
    return Float32Array.from(integers, (integer, i) => integer * (scale[Math.floor(i / inner)] as number));
  };
  const lowered = lowerForOnnx(spec, facts, integers);
  const weights = unfold(lowered, {
    vector: (name, count) => constant(name, count, count) ?? (numbers(factorName(name), count) as Float32Array | null),
    dense(name, inputs, filters) {
      const kernel = constant(name, inputs * filters, filters);
      const window = elementsOf(lowered.params[name]?.shape.slice(0, -2) ?? []);
      return kernel && reversed(kernel, [filters, inputs / window, window]);
    },
    tap(name, tap, window, channels) {
      const kernel = constant(`${name}#${tap}`, window * channels, channels);
      return kernel && reversed(kernel, [channels, 1, window]);
    },
  });
  checkWeights(graph, weights, subject);
  return { spec, card, weights, integers };
}

/** How the numbers of a type of element are stored. */
const readers: Readonly<
  Record<number, { readonly bytes: number; numbers(buffer: ArrayBuffer): Float32Array | Int8Array | Int32Array }>
> = {
  [elementType.float]: { bytes: 4, numbers: (buffer) => new Float32Array(buffer) },
  [elementType.float16]: { bytes: 2, numbers: (buffer) => halvesToFloats(new Uint16Array(buffer)) },
  [elementType.int8]: { bytes: 1, numbers: (buffer) => new Int8Array(buffer) },
  [elementType.int32]: { bytes: 4, numbers: (buffer) => new Int32Array(buffer) },
};

function damaged(subject: string, problem: string): ModelError {
  return new ModelError({
    code: "E_MODEL_FORMAT",
    subject,
    problem,
    remedy: "Use an unmodified ONNX file written by movinet convert",
  });
}

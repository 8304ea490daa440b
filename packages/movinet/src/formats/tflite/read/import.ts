import type { Spec } from "../../../arch/spec.ts";
import { normEpsilon } from "../../../graph/ir.ts";
import type { Precision } from "../../../graph/precision.ts";
import type { Integers } from "../../../graph/quantize.ts";
import { elementsOf } from "../../../graph/shapes.ts";
import { reversed, type Tensor, type Weights } from "../../../graph/tensor.ts";
import { checkWeights } from "../../../model/check-weights.ts";
import { checkSize } from "../../../model/limits.ts";
import { elementCount, readConstant } from "./constants.ts";
import { buildFlow, type Flow } from "./flow.ts";
import { identifyVariant } from "./identify.ts";
import { findIntegers, OtherIntegers } from "./integers.ts";
import { NoMatch } from "./match-flow.ts";
import type { FoundConv } from "./patterns.ts";
import { readModel, type TfliteModel, type TfliteTensor } from "./schema.ts";
import { type FoundNetwork, findNetwork } from "./structure.ts";

export interface TfliteImport {
  readonly spec: Spec;
  /** Under the canonical names, dequantized; norms are identities, because converters fold them. */
  readonly weights: Weights;
  /** How the file stores and computes. */
  readonly dtype: Precision;
  /** The activation the file applies to the logits; a {@link Spec} network always returns logits. */
  readonly output: "logits" | "softmax" | "sigmoid";
  /** How a full int8 file computes; a string says why that is not kept, and is null for the others. */
  readonly integers: Integers | string | null;
}

/**
 * Reads the TFLite file of a MoViNet stream model (A0–A5, T0; 2plus1d) by the structure of its operators: tensor names
 * are ignored, so files from any exporter work. Float32, float16, dynamic-range and full int8 weights.
 *
 * Throws a ModelError with the file as subject: `E_MODEL_FORMAT` for a damaged file and for one that is not a MoViNet,
 * `E_MODEL_TENSORS` if tensors do not match the network.
 */
export function readTflite(bytes: Uint8Array, subject: string): TfliteImport {
  return importTflite(readModel(bytes, subject), subject);
}

/** The same of a file whose structure was read. */
export function importTflite(file: TfliteModel, subject: string): TfliteImport {
  const { spec, parts, dtype, output, flow } = locateParts(file, subject);
  const named = Object.entries(parts);
  checkWeights(
    checkSize(spec, 1, subject),
    new Map(named.map(([name, part]) => [name, { shape: shapeOf(part) }])),
    subject,
  );
  const weights = new Map(named.map(([name, part]) => [name, tensorOf(part, subject)]));
  return { spec, weights, dtype, output, integers: dtype === "int8" ? keptIntegers(file, flow, spec, weights) : null };
}

function keptIntegers(file: TfliteModel, flow: Flow, spec: Spec, weights: Weights): Integers | string {
  try {
    return findIntegers(file, flow, spec, weights);
  } catch (error) {
    if (error instanceof OtherIntegers || error instanceof NoMatch) return error.message;
    throw error;
  }
}

/** The position of a network parameter in a file: `value = scale · stored + shift`, or a constant of the reader. */
export type TflitePart =
  | {
      readonly kind: "tensor";
      readonly tensor: TfliteTensor;
      /** `dense`: [out, kh, kw, in] → [kh, kw, in, out]; `depthwise`: [1, kh, kw, channels] → [kh, kw, channels, 1]. */
      readonly layout: "dense" | "depthwise" | "vector";
      readonly scale: number;
      readonly shift: number;
    }
  | { readonly kind: "fill"; readonly shape: readonly number[]; readonly value: number };

export interface TfliteLocation extends Omit<TfliteImport, "weights" | "integers"> {
  /** By canonical name. */
  readonly parts: Readonly<Record<string, TflitePart>>;
}

/** The first half of {@link readTflite}: maps tensors of the file to parameters. */
export function locateTflite(bytes: Uint8Array, subject: string): TfliteLocation {
  return locateParts(readModel(bytes, subject), subject);
}

function locateParts(file: TfliteModel, subject: string): TfliteLocation & { readonly flow: Flow } {
  const flow = buildFlow(file, subject);
  const found = findNetwork(flow);
  const { name, variant } = identifyVariant(found, subject);
  const spec: Spec = {
    variant: name,
    mode: "stream",
    stem: variant.stem,
    blocks: variant.blocks,
    head: variant.head,
    hidden: variant.hidden,
    convType: "2plus1d",
    squeezeExcite: found.squeezeExcite,
    activation: found.activation,
    gate: found.gate ?? "hard_sigmoid_b",
    classifierActivation: found.classifierActivation,
    positionalEncoding: found.positionalEncoding,
    classes: found.dense2.filters,
    resolution: found.resolution,
  };
  return { spec, parts: nameParts(found, spec), dtype: dtypeOf(flow, found), output: found.output, flow };
}

function nameParts(found: FoundNetwork, spec: Spec): Record<string, TflitePart> {
  const parts: Record<string, TflitePart> = {};
  const fill = (value: number, ...shape: number[]): TflitePart => ({ kind: "fill", shape, value });
  const bias = ({ bias, filters }: FoundConv, scale = 1, shift = 0): TflitePart =>
    bias ? { kind: "tensor", tensor: bias, layout: "vector", scale, shift } : fill(shift, filters);
  const kernel = ({ kernel }: FoundConv, layout: "dense" | "depthwise", scale = 1): TflitePart => ({
    kind: "tensor",
    tensor: kernel,
    layout,
    scale,
    shift: 0,
  });
  const norm = (name: string, conv: FoundConv) => {
    parts[`${name}.gamma`] = fill(1, conv.filters);
    parts[`${name}.beta`] = bias(conv);
    parts[`${name}.mean`] = fill(0, conv.filters);
    parts[`${name}.variance`] = fill(1 - normEpsilon, conv.filters);
  };
  const convNorm = (name: string, conv: FoundConv, scale = 1) => {
    parts[`${name}.kernel`] = kernel(conv, "dense", scale);
    norm(`${name}.norm`, conv);
  };
  const convBias = (name: string, conv: FoundConv, gain = 1) => {
    parts[`${name}.kernel`] = kernel(conv, "dense", gain);
    parts[`${name}.bias`] = bias(conv);
  };

  convNorm("stem", found.stem);
  const names = spec.blocks.flatMap(({ layers }, b) => layers.map((_, l) => `block${b}.layer${l}`));
  for (const [i, { expansion, spatial, temporal, squeeze, projection, rezero, skip }] of found.layers.entries()) {
    const name = names[i] as string;
    convNorm(`${name}.expansion`, expansion);
    parts[`${name}.feature.depthwise.kernel`] = kernel(spatial, "depthwise");
    norm(`${name}.feature.norm`, spatial);
    if (temporal) {
      parts[`${name}.temporal.kernel`] = kernel(temporal, "depthwise");
      norm(`${name}.temporal.norm`, temporal);
    }
    if (squeeze) {
      const { posenc, reduce, meanGain, expand, gate } = squeeze;
      if (posenc !== null) parts[`${name}.posenc`] = fill(posenc / meanGain);
      convBias(`${name}.se_reduce`, reduce, meanGain);
      parts[`${name}.se_expand.kernel`] = kernel(expand, "dense", gate.scale);
      parts[`${name}.se_expand.bias`] = bias(expand, gate.scale, gate.shift);
    }
    convNorm(`${name}.projection`, projection, squeeze?.gate.gain);
    if (skip) convNorm(`${name}.skip`, skip);
    parts[`${name}.rezero`] = fill(rezero);
  }
  convNorm("head", found.head);
  convBias("classifier1", found.dense1, found.meanGain);
  convBias("classifier2", found.dense2);
  return parts;
}

function shapeOf(part: TflitePart): readonly number[] {
  if (part.kind === "fill") return part.shape;
  const { shape } = part.tensor;
  if (part.layout === "vector") return [elementCount(shape) ?? 0];
  const [filters = 1, height = 1, width = 1, inputs = 1] = shape.length === 2 ? [shape[0], 1, 1, shape[1]] : shape;
  return part.layout === "depthwise" ? [height, width, inputs, 1] : [height, width, inputs, filters];
}

function tensorOf(part: TflitePart, subject: string): Tensor {
  const shape = shapeOf(part);
  if (part.kind === "fill") return { shape, data: new Float32Array(elementsOf(shape)).fill(part.value) };
  const { tensor, layout, scale, shift } = part;
  const stored = readConstant(tensor, subject, true);
  const data = scale === 1 && shift === 0 ? stored : stored.map((value) => scale * value + shift);
  if (layout !== "dense") return { shape, data: data === stored ? data.slice() : data };
  const filters = shape.at(-1) ?? 1;
  return { shape, data: reversed(data, [filters, 1, data.length / filters]) };
}

function dtypeOf(flow: Flow, { stem, layers, head, dense1, dense2 }: FoundNetwork): Precision {
  const inner = layers.flatMap(({ squeeze, ...convs }) => [
    ...Object.values(convs).filter((conv) => conv !== null && typeof conv === "object"),
    ...(squeeze ? [squeeze.reduce, squeeze.expand] : []),
  ]);
  const convs = [stem, ...inner, head, dense1, dense2];
  const types = new Set(convs.map(({ kernel }) => kernel.type));
  if (types.has("int8") || types.has("uint8")) {
    const quantized = convs.some(({ x }) => /int/.test(flow.tensor(x)?.type ?? ""));
    return quantized ? "int8" : "dynamic_int8";
  }
  return types.has("float16") ? "float16" : "float32";
}

/** The integers of a third-party file: how it computes, so that a model says it again and is written with the same numbers. */
import type { Spec } from "../../../arch/spec.ts";
import { integersOf } from "../../../graph/integers.ts";
import type { Graph, Node } from "../../../graph/ir.ts";
import { resolveParams, sourceOf } from "../../../graph/params.ts";
import type { NumberType, Quantization } from "../../../graph/precision.ts";
import { type Integers, quantizeGraph, type Range } from "../../../graph/quantize.ts";
import { reversed, type Weights } from "../../../graph/tensor.ts";
import { lowerForTflite } from "../write/lower.ts";
import { readStored } from "./constants.ts";
import type { Flow } from "./flow.ts";
import { matchFlow } from "./match-flow.ts";
import type { TfliteModel, TfliteTensor } from "./schema.ts";

/** Why the integers of a file cannot be kept, in words that follow "because". */
export class OtherIntegers extends Error {}

/**
 * The grids of a file's values as ranges, and the integers that its weights are rounded to. Throws {@link OtherIntegers} if a model cannot
 * say them all: nothing is kept that would not be written again as it was.
 */
export function findIntegers(file: TfliteModel, flow: Flow, spec: Spec, weights: Weights): Integers {
  const graph = lowerForTflite(spec, { form: "step", dtype: "int8", frames: 1 }, { ...none, steps: "converter" });
  const { values, constants } = matchFlow(graph, file, flow);
  const grids = new Map([...values].flatMap(([value, tensor]) => (tensor.type === "int8" ? [[value, tensor]] : [])));
  const ranges = Object.fromEntries([...grids].map(([value, tensor]) => [value, rangeOf(tensor)]));
  const floats = [...constants].flatMap(([node, { kernel }]) => (kernel.type === "int8" ? [] : [node]));
  const found: Integers = { ranges, floats, steps: "converter" };
  const quantized = quantizeGraph(graph, weights, found);
  for (const [value, tensor] of grids) requireSame(value, quantized.types?.[value], tensor, 1);

  const param = resolveParams(graph, weights);
  const biases: Record<string, Record<string, number>> = {};
  for (const node of quantized.nodes) {
    const stored = constants.get(node.id);
    if (stored === undefined || !("kernel" in node)) continue;
    const { kernel, bias } = quantized.params[node.kernel]?.type ? stored : { kernel: null, bias: null };
    if (kernel) requireSameNumbers(node.kernel, quantized, param(node.kernel), kernel, flow.subject, layoutOf(node));
    if (!bias || node.bias === null) continue;
    const { type } = quantized.params[node.bias] ?? {};
    requireSame(node.bias, type, bias, bias.shape[0] ?? 1);
    const [own, theirs] = [integersOf(param(node.bias), type as NumberType), readStored(bias, flow.subject)];
    const others = [...own.entries()].filter(([i, integer]) => integer !== theirs[i]);
    if (others.some(([i, integer]) => Math.abs(integer - (theirs[i] as number)) > mostBiasSteps(theirs[i] as number))) {
      throw new OtherIntegers(`the bias ${bias.name} is not that of its layer`);
    }
    if (others.length > 0) {
      biases[sourceOf(graph, node.bias)] = Object.fromEntries(others.map(([i]) => [i, theirs[i] as number]));
    }
  }
  return Object.keys(biases).length === 0 ? found : { ...found, biases };
}

const none: Integers = { ranges: {}, floats: [] };

/** A float32 has 24 bits: larger integers may be some steps off, and so may those next to which a gate's 3 was added. */
function mostBiasSteps(integer: number): number {
  return Math.max(2, Math.abs(integer) * 2 ** -22);
}

/** From the least to the largest number of a tensor's grid. */
function rangeOf({ name, quantization }: TfliteTensor): Range {
  const { scale = [], zeroPoint = [] } = quantization ?? {};
  const [[step], [zero = 0]] = [scale, zeroPoint];
  if (step === undefined || scale.length !== 1) throw new OtherIntegers(`the values of ${name} have no single scale`);
  return [step * (-128 - zero), step * (127 - zero)];
}

type Layout = "dense" | "depthwise" | "vector";

function layoutOf(node: Node): Layout {
  return node.op === "conv" ? "dense" : "depthwise";
}

/** Throws unless a parameter has the grid of a tensor of `channels`, or of one for all. */
function requireSame(name: string, type: NumberType | undefined, tensor: TfliteTensor, channels: number): void {
  const { scale, zeroPoint } = tensor.quantization ?? { scale: [], zeroPoint: [] };
  const own = type?.quantization as Quantization;
  const zero = (i: number) => zeroPoint[zeroPoint.length > 1 ? i : 0] ?? 0;
  const same =
    scale.length === channels &&
    own.scale.length === channels &&
    scale.every((step, i) => step === own.scale[i] && zero(i) === own.zeroPoint[i]);
  if (!same) throw new OtherIntegers(`the scales of ${tensor.name} are not those that ${name} would have`);
}

function requireSameNumbers(
  name: string,
  { params }: Graph,
  data: Float32Array,
  tensor: TfliteTensor,
  subject: string,
  layout: Layout,
): void {
  const type = params[name]?.type as NumberType;
  const { shape } = tensor;
  const channels = (layout === "dense" ? shape[0] : shape.at(-1)) ?? 1;
  requireSame(name, type, tensor, channels);
  const [rows, inner] =
    layout === "dense" ? [reversed(data, [data.length / channels, 1, channels]), data.length / channels] : [data, 1];
  const own = integersOf(rows, type, inner);
  const theirs = readStored(tensor, subject, true);
  if (own.some((integer, i) => integer !== theirs[i])) {
    throw new OtherIntegers(`the integers of ${tensor.name} are not those that ${name} would have`);
  }
}

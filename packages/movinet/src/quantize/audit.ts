/** Whether the numbers in an int8 file are those of its model, and fit what the model computes. */
import { readModel } from "../formats/model-file.ts";
import { readModel as readTensors, type TfliteTensor } from "../formats/tflite/read/schema.ts";
import { lowerForTflite } from "../formats/tflite/write/lower.ts";
import { resolveParams } from "../graph/params.ts";
import { usedParams } from "../graph/passes.ts";
import type { Model } from "../model/model.ts";
import type { Calibration } from "./calibrate.ts";
import { decibels } from "./decibels.ts";

/** Signal to noise of rounded weights in decibels: 8 bits for each channel give about 40. */
const leastWeights = 25;
/** Share of a value's numbers that may lie outside its range. */
const mostClipped = 0.01;
/** A range may be wider than what occurs by this factor. */
const widest = 4;
/** Relative difference between a bias's scale and the product of those of its layer's input and kernel. */
const scaleTolerance = 1e-4;

/**
 * What is wrong with a file of the model, a sentence for each; `seen` are the values on clips that did not choose its ranges, if it has any.
 * Answers alone would not tell: networks outvote one wrong layer.
 */
export function auditFile(bytes: Uint8Array, model: Model, seen: Calibration | null): readonly string[] {
  const { tensors, operators } = readTensors(bytes, model.card.name);
  return [
    ...weightProblems(bytes, model),
    ...operators.flatMap(({ op, inputs }) => {
      if (op !== "CONV_2D" && op !== "DEPTHWISE_CONV_2D") return [];
      const [x, kernel, bias] = inputs.map((input) => tensors[input]);
      return x && kernel && bias && kernel.type === "int8" ? biasProblems(x, kernel, bias) : [];
    }),
    ...(seen ? rangeProblems(tensors, seen) : []),
  ];
}

function weightProblems(bytes: Uint8Array, model: Model): readonly string[] {
  const lowered = lowerForTflite(model.spec, { form: "step", dtype: "int8", frames: 1 });
  const own = resolveParams(lowered, model.weights);
  const stored = resolveParams(lowered, readModel(bytes, model.card.name).weights);
  return usedParams(lowered).flatMap((name) => {
    const noise = likeness(own(name), stored(name));
    return noise >= leastWeights ? [] : [`the weights ${name} are not the model's (${noise.toFixed(0)} dB)`];
  });
}

/** Signal to noise of stored numbers, in decibels. */
function likeness(own: Float32Array, other: Float32Array): number {
  let [signal, noise] = [0, 0];
  for (const [i, value] of own.entries()) {
    signal += value ** 2;
    noise += (value - (other[i] as number)) ** 2;
  }
  return decibels(signal, noise);
}

function biasProblems(x: TfliteTensor, kernel: TfliteTensor, bias: TfliteTensor): readonly string[] {
  const [step = 0] = x.quantization?.scale ?? [];
  const scales = bias.quantization?.scale ?? [];
  const fits = (kernel.quantization?.scale ?? []).every(
    (scale, c) => Math.abs((scales[c] ?? 0) - scale * step) <= scaleTolerance * scale * step,
  );
  return fits ? [] : [`the scales of ${bias.name} do not match those of ${x.name} and ${kernel.name}`];
}

function rangeProblems(tensors: readonly TfliteTensor[], seen: Calibration): readonly string[] {
  const gridOf = ({ quantization }: TfliteTensor) => {
    const [scale = 0] = quantization?.scale ?? [];
    const [zero = 0] = quantization?.zeroPoint ?? [];
    return { key: `${scale} ${zero}`, range: [(-128 - zero) * scale, (127 - zero) * scale] as const };
  };
  const values = tensors.filter(({ name, type, data }) => type === "int8" && data === null && seen.values.has(name));
  const occurring = new Map<string, number>();
  for (const tensor of values) {
    const [low, high] = seen.extremes(tensor.name);
    const { key } = gridOf(tensor);
    occurring.set(key, Math.max(occurring.get(key) ?? 0, high - low));
  }
  return values.flatMap((tensor) => {
    const { key, range } = gridOf(tensor);
    const clipped = seen.outside(tensor.name, range);
    if (clipped > mostClipped) return [`${(100 * clipped).toFixed(0)} % of ${tensor.name} lies outside its range`];
    const times = (range[1] - range[0]) / (occurring.get(key) as number);
    return times > widest ? [`the range of ${tensor.name} is ${times.toFixed(0)} times as wide as its numbers`] : [];
  });
}

/** How integer kernels round where it is not to the nearest number of the exact result: networks amplify every step of difference. */
import { roundEven } from "./integers.ts";
import type { Graph, Node, NodeOf, Shape, Values } from "./ir.ts";
import type { Quantization } from "./precision.ts";
import { computesIntegers, writtenBy } from "./quantize.ts";

type Rounding = (node: Node, exact: Float64Array, values: Values) => Float64Array;

/** Replaces exact results of a node by those of an integer kernel before it rounds them to the grid of what it writes. */
export function kernelRounding(graph: Graph): Rounding {
  const types = graph.types ?? {};
  if (Object.keys(types).length === 0) return (_, exact) => exact;
  const written = writtenBy(graph);
  const gridOf = (value: string) => types[value]?.quantization as Quantization; // of an integer
  const stepOf = (value: string) => gridOf(value).scale[0] as number;
  // Part of the kernel before, whose result is already what it rounds.
  const fused = new Set(graph.nodes.flatMap((node) => (written(node) === node.id ? [] : [written(node)])));
  return (node, exact, values) => {
    if (fused.has(node.id)) return exact;
    const output = written(node);
    if (!computesIntegers(graph, node, output)) return singles(exact, gridOf(node.id));
    const step = stepOf(output);
    switch (node.op) {
      case "conv":
      case "depthwise": {
        const weights = graph.params[node.kernel]?.type?.quantization?.scale as Float32Array;
        return products(exact, graph.shapes[node.id] as Shape, weights, stepOf(node.x), step);
      }
      case "multiply":
        return products(exact, graph.shapes[node.id] as Shape, Float32Array.of(stepOf(node.b)), stepOf(node.a), step);
      case "scale": {
        const factor = graph.params[node.factor]?.type?.quantization?.scale as Float32Array;
        return products(exact, graph.shapes[node.id] as Shape, factor, stepOf(node.x), step);
      }
      case "add":
        return sums([node.a, node.b]);
      case "cumulativeSum":
        return sums([node.x, node.initial as string]);
      case "averagePool":
        return awayFromZero(exact, step, gridOf(output).zeroPoint[0] as number);
      case "spatialMean": {
        const { height, width } = graph.shapes[node.x] as Shape;
        return means(exact, height * width, gridOf(node.x), gridOf(output));
      }
      case "activation":
        return node.kind === "hard_swish" ? hardSwish(node) : exact;
      default:
        return exact;
    }

    function sums([a, b]: readonly [string, string]): Float64Array {
      const add = fixedPointSum(stepOf(a) / step, stepOf(b) / step);
      const [left, right] = [values[a] as Float64Array, values[b] as Float64Array];
      return exact.map((_, i) => {
        const [x, y] = [(left[i] as number) / stepOf(a), (right[i] as number) / stepOf(b)];
        return step * add(Math.round(x), Math.round(y));
      });
    }
    function hardSwish({ x }: NodeOf<"activation">): Float64Array {
      const swish = fixedPointSwish(stepOf(x), step);
      const integers = values[x] as Float64Array;
      return integers.map((value) => step * swish(Math.round(value / stepOf(x))));
    }
  };
}

/** Floats have single precision, also when they are multiplied by the inverse of a step. */
function singles(exact: Float64Array, grid: Quantization | undefined): Float64Array {
  const single = exact.map(Math.fround);
  if (grid === undefined) return single;
  const [step = 1] = grid.scale;
  const inverse = Math.fround(1 / step);
  return single.map((value) => Math.fround(value * inverse) * step);
}

/** XNNPACK multiplies a sum of products, as float32, by one float32: the quotient of the scales. */
function products(
  exact: Float64Array,
  { channels, height, width }: Shape,
  weights: Float32Array,
  input: number,
  step: number,
): Float64Array {
  return exact.map((value, i) => {
    const weight = weights[weights.length === 1 ? 0 : Math.floor(i / (height * width)) % channels] as number;
    const sum = Math.fround(Math.round(value / (input * weight)));
    return Math.fround(sum * Math.fround(Math.fround(input * weight) / step)) * step;
  });
}

/** XNNPACK adds with factors of 21 bits, and rounds halves up. */
function fixedPointSum(a: number, b: number): (x: number, y: number) => number {
  const [left, right] = [Math.fround(a), Math.fround(b)];
  const one = 2 ** (20 - Math.floor(Math.log2(Math.max(left, right))));
  const [p, q] = [Math.round(left * one), Math.round(right * one)];
  return (x, y) => Math.floor((x * p + y * q) / one + 0.5);
}

/** TFLite's pools divide the sum of the stored integers, of which a half is rounded away from 0. */
function awayFromZero(values: Float64Array, step: number, zero: number): Float64Array {
  return values.map((value) => {
    const stored = value / step + zero;
    const nearest = Math.sign(stored) * Math.floor(Math.abs(stored) + 0.5 + 1e-6);
    return (nearest - zero) * step;
  });
}

/** Means are of the stored integers, in float32. */
function means(exact: Float64Array, count: number, input: Quantization, output: Quantization): Float64Array {
  const [[from = 1], [to = 1]] = [input.scale, output.scale];
  const [[middle = 0], [zero = 0]] = [input.zeroPoint, output.zeroPoint];
  const ratio = Math.fround(Math.fround(from / to) / count);
  const offset = Math.fround(zero - Math.fround(Math.fround(middle * from) / to));
  return exact.map((value) => {
    const sum = Math.round((value * count) / from) + count * middle;
    return (roundEven(Math.fround(Math.fround(sum * ratio) + offset)) - zero) * to;
  });
}

/** TFLite's hard swish in 16 bits: `x · relu6(x + 3) / 6` of a number from the middle of its grid, in steps of the output. */
function fixedPointSwish(input: number, output: number): (x: number) => number {
  const fine = Math.fround(input / 128);
  const [gain, gainBits] = multiplierOf(Math.fround(fine / output));
  const [slope, slopeBits] = multiplierOf(Math.fround(fine / Math.fround(3 / 32768)));
  return (x) => {
    const hires = saturated(x * 128);
    const scaled = roundedProduct(hires, gain);
    let gate = slopeBits > 0 ? saturated(hires * 2 ** (slopeBits - 1)) : hires;
    gate = roundedProduct(gate, slope);
    if (slopeBits > 0) gate = saturated(gate * 2);
    if (slopeBits < 0) gate = divided(gate, -slopeBits);
    const open = (gate + 32768) >> 1;
    return divided(saturated(Math.trunc((open * scaled) / 32768)), -gainBits);
  };
}

/** A factor as 15 bits and a power of 2. */
function multiplierOf(factor: number): readonly [mantissa: number, bits: number] {
  const bits = Math.floor(Math.log2(factor)) + 1;
  const precise = Math.round((factor / 2 ** bits) * 2 ** 31);
  const [mantissa, exponent] = precise === 2 ** 31 ? [2 ** 30, bits + 1] : [precise, bits];
  return [Math.min(32767, (mantissa + 2 ** 15) >> 16), exponent];
}

const saturated = (x: number) => Math.max(-32768, Math.min(32767, x));

/** The high half of twice a product of 16-bit numbers, rounded; halves away from 0. */
function roundedProduct(a: number, b: number): number {
  const product = a * b;
  return saturated(Math.trunc((product + (product >= 0 ? 2 ** 14 : 1 - 2 ** 14)) / 2 ** 15));
}

/** Divided by a power of 2; halves away from 0. */
function divided(x: number, bits: number): number {
  if (bits <= 0) return x * 2 ** -bits;
  return Math.sign(x) * Math.floor(Math.abs(x) / 2 ** bits + 0.5);
}

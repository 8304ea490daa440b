/** Real numbers as integers on a grid, and back. */
import type { NumberType, Quantization } from "./precision.ts";

/** The largest weight: −128 has no counterpart. */
const largestWeight = 127;

/** Scales of int8 numbers symmetric around 0, one for each channel; `inner` elements of a channel follow each other. */
export function symmetricScales(data: Float32Array, channels: number, inner = 1): Float32Array {
  const peaks = new Float32Array(channels);
  for (let i = 0; i < data.length; i++) {
    const channel = Math.floor(i / inner) % channels;
    peaks[channel] = Math.max(peaks[channel] as number, Math.abs(data[i] as number));
  }
  return peaks.map((peak) => (peak > 0 ? peak / largestWeight : 1));
}

/** The number nearest to `x`; of two equally near ones the even one, as processors round. */
export function roundEven(x: number): number {
  const rounded = Math.round(x);
  return rounded - x === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

const limits = { int8: [-128, 127], int32: [-(2 ** 31), 2 ** 31 - 1] } as const;

/** The integers of real numbers whose dimension `axis` has this many elements of `inner` each. */
export function integersOf(
  data: ArrayLike<number>,
  { dtype, quantization }: NumberType,
  inner = 1,
): Int8Array | Int32Array {
  if (quantization === null || (dtype !== "int8" && dtype !== "int32"))
    throw new Error(`internal: ${dtype} has no grid`);
  const { scale, zeroPoint, exact = {} } = quantization;
  const [least, most] = limits[dtype];
  const integers = new (dtype === "int8" ? Int8Array : Int32Array)(data.length);
  for (let i = 0; i < integers.length; i++) {
    const channel = Math.floor(i / inner) % scale.length;
    const integer = roundEven((data[i] as number) / (scale[channel] as number)) + (zeroPoint[channel] as number);
    integers[i] = Math.max(least, Math.min(most, integer));
  }
  for (const [position, integer] of Object.entries(exact)) integers[Number(position)] = integer;
  return integers;
}

/** The real numbers nearest to `data` on the grid of a type. */
export function onGrid(data: ArrayLike<number>, type: NumberType, inner?: number): Float64Array {
  const { scale, zeroPoint } = type.quantization as Quantization;
  const integers = integersOf(data, type, inner);
  return Float64Array.from(integers, (integer, i) => {
    const channel = Math.floor(i / (inner ?? 1)) % scale.length;
    return (scale[channel] as number) * (integer - (zeroPoint[channel] as number));
  });
}

import { halvesToFloats } from "../../../common/half.ts";
import { refuse } from "./flatbuffer.ts";
import type { TfliteTensor } from "./schema.ts";

/** Bytes of an element, and how to read them. */
const readers = {
  float32: [4, (bytes: ArrayBufferLike, at: number, count: number) => new Float32Array(bytes, at, count)],
  float16: [2, (bytes, at, count) => halvesToFloats(new Uint16Array(bytes, at, count))],
  int8: [1, (bytes, at, count) => new Int8Array(bytes, at, count)],
  uint8: [1, (bytes, at, count) => new Uint8Array(bytes, at, count)],
  int16: [2, (bytes, at, count) => new Int16Array(bytes, at, count)],
  int32: [4, (bytes, at, count) => new Int32Array(bytes, at, count)],
  int64: [8, (bytes, at, count) => Float64Array.from(new BigInt64Array(bytes, at, count), Number)],
} as const satisfies Record<string, readonly [number, (bytes: ArrayBufferLike, at: number, count: number) => unknown]>;
type Stored = ReturnType<(typeof readers)[keyof typeof readers][1]>;

/** Number of elements of a tensor, or null if a dimension is not a positive number. */
export function elementCount(shape: readonly number[]): number | null {
  const count = shape.reduce((product, side) => product * (side > 0 ? side : Number.NaN), 1);
  return Number.isSafeInteger(count) ? count : null;
}

/**
 * The real values of a constant tensor: floats unchanged, integers by the tensor's scales. If `shared`, they may be a view of
 * the file's bytes: the caller must neither change nor keep them.
 */
export function readConstant(tensor: TfliteTensor, subject: string, shared = false): Float32Array {
  const stored = readStored(tensor, subject, shared);
  if (stored instanceof Float32Array) return stored;
  const { quantization, shape } = tensor;
  if (quantization === null) {
    throw refuse(subject, `the tensor ${tensor.name} has ${tensor.type} values without a scale`);
  }
  const { scale, zeroPoint, axis } = quantization;
  const channels = scale.length;
  if (channels > 1 && shape[axis] !== channels) {
    throw refuse(subject, `the tensor ${tensor.name} has ${channels} scales for dimension ${axis} of [${shape}]`);
  }
  const inner = channels > 1 ? shape.slice(axis + 1).reduce((a, b) => a * b, 1) : stored.length;
  const values = new Float32Array(stored.length);
  for (let start = 0, channel = 0; start < values.length; start += inner, channel = (channel + 1) % channels) {
    const zero = zeroPoint[zeroPoint.length > 1 ? channel : 0] ?? 0;
    const step = scale[channel] as number;
    for (let i = start; i < start + inner; i++) values[i] = ((stored[i] as number) - zero) * step;
  }
  return values;
}

/** The stored numbers of a constant tensor, quantized or not. */
export function readStored(tensor: TfliteTensor, subject: string, shared = false): Stored {
  const { data, type, shape } = tensor;
  const known = Object.hasOwn(readers, type) ? readers[type as keyof typeof readers] : null;
  if (data === null || known === null || tensor.sparse) {
    const what = `${tensor.sparse ? "sparse " : ""}${type}`;
    throw refuse(subject, `the tensor ${tensor.name} has unsupported values (${what})`);
  }
  const [bytes, read] = known;
  const count = elementCount(shape);
  if (count === null || data.length !== count * bytes) {
    throw refuse(subject, `the tensor ${tensor.name} of [${shape}] ${type} has ${data.length} bytes`);
  }
  const { buffer, byteOffset } = shared && data.byteOffset % bytes === 0 ? data : new Uint8Array(data);
  return read(buffer, byteOffset, count);
}

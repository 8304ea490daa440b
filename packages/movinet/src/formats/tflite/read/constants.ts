import { halvesToFloats } from "../../../common/half.ts";
import { refuse } from "./flatbuffer.ts";
import type { TfliteTensor } from "./schema.ts";

type Stored = Float32Array | Int8Array | Uint8Array | Int16Array | Int32Array | Float64Array;

/** Elements of a tensor, or null where a dimension is not a positive number. */
export function elementCount(shape: readonly number[]): number | null {
  const count = shape.reduce((product, side) => product * (side > 0 ? side : Number.NaN), 1);
  return Number.isSafeInteger(count) ? count : null;
}

/** The real values of a constant tensor: floats as they are, integers by the tensor's scales. */
export function readConstant(tensor: TfliteTensor, subject: string): Float32Array {
  const stored = readStored(tensor, subject);
  if (stored instanceof Float32Array) return stored;
  const { quantization, shape } = tensor;
  if (quantization === null) {
    throw refuse(subject, `the tensor ${tensor.name} holds ${tensor.type} values without a scale`);
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

/** The numbers of a constant tensor as they are stored, quantized or not. */
export function readStored(tensor: TfliteTensor, subject: string): Stored {
  const { data, type, shape } = tensor;
  const bytes = { float32: 4, float16: 2, int8: 1, uint8: 1, int16: 2, int32: 4, int64: 8 }[type as string];
  if (data === null || bytes === undefined || tensor.sparse) {
    throw refuse(
      subject,
      `the tensor ${tensor.name} holds no values that we can read (${tensor.sparse ? "sparse " : ""}${type})`,
    );
  }
  const count = elementCount(shape);
  if (count === null || data.length !== count * bytes) {
    throw refuse(subject, `the tensor ${tensor.name} of [${shape}] ${type} has ${data.length} bytes`);
  }
  const { buffer } = new Uint8Array(data);
  switch (type) {
    case "float32":
      return new Float32Array(buffer);
    case "float16":
      return halvesToFloats(new Uint16Array(buffer));
    case "int8":
      return new Int8Array(buffer);
    case "uint8":
      return new Uint8Array(buffer);
    case "int16":
      return new Int16Array(buffer);
    case "int64":
      return Float64Array.from(new BigInt64Array(buffer), Number);
    default:
      return new Int32Array(buffer);
  }
}

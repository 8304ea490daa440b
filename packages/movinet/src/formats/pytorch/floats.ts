import { elementsOf } from "../../graph/shapes.ts";
import type { PickledTensor } from "./data.ts";

/**
 * The numbers of a tensor in row-major order, from the record of its storage: a view if they are stored so, in
 * float32; otherwise a copy. Throws an `Error` if the record is too small, or has no weights.
 */
export function floatsOf({ storage, offset, shape, strides }: PickledTensor, record: Uint8Array): Float32Array {
  const { bytes, floats, name } = storage.type;
  if (floats === null) throw new Error(`has type ${name}, which cannot hold weights`);
  if (record.length < storage.count * bytes) throw new Error("is truncated");
  const size = elementsOf(shape);
  if (size === 0) return new Float32Array(0);
  if (isRowMajor(shape, strides)) return floats(record.subarray(offset * bytes, (offset + size) * bytes));
  return floats(gathered({ offset, shape, strides }, size, bytes, record));
}

/** Strides of an axis with one element do not matter. */
function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] as number;
    if (size !== 1 && strides[axis] !== step) return false;
    step *= size;
  }
  return true;
}

function gathered(
  { offset, shape, strides }: Pick<PickledTensor, "offset" | "shape" | "strides">,
  size: number,
  bytes: number,
  record: Uint8Array,
): Uint8Array {
  const result = new Uint8Array(size * bytes);
  const index = shape.map(() => 0);
  let from = offset;
  for (let to = 0; to < result.length; to += bytes) {
    for (let k = 0; k < bytes; k++) result[to + k] = record[from * bytes + k] as number;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const [at, step] = [(index[axis] as number) + 1, strides[axis] as number];
      from += step;
      if (at < (shape[axis] as number)) {
        index[axis] = at;
        break;
      }
      from -= at * step;
      index[axis] = 0;
    }
  }
  return result;
}

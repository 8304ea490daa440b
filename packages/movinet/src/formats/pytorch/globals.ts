/** The only names that a pickle may use, and what each of them creates. */
import { halvesToFloats } from "../../common/half.ts";
import { bounded } from "../../common/printable.ts";
import { elementsOf } from "../../graph/shapes.ts";
import {
  type Callable,
  isTensor,
  type Pickled,
  type PickledMap,
  type PickledStorage,
  PickleProblem,
  type StorageType,
} from "./data.ts";

/** The meaning of a name. Throws {@link PickleProblem} for all others. */
export function globalOf(name: string): Callable | StorageType {
  const known = globals.get(name);
  if (known) return known;
  throw new PickleProblem(`asks for ${bounded(name, 100)}, which is neither plain data nor a tensor`);
}

/** The storage of a persistent id: `("storage", class, key, device, count)`. */
export function storageOf(id: Pickled): PickledStorage {
  const [what, type, key, , count] = Array.isArray(id) ? (id as readonly Pickled[]) : [];
  const isType = typeof type === "object" && type !== null && "kind" in type && type.kind === "storage type";
  if (what !== "storage" || !isType || typeof key !== "string" || !isNatural(count)) {
    throw new PickleProblem("refers to something other than a tensor storage");
  }
  return { kind: "storage", type, key, count };
}

const mostDimensions = 8;

function isNatural(value: Pickled | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

const isNaturals = (value: Pickled | undefined): value is readonly number[] =>
  Array.isArray(value) && value.length <= mostDimensions && value.every(isNatural);

function rebuildTensor(given: readonly Pickled[]): Pickled {
  const [storage, offset, shape, strides] = given;
  const isStorage = typeof storage === "object" && storage !== null && "kind" in storage && storage.kind === "storage";
  if (
    !isStorage ||
    !isNatural(offset) ||
    !isNaturals(shape) ||
    !isNaturals(strides) ||
    shape.length !== strides.length
  ) {
    throw new PickleProblem("has a tensor without a storage, an offset, a shape and strides");
  }
  const last = shape.reduce((at, size, axis) => at + (size - 1) * (strides[axis] as number), offset);
  if (elementsOf(shape) > 0 && last >= storage.count)
    throw new PickleProblem("has a tensor that is larger than its storage");
  return { kind: "tensor", storage, offset, shape, strides };
}

/** A dictionary with the entries of a list or a dictionary. */
function orderedDict([entries]: readonly Pickled[]): PickledMap {
  if (entries === undefined) return new Map();
  if (entries instanceof Map) return new Map(entries);
  throw new PickleProblem("builds a dictionary from something else");
}

function sameTensor([tensor]: readonly Pickled[]): Pickled {
  if (!isTensor(tensor)) throw new PickleProblem("builds a parameter from something other than a tensor");
  return tensor;
}

/** The same bytes, copied unless they begin at a multiple of `size`, as arrays of larger numbers require. */
const aligned = (bytes: Uint8Array, size: number) => (bytes.byteOffset % size === 0 ? bytes : bytes.slice());

function float32s(given: Uint8Array): Float32Array {
  const { buffer, byteOffset, length } = aligned(given, 4);
  return new Float32Array(buffer, byteOffset, length / 4);
}

function float64s(given: Uint8Array): Float32Array {
  const { buffer, byteOffset, length } = aligned(given, 8);
  return new Float32Array(new Float64Array(buffer, byteOffset, length / 8));
}

function words(given: Uint8Array): Uint16Array {
  const { buffer, byteOffset, length } = aligned(given, 2);
  return new Uint16Array(buffer, byteOffset, length / 2);
}

/** Each is the upper half of a float32. */
function bfloat16s(given: Uint8Array): Float32Array {
  const upper = words(given);
  const bits = new Uint32Array(upper.length);
  for (let i = 0; i < bits.length; i++) bits[i] = (upper[i] as number) << 16;
  return new Float32Array(bits.buffer);
}

const storage = (name: string, bytes: number, floats: StorageType["floats"]): StorageType => ({
  kind: "storage type",
  name,
  bytes,
  floats,
});
const callable = (call: Callable["call"]): Callable => ({ kind: "function", call });

const globals: ReadonlyMap<string, Callable | StorageType> = new Map<string, Callable | StorageType>([
  ["collections.OrderedDict", callable(orderedDict)],
  ["torch._utils._rebuild_tensor_v2", callable(rebuildTensor)],
  ["torch._utils._rebuild_parameter", callable(sameTensor)],
  ["torch.Size", callable(([sizes = null]) => sizes)],
  ["torch.FloatStorage", storage("float32", 4, float32s)],
  ["torch.DoubleStorage", storage("float64", 8, float64s)],
  ["torch.HalfStorage", storage("float16", 2, (bytes) => halvesToFloats(words(bytes)))],
  ["torch.BFloat16Storage", storage("bfloat16", 2, bfloat16s)],
  ["torch.LongStorage", storage("int64", 8, null)],
  ["torch.IntStorage", storage("int32", 4, null)],
  ["torch.ShortStorage", storage("int16", 2, null)],
  ["torch.CharStorage", storage("int8", 1, null)],
  ["torch.ByteStorage", storage("uint8", 1, null)],
  ["torch.BoolStorage", storage("bool", 1, null)],
]);

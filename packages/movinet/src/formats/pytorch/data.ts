/** The possible content of a `torch.save` pickle: plain data, and tensors that are views of storages. */

/** A class of storages: its number format. */
export interface StorageType {
  readonly kind: "storage type";
  /** PyTorch's name of the format, for example `float32`. */
  readonly name: string;
  readonly bytes: number;
  /** Converts bytes, at any offset, to numbers; null: not a format for weights (counts, for example). */
  readonly floats: ((bytes: Uint8Array) => Float32Array) | null;
}

/** A record of the file with the numbers of tensors. */
export interface PickledStorage {
  readonly kind: "storage";
  readonly type: StorageType;
  readonly key: string;
  /** Numbers in it. */
  readonly count: number;
}

/** Element `i, j, …` is number `offset + i · strides[0] + j · strides[1] + …` of the storage. */
export interface PickledTensor {
  readonly kind: "tensor";
  readonly storage: PickledStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** A Python function, represented by one of ours. */
export interface Callable {
  readonly kind: "function";
  readonly call: (given: readonly Pickled[]) => Pickled;
}

/** Keys of dictionaries. */
export type Plain = null | boolean | number | string;
export type PickledMap = Map<Plain, Pickled>;
/** Lists and tuples are arrays. */
export type Pickled = Plain | readonly Pickled[] | PickledMap | StorageType | PickledStorage | PickledTensor | Callable;

/** Something unsupported in a pickle. Its message continues "its pickle". */
export class PickleProblem extends Error {}

export function isTensor(value: Pickled | undefined): value is PickledTensor {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "tensor";
}

/** What a pickle of `torch.save` may hold: plain data, and tensors that are views of storages. */

/** A class of storages: the format of the numbers in it. */
export interface StorageType {
  readonly kind: "storage type";
  /** As PyTorch calls the numbers, for example `float32`. */
  readonly name: string;
  readonly bytes: number;
  /** The numbers of so many bytes, which begin anywhere; null: they are no weights (counts, for example). */
  readonly floats: ((bytes: Uint8Array) => Float32Array) | null;
}

/** A record of the file that holds numbers of tensors. */
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

/** A function of Python that stands for one of ours. */
export interface Callable {
  readonly kind: "function";
  readonly call: (given: readonly Pickled[]) => Pickled;
}

/** Keys of dictionaries. */
export type Plain = null | boolean | number | string;
export type PickledMap = Map<Plain, Pickled>;
/** Lists and tuples are arrays. */
export type Pickled = Plain | readonly Pickled[] | PickledMap | StorageType | PickledStorage | PickledTensor | Callable;

/** What we do not read of a pickle. Its message goes on from "its pickle". */
export class PickleProblem extends Error {}

export function isTensor(value: Pickled | undefined): value is PickledTensor {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "tensor";
}

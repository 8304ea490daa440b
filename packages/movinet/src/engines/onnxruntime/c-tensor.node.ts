import type { DeviceTensor } from "../engine.ts";
import { type CApi, type Handle, makeHandle } from "./c-api.node.ts";
import { CPages } from "./c-memory.node.ts";

/** The C API's type number of `float`. */
const float32 = 1;

/**
 * Numbers in JavaScript memory that ONNX Runtime reads and writes in place. It accesses them through values, one per
 * list of dimensions: an output with these dimensions can be an input with those.
 */
export class CTensor implements DeviceTensor {
  readonly data: Float32Array;
  /** Converts its numbers to the graph's layout. */
  unpack: (data: Float32Array) => Float32Array;
  /** Whether it was returned, and may be reused. */
  spare = false;
  readonly #memory: CMemory;
  readonly #values: { readonly dims: BigInt64Array; readonly value: Handle }[] = [];

  constructor(memory: CMemory, data: Float32Array, unpack: (data: Float32Array) => Float32Array) {
    this.data = data;
    this.unpack = unpack;
    this.#memory = memory;
  }

  /** The value for these dimensions; equal dimensions are the same object ({@link Dimensions}). */
  value(dims: BigInt64Array): Handle {
    for (const known of this.#values) if (known.dims === dims) return known.value;
    const value = this.#memory.makeValue(this.data, dims);
    this.#values.push({ dims, value });
    return value;
  }

  async read(): Promise<Float32Array> {
    return this.unpack(this.data);
  }

  /** Its memory is reused if it belongs to the executable. */
  dispose(): void {
    this.#memory.give(this);
  }

  /** Frees its values; it must not be used again. */
  free(): void {
    for (const { value } of this.#values.splice(0)) this.#memory.freeValue(value);
  }
}

/** What an executable holds in ONNX Runtime's memory, without reference to the executable itself. */
export interface Held {
  readonly api: CApi;
  readonly session: Handle;
  /** Memory that the session reads. */
  readonly constants: readonly unknown[];
  readonly values: Set<Handle>;
  freed: boolean;
}

/** Frees it, once. */
export function freeHeld(held: Held): void {
  if (held.freed) return;
  held.freed = true;
  held.api.releaseSession(held.session);
  for (const value of held.values) held.api.releaseValue(value);
  held.values.clear();
}

/** The tensors of an executable, whose memory is recycled: a step allocates none. */
export class CMemory {
  readonly #held: Held;
  readonly #pages: CPages;
  readonly #spare = new Map<number, CTensor[]>();
  readonly #own = new WeakSet<CTensor>();

  /** `bytes` is the approximate size of a session's tensors. */
  constructor(held: Held, bytes: number) {
    this.#held = held;
    this.#pages = new CPages(held.api, bytes);
  }

  /** A tensor with its own, uninitialized memory. */
  take(length: number, unpack: CTensor["unpack"]): CTensor {
    const again = this.#spare.get(length)?.pop();
    if (again) {
      again.unpack = unpack;
      again.spare = false;
      return again;
    }
    const tensor = new CTensor(this, this.#pages.take(length), unpack);
    this.#own.add(tensor);
    return tensor;
  }

  /** A tensor in the caller's memory. */
  wrap(data: Float32Array, unpack: CTensor["unpack"]): CTensor {
    return new CTensor(this, data, unpack);
  }

  /** Takes back an unused tensor. */
  give(tensor: CTensor): void {
    if (!this.#own.has(tensor)) {
      tensor.free();
      return;
    }
    if (tensor.spare) return;
    tensor.spare = true;
    const { length } = tensor.data;
    const spare = this.#spare.get(length) ?? [];
    this.#spare.set(length, spare);
    spare.push(tensor);
  }

  owns(tensor: CTensor): boolean {
    return this.#own.has(tensor);
  }

  makeValue(data: Float32Array, dims: BigInt64Array): Handle {
    if (this.#held.freed) throw new Error("internal: a tensor was used after its executable was disposed");
    const value = makeValue(this.#held.api, data, dims);
    this.#held.values.add(value);
    return value;
  }

  freeValue(value: Handle): void {
    if (this.#held.values.delete(value)) this.#held.api.releaseValue(value);
  }
}

/** ONNX Runtime's view of memory, which must outlive it. */
export function makeValue(api: CApi, data: Float32Array, dims: BigInt64Array): Handle {
  return makeHandle(api, (into) =>
    api.createTensorWithData(api.memory, data, data.byteLength, dims, dims.length, float32, into),
  );
}

/** Lists of dimensions for the C API, one object for equal ones. */
export class Dimensions {
  readonly #known = new Map<string, BigInt64Array>();

  of(dims: readonly number[]): BigInt64Array {
    const key = dims.join();
    const known = this.#known.get(key) ?? BigInt64Array.from(dims, BigInt);
    this.#known.set(key, known);
    return known;
  }
}

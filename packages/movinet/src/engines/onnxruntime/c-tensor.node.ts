import type { DeviceTensor } from "../engine.ts";
import { type CApi, type Handle, makeHandle } from "./c-api.node.ts";
import { CPages } from "./c-memory.node.ts";

/** Numbers of the C API's type `float`. */
const float32 = 1;

/**
 * Numbers in memory of JavaScript that ONNX Runtime reads and writes where they are. It looks at them through values, one for each
 * list of dimensions: what is an output with these dimensions can be an input with those.
 */
export class CTensor implements DeviceTensor {
  readonly data: Float32Array;
  /** Gives its numbers as the graph means them. */
  unpack: (data: Float32Array) => Float32Array;
  /** Whether it was given back, and waits to be used again. */
  spare = false;
  readonly #memory: CMemory;
  readonly #values: { readonly dims: BigInt64Array; readonly value: Handle }[] = [];

  constructor(memory: CMemory, data: Float32Array, unpack: (data: Float32Array) => Float32Array) {
    this.data = data;
    this.unpack = unpack;
    this.#memory = memory;
  }

  /** The value of these dimensions, which are the same object where they are the same ({@link Dimensions}). */
  value(dims: BigInt64Array): Handle {
    for (const known of this.#values) if (known.dims === dims) return known.value;
    const value = this.#memory.makeValue(this.data, dims);
    this.#values.push({ dims, value });
    return value;
  }

  async read(): Promise<Float32Array> {
    return this.unpack(this.data);
  }

  /** Its memory is used again, where it is the executable's own. */
  dispose(): void {
    this.#memory.give(this);
  }

  /** Frees its values; it must not be used again. */
  free(): void {
    for (const { value } of this.#values.splice(0)) this.#memory.freeValue(value);
  }
}

/** What an executable holds in ONNX Runtime's memory; nothing here refers to the executable itself. */
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

/** The tensors of an executable, whose memory goes round: a step allocates none. */
export class CMemory {
  readonly #held: Held;
  readonly #pages: CPages;
  readonly #spare = new Map<number, CTensor[]>();
  readonly #own = new WeakSet<CTensor>();

  /** `bytes` is about how much the tensors of a session take. */
  constructor(held: Held, bytes: number) {
    this.#held = held;
    this.#pages = new CPages(held.api, bytes);
  }

  /** A tensor of its own memory, with whatever is in there. */
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

  /** A tensor of the caller's memory. */
  wrap(data: Float32Array, unpack: CTensor["unpack"]): CTensor {
    return new CTensor(this, data, unpack);
  }

  /** Takes a tensor back that nobody uses any more. */
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
    if (this.#held.freed) throw new Error("internal: a tensor was used after its executable was disposed of");
    const value = makeValue(this.#held.api, data, dims);
    this.#held.values.add(value);
    return value;
  }

  freeValue(value: Handle): void {
    if (this.#held.values.delete(value)) this.#held.api.releaseValue(value);
  }
}

/** What ONNX Runtime looks at memory through; the memory must outlive it. */
export function makeValue(api: CApi, data: Float32Array, dims: BigInt64Array): Handle {
  return makeHandle(api, (into) =>
    api.createTensorWithData(api.memory, data, data.byteLength, dims, dims.length, float32, into),
  );
}

/** Lists of dimensions as the C API takes them, one object for equal ones. */
export class Dimensions {
  readonly #known = new Map<string, BigInt64Array>();

  of(dims: readonly number[]): BigInt64Array {
    const key = dims.join();
    const known = this.#known.get(key) ?? BigInt64Array.from(dims, BigInt);
    this.#known.set(key, known);
    return known;
  }
}

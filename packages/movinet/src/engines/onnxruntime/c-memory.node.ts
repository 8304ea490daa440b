import type { OnnxTensor } from "../../formats/onnx/proto.ts";
import type { Weights } from "../../graph/tensor.ts";
import { type CApi, type Handle, makeHandle } from "./c-api.node.ts";

/** A page of Linux that is large. */
const hugePage = 2 ** 21;
/** A cache line, as wide as the widest vectors; in numbers. */
const line = 16;

/** Numbers side by side on large pages: a step reads all weights and states once, and small pages cost it up to a tenth. */
export class CPages {
  readonly #api: CApi;
  #page = new Float32Array();
  #used = 0;

  constructor(api: CApi) {
    this.#api = api;
  }

  /** So many numbers that nobody else has, at the beginning of a cache line. */
  take(length: number): Float32Array {
    const rounded = Math.ceil(length / line) * line;
    if (this.#used + rounded > this.#page.length) this.reserve(rounded);
    const taken = this.#page.subarray(this.#used, this.#used + length);
    this.#used += rounded;
    return taken;
  }

  /** Makes room for so many numbers that are taken next. */
  reserve(length: number): void {
    const bytes = Math.ceil((4 * length) / hugePage) * hugePage;
    const buffer = new ArrayBuffer(bytes + hugePage);
    const past = Number(this.#api.address(new Uint8Array(buffer)) % BigInt(hugePage));
    this.#page = new Float32Array(buffer, past === 0 ? 0 : hugePage - past, bytes / 4);
    this.#used = 0;
    this.#api.adviseHugePages?.(this.#page, bytes);
  }
}

/** Puts what a session keeps between its nodes on large pages: its arena begins with room for so many bytes. */
export function widenArena(api: CApi, session: Handle, bytes: number): void {
  if (!api.adviseHugePages || bytes < hugePage) return;
  const allocator = makeHandle(api, (into) => api.createAllocator(session, api.arena, into));
  try {
    const room = makeHandle(api, (into) => api.allocatorAlloc(allocator, bytes + hugePage, into));
    const page = BigInt(hugePage);
    const begin = ((room + page - 1n) / page) * page;
    api.adviseHugePages(begin, Math.floor(bytes / hugePage) * hugePage);
    api.check(api.allocatorFree(allocator, room));
  } finally {
    api.releaseAllocator(allocator);
  }
}

/** The constants of the models that were made of the same weights, once for all of them. */
export class CConstants {
  readonly known = new Map<string, OnnxTensor>();
  readonly #pages: CPages;

  private constructor(api: CApi) {
    this.#pages = new CPages(api);
  }

  static readonly #ofWeights = new WeakMap<Weights, CConstants>();

  static of(api: CApi, weights: Weights): CConstants {
    const constants = CConstants.#ofWeights.get(weights) ?? new CConstants(api);
    CConstants.#ofWeights.set(weights, constants);
    return constants;
  }

  /** Takes those that it does not have, and gives all that are floats. */
  adopt(tensors: readonly OnnxTensor[]): readonly OnnxTensor[] {
    const floats = tensors.filter(({ data }) => data instanceof Float32Array);
    const strange = floats.filter(({ name }) => !this.known.has(name));
    this.#pages.reserve(strange.reduce((sum, { data }) => sum + Math.ceil(data.length / line) * line, 0));
    for (const tensor of strange) {
      const data = this.#pages.take(tensor.data.length);
      data.set(tensor.data as Float32Array);
      this.known.set(tensor.name, { ...tensor, data });
    }
    return floats.map(({ name }) => this.known.get(name) as OnnxTensor);
  }
}

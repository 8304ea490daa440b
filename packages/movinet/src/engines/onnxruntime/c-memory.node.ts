import type { OnnxTensor } from "../../formats/onnx/proto.ts";
import type { Weights } from "../../graph/tensor.ts";
import { type CApi, type Handle, makeHandle } from "./c-api.node.ts";

/** A page of Linux that is large. */
const hugePage = 2 ** 21;
/** A cache line, as wide as the widest vectors; in numbers. */
const line = 16;

/**
 * Memory for numbers. Large amounts are placed together on large pages: a step reads all weights and states once, and
 * small pages cost up to a tenth of its time.
 */
export class CPages {
  readonly #api: CApi;
  /** Bytes. */
  readonly #page: number;
  /** The rest of each page. */
  #rests: Float32Array[] = [];

  /** `bytes` is the approximate total. */
  constructor(api: CApi, bytes: number) {
    this.#api = api;
    this.#page = bytes < hugePage / 8 ? 4 * line : hugePage;
  }

  /** This many exclusive numbers, starting at a cache line. */
  take(length: number): Float32Array {
    const rounded = roundedTo(line, length);
    let at = this.#rests.findIndex((rest) => rest.length >= rounded);
    if (at < 0) at = this.reserve(rounded);
    const rest = this.#rests[at] as Float32Array;
    this.#rests[at] = rest.subarray(rounded);
    return rest.subarray(0, length);
  }

  /** Makes room for this many numbers, and returns the page with the rest. */
  reserve(length: number): number {
    const page = this.#page;
    const size = roundedTo(page, 4 * length);
    const buffer = new ArrayBuffer(size + page);
    const past = Number(this.#api.address(new Uint8Array(buffer)) % BigInt(page));
    const room = new Float32Array(buffer, past === 0 ? 0 : page - past, size / 4);
    if (page === hugePage) this.#api.adviseHugePages?.(room, size);
    this.#rests = [...this.#rests.filter((rest) => rest.length > 0), room];
    return this.#rests.length - 1;
  }
}

function roundedTo(unit: number, value: number): number {
  return Math.ceil(value / unit) * unit;
}

/** Puts a session's intermediate values on large pages: its arena begins with this many bytes. */
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

/** The constants of models with the same weights, stored once for all of them. */
export class CConstants {
  readonly known = new Map<string, OnnxTensor>();
  readonly #api: CApi;

  private constructor(api: CApi) {
    this.#api = api;
  }

  static readonly #ofWeights = new WeakMap<Weights, CConstants>();

  static of(api: CApi, weights: Weights): CConstants {
    const constants = CConstants.#ofWeights.get(weights) ?? new CConstants(api);
    CConstants.#ofWeights.set(weights, constants);
    return constants;
  }

  /** Stores missing constants, and returns all floats. */
  adopt(tensors: readonly OnnxTensor[]): readonly OnnxTensor[] {
    const floats = tensors.filter(({ data }) => data instanceof Float32Array);
    const strange = floats.filter(({ name }) => !this.known.has(name));
    const length = strange.reduce((sum, { data }) => sum + roundedTo(line, data.length), 0);
    const pages = new CPages(this.#api, 4 * length);
    pages.reserve(length);
    for (const tensor of strange) {
      const data = pages.take(tensor.data.length);
      data.set(tensor.data as Float32Array);
      this.known.set(tensor.name, { ...tensor, data });
    }
    return floats.map(({ name }) => this.known.get(name) as OnnxTensor);
  }
}

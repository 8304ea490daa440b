/** PyTorch files of anything: plain data and tensors in every form that `torch.save` writes, and what it would never write. */
import { toHalves } from "../../../src/common/half.ts";
import { readArchive, writeArchive } from "../../../src/formats/zip.ts";
import { elementsOf } from "../../../src/graph/shapes.ts";

export interface Storage {
  readonly type: string;
  readonly content: Uint8Array;
  readonly count: number;
}

/** A view of a storage. */
export class TorchTensor {
  readonly storage: Storage;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
  /** Whether it is wrapped as a parameter. */
  readonly parameter: boolean;

  constructor(
    storage: Storage,
    shape: readonly number[],
    options: Partial<Pick<TorchTensor, "strides" | "offset" | "parameter">> = {},
  ) {
    this.storage = storage;
    this.shape = shape;
    this.strides = options.strides ?? rowMajor(shape);
    this.offset = options.offset ?? 0;
    this.parameter = options.parameter ?? false;
  }
}

/** Latin-1, or bytes. */
type Part = string | readonly number[] | Uint8Array;

const joined = (parts: readonly Part[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : Uint8Array.from(part))));

/** Bytes that stand in the pickle as they are. */
export class Raw {
  readonly bytes: Uint8Array;
  constructor(...parts: readonly Part[]) {
    this.bytes = joined(parts);
  }
}

export type Saved =
  | null
  | boolean
  | number
  | string
  | TorchTensor
  | Raw
  | readonly Saved[]
  | { readonly [key: string]: Saved };

export function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, axis) => elementsOf(shape.slice(axis + 1)));
}

/** The strides of `memory_format=torch.channels_last` (or `channels_last_3d`): channels are next to each other. */
export function channelsLast([batch = 1, channels = 1, ...space]: readonly number[]): number[] {
  const [, ...rest] = rowMajor([batch, ...space, channels]);
  return [channels * elementsOf(space), 1, ...rest.slice(0, space.length)];
}

const bytesOf = (data: ArrayBufferView) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

export const storages = {
  float32: (data: Float32Array): Storage => ({ type: "FloatStorage", content: bytesOf(data), count: data.length }),
  float64: (data: Float32Array): Storage => ({
    type: "DoubleStorage",
    content: bytesOf(Float64Array.from(data)),
    count: data.length,
  }),
  float16: (data: Float32Array): Storage => ({
    type: "HalfStorage",
    content: bytesOf(toHalves(data)),
    count: data.length,
  }),
  bfloat16: (data: Float32Array): Storage => {
    const words = new Uint32Array(data.buffer, data.byteOffset, data.length);
    return {
      type: "BFloat16Storage",
      content: bytesOf(Uint16Array.from(words, (word) => word >>> 16)),
      count: data.length,
    };
  },
  int64: (count: number): Storage => ({ type: "LongStorage", content: new Uint8Array(8 * count), count }),
};

const int32 = (value: number) => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
const text = (value: string) => ["X", int32(Buffer.byteLength(value)), [...Buffer.from(value)]] as const;

/** The pickle of what was saved; storages are numbered as they come, one that is shared once. */
export function pickleOf(saved: Saved, keys: Map<Storage, number> = new Map()): Uint8Array {
  const parts: Part[] = [[0x80, 2]];
  const put = (value: Saved): void => {
    if (value === null) parts.push("N");
    else if (typeof value === "boolean") parts.push([value ? 0x88 : 0x89]);
    else if (typeof value === "string") parts.push(...text(value));
    else if (typeof value === "number") {
      const float = Buffer.alloc(8);
      float.writeDoubleBE(value);
      parts.push(...(Number.isInteger(value) ? (["J", int32(value)] as const) : (["G", [...float]] as const)));
    } else if (value instanceof Raw) parts.push(value.bytes);
    else if (value instanceof TorchTensor) putTensor(value);
    else if (Array.isArray(value)) {
      parts.push("](");
      for (const item of value as readonly Saved[]) put(item);
      parts.push("e");
    } else {
      parts.push("}(");
      for (const [key, item] of Object.entries(value as object)) {
        put(key);
        put(item as Saved);
      }
      parts.push("u");
    }
  };
  const putTensor = ({ storage, shape, strides, offset, parameter }: TorchTensor) => {
    if (!keys.has(storage)) keys.set(storage, keys.size);
    const list = (sizes: readonly number[]) => ["(", ...sizes.flatMap((size) => ["J", int32(size)]), "t"];
    const hooks = "ccollections\nOrderedDict\n)R";
    if (parameter) parts.push("ctorch._utils\n_rebuild_parameter\n(");
    parts.push("ctorch._utils\n_rebuild_tensor_v2\n(");
    parts.push(
      "(",
      ...text("storage"),
      `ctorch\n${storage.type}\n`,
      ...text(`${keys.get(storage)}`),
      ...text("cuda:0"),
    );
    parts.push(
      "J",
      int32(storage.count),
      "tQ",
      "J",
      int32(offset),
      ...list(shape),
      ...list(strides),
      [0x89],
      hooks,
      "tR",
    );
    if (parameter) parts.push([0x88], hooks, "tR");
  };
  put(saved);
  parts.push(".");
  return joined(parts);
}

/** The file that `torch.save` makes of it. */
export function torchFile(saved: Saved, more: Readonly<Record<string, Uint8Array>> = {}): Uint8Array {
  const keys = new Map<Storage, number>();
  const pickle = pickleOf(saved, keys);
  const contents: readonly (readonly [name: string, content: Uint8Array])[] = [
    ["data.pkl", pickle],
    ...[...keys].map(([{ content }, key]) => [`data/${key}`, content] as const),
    ...Object.entries(more),
  ];
  return writeArchive(
    contents.map(([name, content]) => ({ name: `saved/${name}`, content })),
    64,
  );
}

/** A file of ours as anybody else would have saved it: without its spec and its card. */
export function withoutTexts(bytes: Uint8Array): Uint8Array {
  const kept = readArchive(bytes, 65_535).filter(({ name }) => !name.includes("/extra/"));
  return writeArchive(
    kept.map((file) => ({ name: file.name, content: file.read() })),
    64,
  );
}

/** The safetensors container: 8 bytes of header length (little-endian), a JSON header, then the tensors' bytes. */
import { ModelError } from "../common/errors.ts";
import { halvesToFloats } from "../common/half.ts";
import { mostJsonBytes, parseJson } from "../common/text.ts";
import { elementsOf } from "../graph/shapes.ts";
import type { Tensor, Weights } from "../graph/tensor.ts";

interface Entry {
  readonly dtype: "F32" | "F16";
  readonly shape: readonly number[];
  readonly data_offsets: readonly [begin: number, end: number];
}

/** A file with its header read; its tensors are copied on demand. */
export interface OpenedSafetensors {
  readonly shapes: ReadonlyMap<string, { readonly shape: readonly number[] }>;
  readonly metadata: Readonly<Record<string, string>>;
  tensors(): Weights;
}

const metadataKey = "__metadata__";
const elementBytes = { F32: 4, F16: 2 } as const;

/** Whether a file of `size` bytes is of this format, by its first bytes. */
export function isSafetensors(head: Uint8Array, size: number): boolean {
  const length = headerLength(head);
  return length >= 2 && length <= size - 8 && head[8] === 0x7b;
}

/**
 * Reads the header: float32 and float16 tensors whose bytes are contiguous and fill the file. Throws
 * {@link ModelError} (`E_MODEL_FORMAT`).
 */
export function openSafetensors(bytes: Uint8Array, subject: string): OpenedSafetensors {
  const length = headerLength(bytes);
  if (!isSafetensors(bytes, bytes.byteLength)) throw invalid(subject, "it is not a safetensors file");
  if (length > mostJsonBytes) {
    throw invalid(subject, `its header has ${length} bytes (limit ${mostJsonBytes})`);
  }
  let header: Record<string, unknown>;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length));
    header = parseJson(text) as Record<string, unknown>;
  } catch (cause) {
    throw invalid(subject, `its header is not valid JSON (${(cause as Error).message.slice(0, 80)})`);
  }
  const body = bytes.subarray(8 + length);
  const given = Object.entries(header).filter(([name]) => name !== metadataKey);
  const entries = given.map(([name, value]) => [name, checkEntry(value, name, subject)] as const);
  checkTiles(entries, body.byteLength, subject);
  const metadata = Object.entries(header[metadataKey] ?? {}).filter(([, value]) => typeof value === "string");
  return {
    shapes: new Map(entries),
    metadata: Object.fromEntries(metadata),
    tensors: () => new Map(entries.map(([name, entry]) => [name, readTensor(body, entry)])),
  };
}

function headerLength(bytes: Uint8Array): number {
  if (bytes.byteLength < 8) return 0;
  return Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
}

function checkEntry(value: unknown, name: string, subject: string): Entry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Partial<Entry>;
  if (dtype !== "F32" && dtype !== "F16") {
    throw invalid(subject, `the tensor ${name} has dtype ${shortly(dtype)}, not F32 or F16`);
  }
  const natural = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!natural(shape) || shape.length > mostDimensions || !natural(offsets) || offsets.length !== 2) {
    throw invalid(subject, `the tensor ${name} has no valid shape and offsets`);
  }
  const [begin, end] = offsets;
  if (end - begin !== elementBytes[dtype] * elementsOf(shape)) {
    throw invalid(subject, `the byte length of tensor ${name} does not match its shape [${shape}]`);
  }
  return { dtype, shape, data_offsets: offsets };
}

const mostDimensions = 8;

function shortly(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 20) : typeof value;
}

/** Throws if tensors overlap, or leave gaps. */
function checkTiles(entries: readonly (readonly [string, Entry])[], size: number, subject: string): void {
  const ordered = [...entries].sort(
    ([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1],
  );
  let at = 0;
  for (const [name, { data_offsets: offsets }] of ordered) {
    const [begin, end] = offsets;
    if (end > size) throw invalid(subject, `it is truncated: it ends inside the tensor ${name}`);
    if (begin !== at) throw invalid(subject, `its tensors overlap or leave gaps at ${name}`);
    at = end;
  }
  if (at !== size) throw invalid(subject, `${size - at} bytes after its tensors belong to none of them`);
}

function readTensor(body: Uint8Array, { dtype, shape, data_offsets: [begin, end] }: Entry): Tensor {
  const { buffer } = new Uint8Array(body.subarray(begin, end));
  if (dtype === "F32") return { shape, data: new Float32Array(buffer) };
  return { shape, data: halvesToFloats(new Uint16Array(buffer)) };
}

/** Writes float32 tensors, sorted by name, with string metadata. */
export function writeSafetensors(tensors: Weights, metadata: Readonly<Record<string, string>>): Uint8Array {
  const header: Record<string, unknown> = { [metadataKey]: metadata };
  const names = [...tensors.keys()].sort();
  let offset = 0;
  for (const name of names) {
    const { shape, data } = tensors.get(name) as Tensor;
    header[name] = { dtype: "F32", shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const json = JSON.stringify(header);
  const text = new TextEncoder().encode(json);
  const padded = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded + offset).fill(0x20, 8, 8 + padded);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(text, 8);
  let at = 8 + padded;
  for (const name of names) {
    const { data } = tensors.get(name) as Tensor;
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

function invalid(subject: string, problem: string): ModelError {
  return new ModelError({
    code: "E_MODEL_FORMAT",
    subject,
    problem,
    remedy: "Use a .safetensors file written by movinet, or a MoViNet .tflite file",
  });
}

/** The safetensors container: 8 bytes of header length (little-endian), a JSON header, then the tensors' bytes. */
import { ModelError } from "../../errors.ts";
import type { Tensor, Weights } from "../graph/tensor.ts";
import { halfToFloat } from "./half.ts";

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [begin: number, end: number];
}

export interface Safetensors {
  readonly tensors: Weights;
  readonly metadata: Readonly<Record<string, string>>;
}

const metadataKey = "__metadata__";

/** Reads float32 and float16 tensors. Throws {@link ModelError} (`E_MODEL_FORMAT`). */
export function readSafetensors(bytes: Uint8Array, subject: string): Safetensors {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.byteLength >= 8 ? Number(view.getBigUint64(0, true)) : 0;
  if (length < 2 || length > bytes.byteLength - 8) throw invalid(subject, "it is not a safetensors file");
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch {
    throw invalid(subject, "its header is not JSON");
  }
  const tensors = new Map<string, Tensor>();
  for (const [name, value] of Object.entries(header)) {
    if (name === metadataKey) continue;
    const entry = checkEntry(value, name, subject, bytes.byteLength - 8 - length);
    const [begin, end] = entry.data_offsets;
    const data = new Uint8Array(bytes.subarray(8 + length + begin, 8 + length + end));
    tensors.set(name, { shape: entry.shape, data: readData(data, entry) });
  }
  const metadata = header[metadataKey];
  return { tensors, metadata: typeof metadata === "object" ? (metadata as Record<string, string>) : {} };
}

function checkEntry(value: unknown, name: string, subject: string, available: number): Entry {
  const entry = value as Partial<Entry> | null;
  const size = entry?.dtype === "F32" ? 4 : entry?.dtype === "F16" ? 2 : 0;
  if (size === 0) throw invalid(subject, `the tensor ${name} has dtype ${entry?.dtype}, not F32 or F16`);
  const natural = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isInteger(n) && n >= 0);
  const { shape, data_offsets: offsets } = entry as Partial<Entry>;
  if (!natural(shape) || !natural(offsets) || offsets.length !== 2) {
    throw invalid(subject, `the tensor ${name} has no valid shape and offsets`);
  }
  const [begin, end] = offsets as [number, number];
  if (end > available || end - begin !== size * shape.reduce((a, b) => a * b, 1)) {
    throw invalid(subject, `the bytes of tensor ${name} are cut off or do not fit its shape [${shape}]`);
  }
  return entry as Entry;
}

function readData(bytes: Uint8Array<ArrayBuffer>, { dtype }: Entry): Float32Array {
  if (dtype === "F32") return new Float32Array(bytes.buffer);
  return Float32Array.from(new Uint16Array(bytes.buffer), halfToFloat);
}

/** Writes float32 tensors in the order of their names, with string metadata. */
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
    remedy: "Use a .safetensors file that movinet wrote, or a .tflite file of MoViNet",
  });
}

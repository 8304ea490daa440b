import { ByteBuffer } from "flatbuffers";
import { ModelError } from "../../../common/errors.ts";

/** What is wrong with a flatbuffer, in words that follow "it is damaged:". */
export class Damage extends Error {}

export type Flatbuffer = ReturnType<typeof openFlatbuffer>;
/** Limit beyond any name in a MoViNet file. */
const longestName = 200;
/** Limit of numbers in all vectors together. */
const mostNumbers = 4e6;
const elementBytes = { int32: 4, float32: 4, int64: 8 } as const;

/**
 * Checked access to a flatbuffer: every read stays within its bytes, and the total amount read is bounded by their
 * number, however offsets are nested. A table is identified by its position; a missing field is null or the fallback.
 * Throws {@link Damage}.
 */
export function openFlatbuffer(bytes: Uint8Array) {
  const buffer = new ByteBuffer(bytes);
  /**
   * Remaining bytes that may be read from vectors and strings: files share small constants, hostile ones share large
   * ones.
   */
  let allowance = 8 * bytes.length + 65_536;
  let numbersLeft = mostNumbers;

  function inside(at: number, length: number): number {
    if (at < 0 || length < 0 || at + length > bytes.length) throw new Damage("an offset points outside the file");
    return at;
  }
  function spend(length: number): void {
    allowance -= length;
    if (allowance < 0) throw new Damage("its parts overlap");
  }
  function field(table: number, index: number): number | null {
    const vtable = inside(table - buffer.readInt32(inside(table, 4)), 4);
    const slot = 4 + 2 * index;
    if (slot + 2 > buffer.readUint16(vtable)) return null;
    const offset = buffer.readUint16(inside(vtable + slot, 2));
    return offset === 0 ? null : table + offset;
  }
  function pointer(at: number): number {
    return at + buffer.readUint32(inside(at, 4));
  }
  function vector(
    table: number,
    index: number,
    size: number,
    most = Number.POSITIVE_INFINITY,
  ): { start: number; length: number } {
    const at = field(table, index);
    if (at === null) return { start: 0, length: 0 };
    const start = pointer(at);
    const length = buffer.readUint32(inside(start, 4));
    if (length > most) throw new Damage(`it has a list of ${length} elements where at most ${most} are expected`);
    spend(length * size);
    return { start: inside(start + 4, length * size), length };
  }
  function scalar(size: number, read: (at: number) => number) {
    return (table: number, index: number, fallback: number): number => {
      const at = field(table, index);
      return at === null ? fallback : read(inside(at, size));
    };
  }
  const elements = {
    int32: (at: number) => buffer.readInt32(at),
    float32: (at: number) => buffer.readFloat32(at),
    int64: (at: number) => Number(buffer.readInt64(at)),
  };

  return {
    root: () => inside(pointer(0), 4),
    int8: scalar(1, (at) => buffer.readInt8(at)),
    int32: scalar(4, (at) => buffer.readInt32(at)),
    uint64: scalar(8, (at) => Number(buffer.readUint64(at))),
    table(table: number, index: number): number | null {
      const at = field(table, index);
      return at === null ? null : inside(pointer(at), 4);
    },
    tables(table: number, index: number, most: number): number[] {
      const { start, length } = vector(table, index, 4, most);
      return Array.from({ length }, (_, i) => inside(pointer(start + 4 * i), 4));
    },
    numbers(table: number, index: number, type: keyof typeof elements, most: number): number[] {
      const { start, length } = vector(table, index, elementBytes[type], most);
      numbersLeft -= length;
      if (numbersLeft < 0) throw new Damage("its parts overlap");
      return Array.from({ length }, (_, i) => elements[type](start + elementBytes[type] * i));
    },
    text(table: number, index: number): string {
      const { start, length } = vector(table, index, 1);
      return new TextDecoder().decode(bytes.subarray(start, start + Math.min(length, longestName)));
    },
    /** A view of this many bytes. */
    range(start: number, length: number): Uint8Array {
      spend(length);
      return bytes.subarray(inside(start, length), start + length);
    },
    /** A view of a vector of bytes; null if empty. */
    bytes(table: number, index: number): Uint8Array | null {
      const { start, length } = vector(table, index, 1);
      return length === 0 ? null : bytes.subarray(start, start + length);
    },
  };
}

/** The error for a file that is not a readable TFLite file, or not a MoViNet. */
export function refuse(subject: string, problem: string, cause?: unknown): ModelError {
  return new ModelError({
    code: "E_MODEL_FORMAT",
    subject,
    problem,
    remedy:
      "Use a TFLite file of a MoViNet stream model (A0 to A5, T0) written by the official export tool, and check that the file is complete",
    cause,
  });
}

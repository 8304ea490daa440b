import { Builder } from "flatbuffers";

/** Puts a value into a field of the table under construction. */
type Field = (slot: number) => void;

/** Writes a flatbuffer. Referenced data is written when it is named, and so before its table. */
export class FlatWriter {
  readonly builder: Builder;

  /** A flatbuffer of more than `bytes` must grow, which copies everything. */
  constructor(bytes: number) {
    this.builder = new Builder(bytes);
  }

  /** A table, its fields in the order of `slots`. Fields with the schema's default are omitted. */
  table<Slots extends Readonly<Record<string, number>>>(
    slots: Slots,
    fields: { readonly [Name in keyof Slots]?: Field | undefined },
  ): number {
    this.builder.startObject(1 + Math.max(-1, ...Object.values(slots)));
    for (const [name, slot] of Object.entries(slots)) fields[name]?.(slot);
    return this.builder.endObject();
  }

  finish(root: number, identifier: string): Uint8Array {
    this.builder.finish(root, identifier);
    return this.builder.asUint8Array();
  }

  /** A table, text or vector written before. */
  ref(offset: number): Field {
    return (slot) => this.builder.addFieldOffset(slot, offset, 0);
  }

  byte(value: number): Field {
    return (slot) => this.builder.addFieldInt8(slot, value, 0);
  }

  int(value: number, fallback = 0): Field {
    return (slot) => this.builder.addFieldInt32(slot, value, fallback);
  }

  text(value: string): Field {
    return this.ref(this.builder.createString(value));
  }

  /** Bytes that begin at a multiple of `alignment`. */
  bytes(data: Uint8Array, alignment: number): Field {
    this.builder.prep(alignment, data.length);
    return this.ref(this.builder.createByteVector(data));
  }

  tables(offsets: readonly number[]): Field {
    return this.#vector(4, offsets, (offset) => this.builder.addOffset(offset));
  }

  ints(values: readonly number[]): Field {
    return this.#vector(4, values, (value) => this.builder.addInt32(value));
  }

  longs(values: readonly number[]): Field {
    return this.#vector(8, values, (value) => this.builder.addInt64(BigInt(value)));
  }

  floats(values: readonly number[]): Field {
    return this.#vector(4, values, (value) => this.builder.addFloat32(value));
  }

  #vector(bytes: number, values: readonly number[], add: (value: number) => void): Field {
    this.builder.startVector(bytes, values.length, bytes);
    for (const value of values.toReversed()) add(value);
    return this.ref(this.builder.endVector());
  }
}

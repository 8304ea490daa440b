import { PbfReader } from "pbf";

/** Reads a field, or skips it. */
export type ReadField = (field: number, pbf: PbfReader) => void;

/** Reads the fields of a protocol buffer. Throws an `Error` if it is truncated. */
export function readAll(bytes: Uint8Array, read: ReadField): void {
  const pbf = new PbfReader(bytes);
  readTo(pbf, bytes.length, read);
}

/** Reads the fields of a nested message. Throws an `Error` if it is truncated. */
export function readMessage(pbf: PbfReader, read: ReadField): void {
  const length = pbf.readVarint();
  readTo(pbf, pbf.pos + length, read);
}

function readTo(pbf: PbfReader, end: number, read: ReadField): void {
  if (!(end <= pbf.length)) throw new Error("it is truncated");
  pbf.readFields((field) => read(field, pbf), null, end);
  if (pbf.pos !== end) throw new Error("a message ends inside another one");
}

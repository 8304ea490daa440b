import { PbfReader } from "pbf";

/** Reads a field, or leaves it: then it is passed over. */
export type ReadField = (field: number, pbf: PbfReader) => void;

/** Reads the fields of a protocol buffer. Throws an `Error` where it is cut off. */
export function readAll(bytes: Uint8Array, read: ReadField): void {
  const pbf = new PbfReader(bytes);
  readTo(pbf, bytes.length, read);
}

/** Reads the fields of a message that is a field itself. Throws an `Error` where it is cut off. */
export function readMessage(pbf: PbfReader, read: ReadField): void {
  const length = pbf.readVarint();
  readTo(pbf, pbf.pos + length, read);
}

function readTo(pbf: PbfReader, end: number, read: ReadField): void {
  if (!(end <= pbf.length)) throw new Error("it is cut off");
  pbf.readFields((field) => read(field, pbf), null, end);
  if (pbf.pos !== end) throw new Error("one of its parts ends in the midst of another");
}

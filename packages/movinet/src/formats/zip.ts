/** ZIP archives: of PyTorch files, and those at the end of TFLite files. Portable and synchronous. */
import { crc32 } from "../common/crc.ts";
import { inflate } from "./inflate.ts";

/** A file in an archive. */
export interface ArchivedFile {
  readonly name: string;
  /** Of its content. */
  readonly size: number;
  /** Whether it is stored uncompressed: reading it then copies nothing. */
  readonly stored: boolean;
  /** Unpacks it. Throws an `Error` if it is damaged, or uses an unsupported compression. */
  read(): Uint8Array;
}

const signatures = {
  end: 0x06054b50,
  entry: 0x02014b50,
  file: 0x04034b50,
  locator64: 0x07064b50,
  end64: 0x06064b50,
} as const;
const headerBytes = { end: 22, entry: 46, file: 30, locator64: 20, end64: 56 } as const;
const methods = { stored: 0, deflated: 8 } as const;
const longestComment = 65_535;

/** The files of the archive at the end of `bytes`, at most `most`; none if there is no archive. */
export function readArchive(bytes: Uint8Array, most: number): readonly ArchivedFile[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(view);
  if (end === null) return [];
  const count = Math.min(view.getUint16(end + 10, true), most);
  const directory = directoryEnd(view, end) - view.getUint32(end + 12, true);
  // Offsets count from the beginning of the file, or from that of the archive.
  const start = directory - view.getUint32(end + 16, true);
  const files: ArchivedFile[] = [];
  let at = directory;
  for (let i = 0; i < count; i++) {
    if (at < 0 || at + headerBytes.entry > end || view.getUint32(at, true) !== signatures.entry) break;
    const method = view.getUint16(at + 10, true);
    const [packed, size] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true)];
    const lengthOf = (field: number) => view.getUint16(at + field, true);
    const [nameLength, extra, comment] = [lengthOf(28), lengthOf(30), lengthOf(32)];
    const place = start + view.getUint32(at + 42, true);
    const name = new TextDecoder().decode(bytes.subarray(at + headerBytes.entry, at + headerBytes.entry + nameLength));
    const read = () => unpack(bytes, view, place, { method, packed, size });
    files.push({ name, size, stored: method === methods.stored, read });
    at += headerBytes.entry + nameLength + extra + comment;
  }
  return files;
}

function findEnd(view: DataView): number | null {
  const last = view.byteLength - headerBytes.end;
  for (let at = last; at >= Math.max(0, last - longestComment); at--) {
    if (view.getUint32(at, true) === signatures.end && view.getUint16(at + 20, true) === last - at) return at;
  }
  return null;
}

/** PyTorch always puts records for archives of more than 4 GiB between the directory and the end. */
function directoryEnd(view: DataView, end: number): number {
  const locator = end - headerBytes.locator64;
  const record = locator - headerBytes.end64;
  const wide =
    record >= 0 &&
    view.getUint32(locator, true) === signatures.locator64 &&
    view.getUint32(record, true) === signatures.end64;
  return wide ? record : end;
}

function unpack(
  bytes: Uint8Array,
  view: DataView,
  place: number,
  { method, packed, size }: { readonly method: number; readonly packed: number; readonly size: number },
): Uint8Array {
  if (place < 0 || place + headerBytes.file > bytes.length || view.getUint32(place, true) !== signatures.file) {
    throw new Error("the archive is damaged");
  }
  const start = place + headerBytes.file + view.getUint16(place + 26, true) + view.getUint16(place + 28, true);
  if (start + packed > bytes.length) throw new Error("the archive is truncated");
  const content = bytes.subarray(start, start + packed);
  if (method === methods.stored && packed === size) return content;
  if (method === methods.deflated) return inflate(content, size);
  throw new Error(`unsupported compression method ${method}`);
}

/** A file to store in an archive. */
export interface FileToStore {
  readonly name: string;
  readonly content: Uint8Array;
}

/**
 * An archive of uncompressed files, each at a multiple of `alignment` bytes, so that it can be memory-mapped. The same
 * files give the same bytes.
 */
export function writeArchive(files: readonly FileToStore[], alignment: number): Uint8Array {
  const names = files.map(({ name }) => new TextEncoder().encode(name));
  const lengthOf = (i: number) => (names[i] as Uint8Array).length;
  const places: number[] = [];
  let at = 0;
  for (const [i, { content }] of files.entries()) {
    places.push(at);
    at += headerBytes.file + lengthOf(i);
    at += paddingAt(at, alignment) + content.length;
  }
  const directory = at;
  const size = files.reduce((sum, _, i) => sum + headerBytes.entry + lengthOf(i), 0);
  const bytes = new Uint8Array(directory + size + headerBytes.end);
  const view = new DataView(bytes.buffer);
  for (const [i, { content }] of files.entries()) {
    const [name, place] = [names[i] as Uint8Array, places[i] as number];
    const facts = { crc: crc32(content), size: content.length, nameLength: name.length };
    const behindName = place + headerBytes.file + name.length;
    const padding = paddingAt(behindName, alignment);
    view.setUint32(place, signatures.file, true);
    writeFacts(view, place + 4, facts);
    view.setUint16(place + 28, padding, true);
    bytes.set(name, place + headerBytes.file);
    if (padding > 0) view.setUint16(behindName + 2, padding - 4, true); // an unassigned field type
    bytes.set(content, behindName + padding);
    view.setUint32(at, signatures.entry, true);
    view.setUint16(at + 4, version, true);
    writeFacts(view, at + 6, facts);
    view.setUint32(at + 42, place, true);
    bytes.set(name, at + headerBytes.entry);
    at += headerBytes.entry + name.length;
  }
  view.setUint32(at, signatures.end, true);
  view.setUint16(at + 8, files.length, true);
  view.setUint16(at + 10, files.length, true);
  view.setUint32(at + 12, size, true);
  view.setUint32(at + 16, directory, true);
  return bytes;
}

/** Length of an extra field that aligns what follows to `alignment`: none, or at least the field's own header. */
function paddingAt(at: number, alignment: number): number {
  const rest = -at & (alignment - 1);
  return rest === 0 || rest >= 4 ? rest : rest + alignment;
}

/** Minimum version of a reader: 2.0. */
const version = 20;
const firstOfJanuary1980 = 0x00210000;

/** The common part of a file's header and its directory entry. */
function writeFacts(
  view: DataView,
  at: number,
  { crc, size, nameLength }: { readonly crc: number; readonly size: number; readonly nameLength: number },
): void {
  view.setUint16(at, version, true);
  view.setUint32(at + 6, firstOfJanuary1980, true);
  view.setUint32(at + 10, crc, true);
  view.setUint32(at + 14, size, true);
  view.setUint32(at + 18, size, true);
  view.setUint16(at + 22, nameLength, true);
}

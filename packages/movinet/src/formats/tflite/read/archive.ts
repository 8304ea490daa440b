/** The ZIP archive that may stand behind a TFLite file, with what belongs to the model. */
import { inflate } from "./inflate.ts";

/** A file in an archive. */
export interface ArchivedFile {
  readonly name: string;
  /** Of its content. */
  readonly size: number;
  /** Unpacks it. Throws an `Error` where it is damaged, or packed in a way that we do not read. */
  read(): Uint8Array;
}

const endBytes = 22;
const longestComment = 65_535;
const mostFiles = 1000;
const signatures = { end: 0x06054b50, entry: 0x02014b50, file: 0x04034b50 } as const;
const methods = { stored: 0, deflated: 8 } as const;

/** The files of the archive at the end of `bytes`, none where there is no archive. */
export function readArchive(bytes: Uint8Array): readonly ArchivedFile[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(view);
  if (end === null) return [];
  const count = Math.min(view.getUint16(end + 10, true), mostFiles);
  const directory = end - view.getUint32(end + 12, true);
  // Offsets count from the beginning of the file, or from that of the archive.
  const start = directory - view.getUint32(end + 16, true);
  const files: ArchivedFile[] = [];
  let at = directory;
  for (let i = 0; i < count; i++) {
    if (at < 0 || at + 46 > end || view.getUint32(at, true) !== signatures.entry) break;
    const method = view.getUint16(at + 10, true);
    const [packed, size] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true)];
    const [nameLength, extra, comment] = [28, 30, 32].map((field) => view.getUint16(at + field, true)) as [
      number,
      number,
      number,
    ];
    const place = start + view.getUint32(at + 42, true);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    files.push({ name, size, read: () => unpack(bytes, view, place, { method, packed, size }) });
    at += 46 + nameLength + extra + comment;
  }
  return files;
}

function findEnd(view: DataView): number | null {
  const last = view.byteLength - endBytes;
  for (let at = last; at >= Math.max(0, last - longestComment); at--) {
    if (view.getUint32(at, true) === signatures.end && view.getUint16(at + 20, true) === last - at) return at;
  }
  return null;
}

function unpack(
  bytes: Uint8Array,
  view: DataView,
  place: number,
  { method, packed, size }: { readonly method: number; readonly packed: number; readonly size: number },
): Uint8Array {
  if (place < 0 || place + 30 > bytes.length || view.getUint32(place, true) !== signatures.file) {
    throw new Error("the archive is damaged");
  }
  const start = place + 30 + view.getUint16(place + 26, true) + view.getUint16(place + 28, true);
  if (start + packed > bytes.length) throw new Error("the archive is cut off");
  const content = bytes.subarray(start, start + packed);
  if (method === methods.stored && packed === size) return content;
  if (method === methods.deflated) return inflate(content, size);
  throw new Error(`it is packed by method ${method}, which is not read`);
}

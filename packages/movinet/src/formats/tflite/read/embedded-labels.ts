import { ModelError } from "../../../common/errors.ts";
import { chooseLabels, type FoundLabels, mostLabelBytes, parseLabels } from "../../../model/labels.ts";
import { companionFields, companionName, labelFileTypes } from "../write/companion.ts";
import { Damage, openFlatbuffer } from "./flatbuffer.ts";
import { inflate } from "./inflate.ts";
import type { TfliteModel } from "./schema.ts";

/**
 * Class names that are packed into a TFLite file, as Google's and Android's tools expect them: the file of labels that the
 * metadata names for an output, else a `.txt` with `label` in its name. Null names where there is none that fits; the
 * warnings say why.
 */
export function embeddedLabels(
  bytes: Uint8Array,
  { metadata }: Pick<TfliteModel, "metadata">,
  classes: number,
): FoundLabels {
  const files = readArchive(bytes);
  if (files.length === 0) return { names: null, warnings: [] };
  const told = labelFilesOf(metadata[companionName]);
  const named = files.filter(({ name }) => told.includes(name));
  const candidates = named.length > 0 ? named : files.filter(({ name }) => /label[^/]*\.txt$/i.test(name));
  return chooseLabels(candidates.map(readCandidate), classes, "packed into it");
}

function readCandidate(file: ArchivedFile) {
  const { name, size } = file;
  try {
    if (size > mostLabelBytes) return { name, problem: `it has more than ${mostLabelBytes} bytes` };
    return { name, labels: parseLabels(file.read(), name) };
  } catch (error) {
    return { name, problem: error instanceof ModelError ? error.problem : (error as Error).message };
  }
}

/** Names of the files that the metadata calls labels of an output; those for no language in particular, if there are any. */
function labelFilesOf(description: Uint8Array | undefined): readonly string[] {
  if (description === undefined) return [];
  try {
    const file = openFlatbuffer(description);
    const { model, subgraph, tensor, file: fields } = companionFields;
    const [graph] = file.tables(file.root(), model.subgraphs, mostParts);
    if (graph === undefined) return [];
    const found = file
      .tables(graph, subgraph.outputs, mostParts)
      .flatMap((output) => file.tables(output, tensor.files, mostParts))
      .filter((part) => labelFileTypes.includes(file.int8(part, fields.type, 0)))
      .map((part) => ({ name: file.text(part, fields.name), locale: file.text(part, fields.locale) }));
    const plain = found.filter(({ locale }) => locale === "");
    return (plain.length > 0 ? plain : found).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Damage) return [];
    throw error;
  }
}

const mostParts = 1000;

/** The ZIP archive that may stand behind a TFLite file, with what belongs to the model. */

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
    const lengthOf = (field: number) => view.getUint16(at + field, true);
    const [nameLength, extra, comment] = [lengthOf(28), lengthOf(30), lengthOf(32)];
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

import type { Engine } from "../engines/engine.ts";
import { isArchive } from "../formats/archive.ts";
import { type FileFormat, formatOf, headBytes } from "../formats/file-kind.ts";
import { type ReadModel, readOwnFile } from "../formats/own-file.ts";
import { Program } from "../session/program.ts";
import { type OpenedFile, withKnownLabels } from "../zoo/labelled.ts";

/**
 * Reads a model in any format from the bytes of its file or archive, with the class names of its card or of a known
 * file.
 */
export async function readFileOf(bytes: Uint8Array, subject: string): Promise<OpenedFile> {
  const head = bytes.subarray(0, headBytes);
  if (isArchive(head)) return (await import("../formats/model-file.ts")).readArchive(bytes, subject);
  const format = formatOf(head, bytes.length, subject);
  const read = (await readerOf(format))(bytes, subject);
  return { ...(await withKnownLabels(read, bytes)), file: { bytes, subject, format } };
}

/** A page loads the reader of the format that it opens: of our own and of TFLite no other's. */
async function readerOf(format: FileFormat): Promise<(bytes: Uint8Array, subject: string) => ReadModel> {
  if (format === "safetensors") return readOwnFile;
  if (format === "tflite") return (await import("../formats/tflite/read/model.ts")).readTfliteModel;
  return (await import("../formats/model-file.ts")).readModel;
}

/** A TFLite file runs unchanged on an engine for such files; everything else is compiled. */
export function programOf(opened: OpenedFile, engine: Engine): Promise<Program> {
  const { file, card } = opened;
  if (engine.format !== "tflite" || file?.format !== "tflite") return Program.compile(opened, engine);
  return Program.open(file.bytes, file.subject, engine, { labels: card.labels });
}

import type { Engine } from "../engines/engine.ts";
import { isArchive } from "../formats/archive.ts";
import { readArchive, readModel } from "../formats/model-file.ts";
import { Program } from "../session/program.ts";
import { type OpenedFile, withKnownLabels } from "../zoo/labelled.ts";

/**
 * Reads a model in any format from the bytes of its file or archive, with the class names of its card or of a known
 * file.
 */
export async function readFileOf(bytes: Uint8Array, subject: string): Promise<OpenedFile> {
  if (isArchive(bytes.subarray(0, headBytes))) return readArchive(bytes, subject);
  const read = readModel(bytes, subject);
  return { ...(await withKnownLabels(read, bytes)), file: { bytes, subject, format: read.format } };
}

/** Bytes needed to recognize an archive. */
const headBytes = 512;

/** A TFLite file runs unchanged on an engine for such files; everything else is compiled. */
export function programOf(opened: OpenedFile, engine: Engine): Promise<Program> {
  const { file, card } = opened;
  if (engine.format !== "tflite" || file?.format !== "tflite") return Program.compile(opened, engine);
  return Program.open(file.bytes, file.subject, engine, { labels: card.labels });
}

import type { Engine } from "../engines/engine.ts";
import { readModel } from "../formats/model-file.ts";
import { Program } from "../session/program.ts";
import { type ModelFile, type OpenedModel, withKnownLabels } from "../zoo/labelled.ts";

/** A model, and the file that it was read from. */
export interface OpenedFile extends OpenedModel {
  readonly file?: ModelFile;
}

/** Reads a model of any format from its bytes, with the class names of its card or of a file that we know. */
export async function readFileOf(bytes: Uint8Array, subject: string): Promise<OpenedFile> {
  const read = readModel(bytes, subject);
  return { ...(await withKnownLabels(read, bytes)), file: { bytes, subject, format: read.format } };
}

/** A TFLite file runs as it is on the engine of such files; everything else is compiled. */
export function programOf(opened: OpenedFile, engine: Engine): Promise<Program> {
  const { file, card } = opened;
  if (engine.format !== "tflite" || file?.format !== "tflite") return Program.compile(opened, engine);
  return Program.open(file.bytes, file.subject, engine, { labels: card.labels });
}

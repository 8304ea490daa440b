import { ModelError } from "../../../common/errors.ts";
import { chooseLabels, type FoundLabels, mostLabelBytes, parseLabels } from "../../../model/labels.ts";
import { type ArchivedFile, readArchive } from "../../zip.ts";
import { companionFields, companionName, labelFileTypes } from "../write/companion.ts";
import { Damage, openFlatbuffer } from "./flatbuffer.ts";
import type { TfliteModel } from "./schema.ts";

/**
 * Class names embedded in a TFLite file, as Google's and Android's tools expect them: the label file that the metadata
 * names for an output, else a `.txt` with `label` in its name. Null names if none matches; the warnings say why.
 */
export function embeddedLabels(
  bytes: Uint8Array,
  { metadata }: Pick<TfliteModel, "metadata">,
  classes: number,
): FoundLabels {
  const files = readArchive(bytes, mostFiles);
  if (files.length === 0) return { names: null, warnings: [] };
  const told = labelFilesOf(metadata[companionName]);
  const named = files.filter(({ name }) => told.includes(name));
  const candidates = named.length > 0 ? named : files.filter(({ name }) => /label[^/]*\.txt$/i.test(name));
  return chooseLabels(candidates.map(readCandidate), classes, "embedded in it");
}

function readCandidate(file: ArchivedFile) {
  const { name, size } = file;
  try {
    if (size > mostLabelBytes) return { name, problem: `it is larger than ${mostLabelBytes} bytes` };
    return { name, labels: parseLabels(file.read(), name) };
  } catch (error) {
    return { name, problem: error instanceof ModelError ? error.problem : (error as Error).message };
  }
}

/** Names of the files that the metadata calls labels of an output; the language-neutral ones, if there are any. */
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
const mostFiles = 1000;

/** The list of labels beside a `.tflite`, which Google's sample clients read as a file of its own. */
import { basename } from "node:path";
import { findOutput, ModelSource, writeWhole } from "movinet/files";
import { readModel } from "movinet/formats";
import { keptText } from "../files.ts";
import { UsageError } from "../usage.ts";

/** A file to write; `write` does nothing where its content is there already. */
export interface LabelsFile {
  readonly path: string;
  write(): Promise<void>;
}

/**
 * Plans `mine.labels.txt` for `mine.tflite`; null for other formats, and where no labels are known. What is there is replaced
 * only where it lists the labels of the model file beside it, which is replaced too, and left alone where it names the same
 * classes. Throws {@link UsageError} for other files, and where a file without labels would have those of the one before it.
 */
export async function planLabels(output: string, labels: readonly string[] | null): Promise<LabelsFile | null> {
  if (!/\.tflite$/i.test(output)) return null;
  const path = output.replace(/\.tflite$/i, ".labels.txt");
  if (labels === null) {
    const there = await keptText(path);
    if (there === null || there !== (await listWithin(output))) return null;
    const problem = `has the labels of the old ${basename(output)}, and the new model has none`;
    throw new UsageError(path, problem, "Remove it, choose another output file, or give --labels");
  }
  const text = listOf(labels);
  const { facts } = await findOutput(path, "E_USAGE");
  const there = facts && (await keptText(path));
  if (there !== null && listOf(there.trimEnd().split(/\r\n?|\n/)) === text) return { path, write: async () => {} };
  if (facts && there !== (await listWithin(output))) {
    const problem = `would be overwritten, but does not list the labels of ${basename(output)}`;
    throw new UsageError(path, problem, "Move it away, or choose another output file");
  }
  return { path, write: () => writeWhole(path, text) };
}

/** A line a class, in the order of the outputs. Readers leave out empty lines, so a class without a name has its number. */
function listOf(labels: readonly string[]): string {
  return labels.map((label, i) => `${label.replace(/\s+/g, " ").trim() || i}\n`).join("");
}

/** The labels in a model file as a list; null where there is no such file, or it has none. */
async function listWithin(file: string): Promise<string | null> {
  try {
    const source = await (await ModelSource.at(file)).read();
    const { card } = source instanceof Uint8Array ? readModel(source, file) : source;
    return card.labels && listOf(card.labels);
  } catch {
    return null;
  }
}

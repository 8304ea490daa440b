import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, extname, join, relative, resolve, sep } from "node:path";
import { DatasetError } from "../../errors.ts";
import { videosIn } from "../../run/video/sources.node.ts";
import { type Dataset, type Sample, type Split, splitOf } from "./dataset.ts";
import { lineError, type ManifestFormat, type ManifestRow, readManifest } from "./manifest.ts";

export interface DatasetOptions {
  /**
   * The only classes that may occur, in the order that indexes them: those of a model that is to be evaluated. Then a
   * single class and a single clip are enough. Default: what the dataset names, sorted.
   */
  readonly labels?: readonly string[] | undefined;
}

/** A clip with the names of its classes. */
interface Found extends Omit<Sample, "classes"> {
  readonly labels: readonly string[];
  /** Where it is said, for errors: path and line, or folder. */
  readonly where: { readonly path: string; readonly line: number | null };
}

const formats: Readonly<Record<string, ManifestFormat>> = { ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl" };
const layout = "Give a folder with a sub-folder of videos for each class, or a manifest (.csv, .jsonl)";

/**
 * Finds the clips of a dataset. `path` is
 *
 * - a manifest, `.csv` or `.jsonl`: `file` (relative to the manifest), `label` (several separated by `;`), and, where
 *   wanted, `split` (train, validation, test), `group`, `start`, `end` (seconds);
 * - a folder that holds `manifest.csv` or `manifest.jsonl`;
 * - a folder with a sub-folder of videos (at any depth) for each class, or with `train`, `validation` and `test` folders
 *   of such. Names that begin with a dot are passed over.
 *
 * Nothing is decoded: `checkDataset` does that. Throws {@link DatasetError}: `E_DATASET_NOT_FOUND`,
 * `E_DATASET_UNREADABLE`, `E_DATASET_FORMAT`, `E_DATASET_LINE`, `E_DATASET_EMPTY`, `E_DATASET_ONE_CLASS`,
 * `E_DATASET_ONE_CLIP`, `E_DATASET_LABEL`.
 */
export async function openDataset(path: string, options: DatasetOptions = {}): Promise<Dataset> {
  const found = await findClips(path);
  const labels = options.labels ?? [...new Set(found.flatMap((clip) => clip.labels))].sort();
  const indexes = new Map(labels.map((label, i) => [label, i]));
  const samples = found.map(({ labels: own, where, ...clip }): Sample => {
    const classes = own.map((label) => indexes.get(label) ?? unknownLabel(label, labels, where));
    return { ...clip, classes: classes.sort((a, b) => a - b) };
  });
  if (samples.length === 0) throw error("E_DATASET_EMPTY", path, "it holds no clips", layout);
  if (options.labels === undefined) {
    if (samples.length === 1) {
      throw error("E_DATASET_ONE_CLIP", path, "it holds only one clip", "Add clips: at least ten of each class");
    }
    if (labels.length === 1) {
      const problem = `all of its ${samples.length} clips are of one class, ${labels[0]}`;
      throw error(
        "E_DATASET_ONE_CLASS",
        path,
        problem,
        "Add a second class, for example of clips that show something else",
      );
    }
  }
  return { path, labels, samples, multiLabel: samples.some(({ classes }) => classes.length > 1) };
}

function error(code: string, subject: string, problem: string, remedy: string, cause?: unknown): DatasetError {
  return new DatasetError({ code, subject, problem, remedy, cause });
}

function unknownLabel(label: string, labels: readonly string[], { path, line }: Found["where"]): never {
  const where = line === null ? "" : `line ${line}: `;
  const shown = labels.length > 8 ? `${labels.slice(0, 8).join(", ")}, …` : labels.join(", ");
  const problem = `${where}the label ${JSON.stringify(label)} is no class of the model`;
  throw error("E_DATASET_LABEL", path, problem, `Use its names: ${shown}`);
}

async function findClips(path: string): Promise<readonly Found[]> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT" || cause.code === "ENOTDIR") {
      throw error("E_DATASET_NOT_FOUND", path, "there is no such folder or file", layout, cause);
    }
    throw unreadable(path, cause);
  });
  if (found.isDirectory()) return clipsOfFolder(path);
  const format = formats[extname(path).toLowerCase()];
  if (!format) throw error("E_DATASET_FORMAT", path, "this file is no manifest", layout);
  return clipsOfManifest(path, format);
}

function unreadable(path: string, cause: unknown): DatasetError {
  const why = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
  return error("E_DATASET_UNREADABLE", path, `it cannot be read (${why})`, "Check its permissions", cause);
}

async function clipsOfManifest(path: string, format: ManifestFormat): Promise<readonly Found[]> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  const folder = dirname(path);
  const rows = readManifest(bytes, format, path);
  await checkFiles(rows, path);
  return rows.map(({ line, file, ...row }) => {
    const opened = resolveFile(folder, file);
    return { ...row, file: opened, name: nameIn(folder, opened), where: { path, line } };
  });
}

/** As short as the manifest's own path is. */
function resolveFile(folder: string, file: string): string {
  return resolve(file) === file ? file : join(folder, file);
}

function nameIn(folder: string, file: string): string {
  return relative(resolve(folder), resolve(file)).replaceAll(sep, "/");
}

async function checkFiles(rows: readonly ManifestRow[], path: string): Promise<void> {
  const problems = await Promise.all(
    rows.map(async ({ file }) => {
      const found = await stat(resolveFile(dirname(path), file)).catch(() => null);
      return found === null ? "there is no file" : found.isDirectory() ? "this is a folder, not a video," : null;
    }),
  );
  const first = problems.findIndex((problem) => problem !== null);
  const row = rows[first];
  if (!row) return;
  const more = problems.filter((problem) => problem !== null).length - 1;
  const others = more > 0 ? ` (and ${more} more such ${more === 1 ? "line" : "lines"})` : "";
  const problem = `${problems[first]} ${row.file}${others}`;
  throw lineError(path, row.line, problem, "Correct the path, which is relative to the manifest, or remove the line");
}

async function clipsOfFolder(path: string): Promise<readonly Found[]> {
  const names = await readdir(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  for (const [name, format] of [
    ["manifest.csv", "csv"],
    ["manifest.jsonl", "jsonl"],
  ] as const) {
    if (names.includes(name)) return clipsOfManifest(join(path, name), format);
  }
  const folders = await subFolders(path, names);
  const splits = folders.map(splitOf);
  if (splits.includes("train") && splits.length > 1 && splits.every((split) => split !== undefined)) {
    const parts = folders.map(async (folder, i) => {
      const part = join(path, folder);
      const inside = await readdir(part).catch((cause: unknown) => {
        throw unreadable(part, cause);
      });
      return clipsOfClasses(path, part, await subFolders(part, inside), splits[i] ?? null);
    });
    return (await Promise.all(parts)).flat();
  }
  return clipsOfClasses(path, path, folders, null);
}

async function subFolders(path: string, names: readonly string[]): Promise<readonly string[]> {
  const visible = names.filter((name) => !name.startsWith(".")).sort();
  const isFolder = await Promise.all(
    visible.map(async (name) => (await stat(join(path, name)).catch(() => null))?.isDirectory()),
  );
  return visible.filter((_, i) => isFolder[i]);
}

async function clipsOfClasses(
  root: string,
  path: string,
  folders: readonly string[],
  split: Split | null,
): Promise<readonly Found[]> {
  if (folders.length === 0) throw error("E_DATASET_EMPTY", path, "it holds no sub-folders of clips", layout);
  const classes = folders.map(async (label) => {
    const folder = join(path, label);
    const all = await videosIn(folder).catch((cause: unknown) => {
      throw unreadable(folder, cause);
    });
    const files = all.filter((file) => !/(^|\/)\./.test(nameIn(folder, file)));
    if (files.length === 0) {
      throw error("E_DATASET_EMPTY", folder, "the folder of this class holds no videos", "Add clips, or remove it");
    }
    const where = { path: folder, line: null };
    const unknown = { group: null, start: null, end: null };
    return files.sort().map((file) => ({ file, name: nameIn(root, file), labels: [label], split, where, ...unknown }));
  });
  return (await Promise.all(classes)).flat();
}

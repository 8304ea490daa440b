import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import type { Refuse } from "../common/errors.ts";
import { listed } from "../common/printable.ts";
import { bytesOfPath, pathOf, readUserFile } from "../common/read.node.ts";
import { type Dataset, datasetError, type Sample, sameForm } from "./dataset.ts";
import { similarClasses, warningsAbout } from "./findings.ts";
import { clipsOfClasses, type FolderClips, type Found, layout, nameIn, unreadable } from "./folders.node.ts";
import { joinGroups } from "./groups.ts";
import { lineError, type ManifestFormat, type ManifestRow, readManifest } from "./manifest.ts";

export interface DatasetOptions {
  /**
   * The only allowed classes, in the order that indexes them: those of a model to evaluate. A single class and a
   * single clip are then enough. Default: the dataset's own labels, sorted.
   */
  readonly labels?: readonly string[] | undefined;
}

const formats: Readonly<Record<string, ManifestFormat>> = { ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl" };

/**
 * Finds the clips of a dataset. `path` is
 *
 * - a manifest, `.csv` or `.jsonl`: `file` (relative to the manifest), `label` (several separated by `;`), and
 *   optionally `split`, `group`, `start`, `end` (seconds);
 * - a folder that contains `manifest.csv` or `manifest.jsonl`;
 * - a folder with one sub-folder of videos (at any depth) per class, or with split folders that contain such. Names
 *   that begin with a dot are ignored.
 *
 * Splits are called (in any case) train or training; validation, valid, val or dev; test, testing, eval or evaluation.
 * A split folder contains class folders; a folder with such a name that contains videos itself, next to other classes,
 * is a class. Names are compared in Unicode NFC. Parts of one file, under any path, belong to one group (see
 * {@link Sample}).
 *
 * Nothing is decoded: `checkDataset` does that. Throws {@link DatasetError}: `E_DATASET_NOT_FOUND`,
 * `E_DATASET_UNREADABLE`, `E_DATASET_FORMAT`, `E_DATASET_FOLDERS`, `E_DATASET_LINE`, `E_DATASET_EMPTY`,
 * `E_DATASET_ONE_CLASS`, `E_DATASET_ONE_CLIP`, `E_DATASET_LABEL`.
 */
export async function openDataset(path: string, options: DatasetOptions = {}): Promise<Dataset> {
  const { clips, findings: layoutFindings } = await findClips(path);
  const named = [...new Set(clips.flatMap((clip) => clip.labels))].sort();
  const labels = options.labels ?? named;
  const indexes = new Map(labels.map((label, i) => [sameForm(label), i]));
  const samples = clips.map(({ labels: own, where, ...clip }): Sample => {
    const classes = own.map((label) => indexes.get(label) ?? unknownLabel(label, labels, where));
    return { ...clip, classes: classes.sort((a, b) => a - b) };
  });
  if (samples.length === 0) throw datasetError("E_DATASET_EMPTY", path, "it contains no clips", layout);
  if (options.labels === undefined) {
    if (samples.length === 1) {
      throw datasetError(
        "E_DATASET_ONE_CLIP",
        path,
        "it contains only one clip",
        "Add clips: at least ten of each class",
      );
    }
    if (labels.length === 1) {
      const problem = `all ${samples.length} clips belong to one class, ${labels[0]}`;
      const remedy = "Add a second class, for example clips that show something else";
      throw datasetError("E_DATASET_ONE_CLASS", path, problem, remedy);
    }
  }
  const files = new Map<string, string>();
  for (const some of batchesOf([...new Set(samples.map(({ file }) => file))])) {
    await Promise.all(some.map(async (file) => files.set(file, await realPath(file))));
  }
  const grouped = joinGroups(samples, ({ file }) => [`file ${files.get(file)}`]);
  const findings = [...layoutFindings, ...similarClasses(named)];
  const multiLabel = samples.some(({ classes }) => classes.length > 1);
  return { path, labels, samples: grouped, multiLabel, findings, warnings: warningsAbout(findings, grouped) };
}

/** The path with symlinks resolved, which identifies parts of one file; unchanged if it cannot be resolved. */
function realPath(file: string): Promise<string> {
  return realpath(bytesOfPath(file), { encoding: "buffer" }).then(pathOf, () => resolve(file));
}

function unknownLabel(label: string, labels: readonly string[], { path, line }: Found["where"]): never {
  const where = line === null ? "" : `line ${line}: `;
  const problem = `${where}the model has no class ${JSON.stringify(label)}`;
  throw datasetError("E_DATASET_LABEL", path, problem, `Use one of its classes: ${listed(labels, 8)}`);
}

async function findClips(path: string): Promise<FolderClips> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT" || cause.code === "ENOTDIR") {
      throw datasetError("E_DATASET_NOT_FOUND", path, "no such folder or file", layout, cause);
    }
    throw unreadable(path, cause);
  });
  if (found.isDirectory()) return clipsOfFolder(path);
  const format = formats[extname(path).toLowerCase()];
  if (!format) throw datasetError("E_DATASET_FORMAT", path, "this file is not a manifest", layout);
  return clipsOfManifest(path, format);
}

async function clipsOfFolder(path: string): Promise<FolderClips> {
  const names = await readdir(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  if (names.includes("manifest.csv")) return clipsOfManifest(join(path, "manifest.csv"), "csv");
  if (names.includes("manifest.jsonl")) return clipsOfManifest(join(path, "manifest.jsonl"), "jsonl");
  return clipsOfClasses(path);
}

/** Size limit of a manifest: a million lines of a hundred characters. */
const mostManifestBytes = 100_000_000;

async function clipsOfManifest(path: string, format: ManifestFormat): Promise<FolderClips> {
  const refuse: Refuse = (problem, remedy, cause) => datasetError("E_DATASET_UNREADABLE", path, problem, remedy, cause);
  const bytes = await readUserFile(path, { most: mostManifestBytes, refuse });
  const folder = dirname(path);
  const rows = readManifest(bytes, format, path);
  const files = await findFiles(rows, path);
  const clips = rows.map(({ line, file: _, ...row }, i): Found => {
    const file = files[i]!;
    return { ...row, file, name: nameIn(folder, file), where: { path, line } };
  });
  return { clips, findings: [] };
}

/** After this many invalid lines, counting stops. */
const mostBroken = 1000;

/** Checking a hundred thousand files at once takes a gigabyte. */
function* batchesOf<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += 100) yield items.slice(at, at + 100);
}

/** The path of each row's file, relative if the manifest's own path is. */
async function findFiles(rows: readonly ManifestRow[], path: string): Promise<readonly string[]> {
  const listings = new Map<string, Promise<readonly string[]>>();
  const known = new Map<string, Promise<FoundFile>>();
  const files: string[] = [];
  const broken: { readonly problem: string; readonly row: ManifestRow }[] = [];
  for (const some of batchesOf(rows)) {
    if (broken.length >= mostBroken) break;
    const found = some.map(({ file }) => {
      const looked = known.get(file) ?? findFile(file, path, listings);
      known.set(file, looked);
      return looked;
    });
    for (const [i, { file, problem }] of (await Promise.all(found)).entries()) {
      files.push(file);
      if (problem !== null) broken.push({ problem, row: some[i]! });
    }
  }
  const [first] = broken;
  if (!first) return files;
  const more = broken.length - 1;
  const count = broken.length < mostBroken ? more : `at least ${more}`;
  const others = more > 0 ? ` (and ${count} more ${more === 1 ? "line" : "lines"} like it)` : "";
  const problem = `${first.problem} ${first.row.file}${others}`;
  const remedy = "Correct the path (relative to the manifest), or remove the line";
  throw lineError(path, first.row.line, problem, remedy);
}

interface FoundFile {
  readonly file: string;
  /** What is wrong with it, before its name; null: nothing. */
  readonly problem: string | null;
}

async function findFile(
  file: string,
  path: string,
  listings: Map<string, Promise<readonly string[]>>,
): Promise<FoundFile> {
  const given = resolve(file) === file ? file : join(dirname(path), file);
  const there = await findForm(given, listings);
  if (there === null) return { file: given, problem: "no such file:" };
  const facts = await stat(there).catch(() => null);
  if (facts?.isDirectory()) return { file: there, problem: "a folder, not a video:" };
  return { file: there, problem: facts?.isFile() ? null : "a pipe or device, not a video:" };
}

/** The path as stored on disk, if that uses another Unicode form; null: no such file. */
async function findForm(path: string, listings: Map<string, Promise<readonly string[]>>): Promise<string | null> {
  const exists = async (file: string) => (await stat(file).catch(() => null)) !== null;
  if (await exists(path)) return path;
  const parent = dirname(path);
  if (parent === path || sameForm(path) === path.normalize("NFD")) return null;
  const folder = await findForm(parent, listings);
  if (folder === null) return null;
  let names = listings.get(folder);
  if (names === undefined) {
    names = readdir(folder).catch(() => []);
    listings.set(folder, names);
  }
  const wanted = sameForm(basename(path));
  const name = (await names).find((other) => sameForm(other) === wanted);
  const found = name === undefined ? null : join(folder, name);
  return found !== null && (await exists(found)) ? found : null;
}

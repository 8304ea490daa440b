import { readdir, stat } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import type { DatasetError } from "../common/errors.ts";
import { enumerated, listed } from "../common/printable.ts";
import { bytesOfPath, pathOf } from "../common/read.node.ts";
import { type FolderScan, isVideoFile, scanFolder } from "../video/folder.node.ts";
import { LeftOutCounts, leftOutText } from "../video/left-out.ts";
import { datasetError, type Finding, type Sample, type Split, sameForm, splitOf } from "./dataset.ts";
import { findingOf } from "./findings.ts";

/** Folders named in an error; the rest is counted. */
const mostNamed = 5;

export interface FolderClips {
  readonly clips: readonly Found[];
  readonly findings: readonly Finding[];
}

/**
 * The clips of a folder with class folders, or with split folders that contain these. A name alone does not make a
 * split: if all folders with such names contain videos themselves and are next to others, they are classes too.
 */
export async function clipsOfClasses(root: string): Promise<FolderClips> {
  const top = await look(root);
  const named = top.folders.filter((name) => splitOf(sameForm(name)) !== undefined);
  const parts = await Promise.all(named.map((name) => look(join(root, name))));
  const layered = await Promise.all(parts.map(holdsClasses));
  if (!layered.includes(true) && (named.length === 0 || named.length < top.folders.length)) {
    const { clips, findings } = await clipsOf(root, [top], [null]);
    const asClasses = named.map((name) => findingOf("splitAsClass", name));
    return {
      clips,
      findings: [...besideClasses(root, [top]), ...findings, ...asClasses, ...(await maybeSplits(root, top))],
    };
  }
  await checkSplits(root, top, named, layered);
  const splits = named.map((name) => splitOf(sameForm(name))!);
  const { clips, findings } = await clipsOf(root, parts, splits);
  return { clips, findings: [...besideClasses(root, [top, ...parts]), ...findings] };
}

/** Whether folders treated as classes look like splits: all have the same two or more sub-folders, and no videos. */
async function maybeSplits(root: string, { folders }: Level): Promise<readonly Finding[]> {
  const unknown: Level = { path: root, folders: [], videos: [] };
  const inside = await Promise.all(folders.map((name) => look(join(root, name)).catch(() => unknown)));
  const [first] = inside;
  if (!first || inside.length < 2 || inside.length > mostSplits || first.folders.length < 2) return [];
  const same = inside.every(
    ({ folders: own, videos }) => videos.length === 0 && own.join("/") === first.folders.join("/"),
  );
  return same ? [findingOf("sameSubFolders", `${listed(folders)} contain ${listed(first.folders)}`)] : [];
}

/** More folders than this are not splits: train, validation, test, or as many folds. */
const mostSplits = 10;

/** The direct content of a folder, sorted, without names that begin with a dot. */
interface Level {
  readonly path: string;
  readonly folders: readonly string[];
  readonly videos: readonly string[];
}

async function look(path: string): Promise<Level> {
  const names = await readdir(bytesOfPath(path), { encoding: "buffer" }).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  const level = { path, folders: [] as string[], videos: [] as string[] };
  for (const name of names.map(pathOf).sort()) {
    if (name.startsWith(".")) continue;
    const file = join(path, name);
    const kind = await stat(bytesOfPath(file)).catch(() => null);
    if (kind?.isDirectory()) level.folders.push(name);
    else if (kind?.isFile() && (await isVideoFile(file, name))) level.videos.push(name);
  }
  return level;
}

async function holdsClasses({ path, folders }: Level): Promise<boolean> {
  const scans = await Promise.all(folders.map((name) => scanFolder(join(path, name))));
  return scans.some(({ videos }) => videos.length > 0);
}

/** Videos outside all class folders. */
function besideClasses(root: string, levels: readonly Level[]): readonly Finding[] {
  const names = levels.flatMap(({ path, videos }) => videos.map((video) => nameIn(root, join(path, video))));
  return names.map((name) => findingOf("besideClasses", null, name));
}

/** Throws {@link DatasetError} if split folders are not splits, or are next to other folders with clips. */
async function checkSplits(
  root: string,
  top: Level,
  named: readonly string[],
  layered: readonly boolean[],
): Promise<void> {
  const flat = named.filter((_, i) => !layered[i]);
  if (flat.length > 0) {
    const problem =
      flat.length === 1
        ? `the folder ${flat[0]} is named like a split but has no class folders`
        : `the folders ${enumerated(flat, mostNamed)} are named like splits but have no class folders`;
    const remedy = "Give each class its own folder inside it; if it is a class, use a manifest";
    throw datasetError("E_DATASET_FOLDERS", root, problem, remedy);
  }
  const others = top.folders.filter((name) => !named.includes(name));
  const filled = await Promise.all(others.map(async (name) => (await scanFolder(join(root, name))).videos.length > 0));
  const odd = others.filter((_, i) => filled[i]);
  if (odd.length === 0) return;
  const splits = `the ${named.length === 1 ? "split" : "splits"} ${enumerated(named, mostNamed)}`;
  const problem =
    odd.length === 1
      ? `the folder ${odd[0]} is next to ${splits} but is not a split`
      : `the folders ${enumerated(odd, mostNamed)} are next to ${splits} but are not splits`;
  const remedy =
    "Rename it to a split, or move its clips into a split's class folders; if all are classes, use a manifest";
  throw datasetError("E_DATASET_FOLDERS", root, problem, remedy);
}

/** The clips of levels with class folders, each belonging to a split. */
async function clipsOf(
  root: string,
  levels: readonly Level[],
  splits: readonly (Split | null)[],
): Promise<FolderClips> {
  const leftOut = new LeftOutCounts();
  const failures: FolderScan["failures"][number][] = [];
  const clips: Found[] = [];
  for (const [i, { path, folders }] of levels.entries()) {
    if (folders.length === 0) throw datasetError("E_DATASET_EMPTY", path, "it has no sub-folders with clips", layout);
    const scans = await Promise.all(folders.map((name) => scanFolder(join(path, name))));
    for (const [k, scan] of scans.entries()) {
      const name = folders[k]!;
      const folder = join(path, name);
      leftOut.addAll(scan.leftOut);
      failures.push(...scan.failures);
      if (scan.videos.length + scan.failures.length === 0) {
        const problem = "this class folder contains no videos";
        throw datasetError("E_DATASET_EMPTY", folder, problem, "Add clips, or remove it");
      }
      const where = { path: folder, line: null };
      const known = { labels: [sameForm(name)], split: splits[i] ?? null, group: null, start: null, end: null };
      clips.push(...scan.videos.map((file) => ({ file, name: nameIn(root, file), where, ...known })));
    }
  }
  const others = leftOutText(leftOut.list(), (path) => nameIn(root, path));
  const findings = failures.map(({ subject, problem }) => {
    return findingOf("unreadable", `${nameIn(root, subject)}: ${problem}`);
  });
  return { clips, findings: others === "" ? findings : [...findings, findingOf("noClip", others)] };
}

/** A clip with the names of its classes. */
export interface Found extends Omit<Sample, "classes"> {
  readonly labels: readonly string[];
  /** Its origin, for errors: path and line, or folder. */
  readonly where: { readonly path: string; readonly line: number | null };
}

export const layout = "Pass a folder with one sub-folder of videos per class, or a manifest (.csv, .jsonl)";

export function unreadable(path: string, cause: unknown): DatasetError {
  const why = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
  return datasetError("E_DATASET_UNREADABLE", path, `cannot read it (${why})`, "Check its permissions", cause);
}

/** The name of a file for display, as in `Sample.name`. */
export function nameIn(folder: string, file: string): string {
  return sameForm(relative(resolve(folder), resolve(file)).replaceAll(sep, "/"));
}

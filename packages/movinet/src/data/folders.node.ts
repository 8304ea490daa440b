import { readdir, stat } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import type { DatasetError } from "../common/errors.ts";
import { enumerated, listed } from "../common/printable.ts";
import { bytesOfPath, pathOf } from "../common/read.node.ts";
import { type FolderScan, isVideoFile, scanFolder } from "../video/folder.node.ts";
import { LeftOutCounts, leftOutText } from "../video/left-out.ts";
import { datasetError, type Finding, type Sample, type Split, sameForm, splitOf } from "./dataset.ts";
import { findingOf } from "./findings.ts";

/** Folders that an error names; the rest is counted. */
const mostNamed = 5;

export interface FolderClips {
  readonly clips: readonly Found[];
  readonly findings: readonly Finding[];
}

/**
 * The clips of a folder that holds folders of classes, or folders of splits that hold these. A name alone makes no split:
 * where all folders that are called so hold videos themselves and stand beside others, they are classes too.
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

/** Whether folders that are taken for classes look like splits: each has the same two or more folders, and no videos. */
async function maybeSplits(root: string, { folders }: Level): Promise<readonly Finding[]> {
  const unknown: Level = { path: root, folders: [], videos: [] };
  const inside = await Promise.all(folders.map((name) => look(join(root, name)).catch(() => unknown)));
  const [first] = inside;
  if (!first || inside.length < 2 || inside.length > mostSplits || first.folders.length < 2) return [];
  const same = inside.every(
    ({ folders: own, videos }) => videos.length === 0 && own.join("/") === first.folders.join("/"),
  );
  return same ? [findingOf("sameSubFolders", `${listed(folders)} hold ${listed(first.folders)}`)] : [];
}

/** More folders than this are no splits: train, validation, test, or as many folds. */
const mostSplits = 10;

/** What is directly in a folder, sorted, without what begins with a dot. */
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

/** Videos that are in no folder of a class. */
function besideClasses(root: string, levels: readonly Level[]): readonly Finding[] {
  const names = levels.flatMap(({ path, videos }) => videos.map((video) => nameIn(root, join(path, video))));
  return names.map((name) => findingOf("besideClasses", null, name));
}

/** Throws {@link DatasetError} where folders of splits are none, or stand beside others that hold clips. */
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
        ? `its folder ${flat[0]} is named like a split, but holds no folders of classes`
        : `its folders ${enumerated(flat, mostNamed)} are named like splits, but hold no folders of classes`;
    const remedy = "Put the clips of each class into a folder of their own in it; if it is a class, give a manifest";
    throw datasetError("E_DATASET_FOLDERS", root, problem, remedy);
  }
  const others = top.folders.filter((name) => !named.includes(name));
  const filled = await Promise.all(others.map(async (name) => (await scanFolder(join(root, name))).videos.length > 0));
  const odd = others.filter((_, i) => filled[i]);
  if (odd.length === 0) return;
  const splits = `the ${named.length === 1 ? "split" : "splits"} ${enumerated(named, mostNamed)}`;
  const problem =
    odd.length === 1
      ? `its folder ${odd[0]} stands beside ${splits}, but is no split`
      : `its folders ${enumerated(odd, mostNamed)} stand beside ${splits}, but are no splits`;
  const remedy = "Name it as a split, or move its clips into the classes of one; if all are classes, give a manifest";
  throw datasetError("E_DATASET_FOLDERS", root, problem, remedy);
}

/** The clips of levels that hold folders of classes, each of a split. */
async function clipsOf(
  root: string,
  levels: readonly Level[],
  splits: readonly (Split | null)[],
): Promise<FolderClips> {
  const leftOut = new LeftOutCounts();
  const failures: FolderScan["failures"][number][] = [];
  const clips: Found[] = [];
  for (const [i, { path, folders }] of levels.entries()) {
    if (folders.length === 0) throw datasetError("E_DATASET_EMPTY", path, "it holds no sub-folders of clips", layout);
    const scans = await Promise.all(folders.map((name) => scanFolder(join(path, name))));
    for (const [k, scan] of scans.entries()) {
      const name = folders[k]!;
      const folder = join(path, name);
      leftOut.addAll(scan.leftOut);
      failures.push(...scan.failures);
      if (scan.videos.length + scan.failures.length === 0) {
        const problem = "the folder of this class holds no videos";
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
  /** Where it is said, for errors: path and line, or folder. */
  readonly where: { readonly path: string; readonly line: number | null };
}

export const layout = "Give a folder with a sub-folder of videos for each class, or a manifest (.csv, .jsonl)";

export function unreadable(path: string, cause: unknown): DatasetError {
  const why = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
  return datasetError("E_DATASET_UNREADABLE", path, `it cannot be read (${why})`, "Check its permissions", cause);
}

/** The name of a file for people, as `Sample.name` has it. */
export function nameIn(folder: string, file: string): string {
  return sameForm(relative(resolve(folder), resolve(file)).replaceAll(sep, "/"));
}

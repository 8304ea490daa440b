import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { hasVideoName, videosIn } from "../../run/video/sources.node.ts";
import { type Split, sameForm, splitOf } from "./dataset.ts";
import type { Finding } from "./findings.ts";
import { datasetError, type Found, layout, nameIn, unreadable } from "./found.node.ts";
import { leftOut, sameSubFolders, splitsAsClasses } from "./layout-findings.ts";

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
    const clips = await clipsOf(root, top, null);
    const alike = await maybeSplits(root, top);
    return { clips, findings: [...leftOut(namesIn(root, [top])), ...splitsAsClasses(named), ...alike] };
  }
  await checkSplits(root, top, named, layered);
  const clips = await Promise.all(parts.map((part, i) => clipsOf(root, part, splitOf(sameForm(named[i]!))!)));
  return { clips: clips.flat(), findings: leftOut(namesIn(root, [top, ...parts])) };
}

/** Whether folders that are taken for classes look like splits: each has the same two or more folders, and no videos. */
async function maybeSplits(root: string, { folders }: Level): Promise<readonly Finding[]> {
  const inside = await Promise.all(folders.map((name) => look(join(root, name))));
  const [first] = inside;
  if (!first || inside.length < 2 || inside.length > mostSplits || first.folders.length < 2) return [];
  const same = inside.every(
    ({ folders: own, videos }) => videos.length === 0 && own.join("/") === first.folders.join("/"),
  );
  return same ? sameSubFolders(folders, first.folders) : [];
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
  const names = await readdir(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  const visible = names.filter((name) => !name.startsWith(".")).sort();
  const kinds = await Promise.all(visible.map((name) => stat(join(path, name)).catch(() => null)));
  return {
    path,
    folders: visible.filter((_, i) => kinds[i]?.isDirectory()),
    videos: visible.filter((name, i) => kinds[i]?.isFile() && hasVideoName(name)),
  };
}

async function holdsClasses({ path, folders }: Level): Promise<boolean> {
  const videos = await Promise.all(folders.map((name) => visibleVideos(join(path, name))));
  return videos.some((files) => files.length > 0);
}

function namesIn(root: string, levels: readonly Level[]): readonly string[] {
  return levels.flatMap(({ path, videos }) => videos.map((video) => nameIn(root, join(path, video))));
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
        : `its folders ${list(flat)} are named like splits, but hold no folders of classes`;
    const remedy = "Put the clips of each class into a folder of their own in it; if it is a class, give a manifest";
    throw datasetError("E_DATASET_FOLDERS", root, problem, remedy);
  }
  const others = top.folders.filter((name) => !named.includes(name));
  const filled = await Promise.all(others.map(async (name) => (await visibleVideos(join(root, name))).length > 0));
  const odd = others.filter((_, i) => filled[i]);
  if (odd.length === 0) return;
  const splits = `the ${named.length === 1 ? "split" : "splits"} ${list(named)}`;
  const problem =
    odd.length === 1
      ? `its folder ${odd[0]} stands beside ${splits}, but is no split`
      : `its folders ${list(odd)} stand beside ${splits}, but are no splits`;
  const remedy = "Name it as a split, or move its clips into the classes of one; if all are classes, give a manifest";
  throw datasetError("E_DATASET_FOLDERS", root, problem, remedy);
}

function list(names: readonly string[]): string {
  const shown = names.length > 5 ? [...names.slice(0, 5), `${names.length - 5} more`] : names;
  return shown.length < 2 ? shown.join() : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

async function clipsOf(root: string, { path, folders }: Level, split: Split | null): Promise<readonly Found[]> {
  if (folders.length === 0) throw datasetError("E_DATASET_EMPTY", path, "it holds no sub-folders of clips", layout);
  const classes = folders.map(async (name) => {
    const folder = join(path, name);
    const files = await visibleVideos(folder);
    if (files.length === 0) {
      const problem = "the folder of this class holds no videos";
      throw datasetError("E_DATASET_EMPTY", folder, problem, "Add clips, or remove it");
    }
    const where = { path: folder, line: null };
    const known = { labels: [sameForm(name)], split, group: null, start: null, end: null };
    return files.map((file) => ({ file, name: nameIn(root, file), where, ...known }));
  });
  return (await Promise.all(classes)).flat();
}

/** The videos in a folder, at any depth, sorted, without those whose path below it has a name that begins with a dot. */
async function visibleVideos(folder: string): Promise<readonly string[]> {
  const all = await videosIn(folder).catch((cause: unknown) => {
    throw unreadable(folder, cause);
  });
  return all.filter((file) => !/(^|\/)\./.test(nameIn(folder, file))).sort();
}

import { glob, readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { VideoError } from "../../errors.ts";
import { schemeOf } from "./urls.ts";

/** Files that a folder gives; a file that is named outright may be called anything. */
const extensions = new Set(
  "3g2 3gp asf avi divx f4v flv gif m2ts m4v mjpeg mkv mov mp4 mpeg mpg mts mxf ogm ogv qt ts vob webm wmv y4m".split(
    " ",
  ),
);

/**
 * Turns arguments into sources: files, URLs and `-` as they are, a folder into its video files at any depth, a glob into
 * its matches; sorted within each argument. A path that exists is never read as a glob.
 * Throws {@link VideoError} (`E_VIDEO_NOT_FOUND`) for an argument that gives nothing.
 */
export async function expandSources(args: readonly string[]): Promise<readonly string[]> {
  const expanded = await Promise.all(args.map(expandSource));
  return expanded.flat();
}

async function expandSource(arg: string): Promise<readonly string[]> {
  if (arg === "-" || schemeOf(arg) !== null) return [arg];
  const found = await stat(arg).catch(() => null);
  if (found && !found.isDirectory()) return [arg];
  if (found) return nonEmpty(arg, await videosIn(arg), "the folder holds no video files");
  if (!/[*?[{]/.test(arg)) throw notFound(arg, "there is no such file");
  const matches: string[] = [];
  for await (const match of glob(arg)) if ((await stat(match)).isFile()) matches.push(match);
  return nonEmpty(arg, matches, "no file matches");
}

/** Whether a folder gives a file of this name. */
export function hasVideoName(name: string): boolean {
  return extensions.has(extname(name).slice(1).toLowerCase());
}

/** The video files in a folder, at any depth, in no order. Throws {@link VideoError} where it cannot be read. */
export async function videosIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => {
    throw notFound(folder, "the folder cannot be read");
  });
  const videos = entries.filter((entry) => hasVideoName(entry.name));
  const isFile = await Promise.all(
    videos.map(async (entry) => {
      if (!entry.isSymbolicLink()) return entry.isFile();
      return Boolean((await stat(join(entry.parentPath, entry.name)).catch(() => null))?.isFile());
    }),
  );
  return videos.filter((_, i) => isFile[i]).map((entry) => join(entry.parentPath, entry.name));
}

function nonEmpty(arg: string, sources: string[], problem: string): readonly string[] {
  if (sources.length === 0) throw notFound(arg, problem);
  return sources.sort();
}

function notFound(arg: string, problem: string): VideoError {
  return new VideoError({
    code: "E_VIDEO_NOT_FOUND",
    subject: arg,
    problem,
    remedy: "Give a video file, a folder of them, or a URL",
  });
}

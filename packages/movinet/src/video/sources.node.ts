import { glob, readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { VideoError } from "../common/errors.ts";
import { bytesOfPath, pathOf } from "../common/read.node.ts";
import { schemeOf } from "../common/urls.ts";
import { videoError } from "./failures.ts";
import { scanFolder } from "./folder.node.ts";
import type { LeftOut } from "./left-out.ts";

/** The sources that arguments stand for. */
export interface FoundSources {
  /** Files, URLs and `-`. A name that is not UTF-8 has a lone surrogate for each invalid byte. */
  readonly sources: readonly string[];
  /** What was skipped in each folder with skipped files; `source` is the folder. */
  readonly leftOut: readonly { readonly source: string; readonly kinds: readonly LeftOut[] }[];
  /**
   * Arguments without videos (`E_VIDEO_NOT_FOUND`), and unreadable folders and sub-folders (`E_VIDEO_FOLDER`);
   * `subject` says which.
   */
  readonly failures: readonly VideoError[];
}

/**
 * Expands arguments to sources: files, URLs and `-` unchanged, a folder to its video files at any depth, a glob to its
 * matches, each as if it were named; sorted within each argument. An existing path is never treated as a glob. Also
 * reports what folders skip: other formats, still images, playlists, hidden names, folders behind symlinks.
 */
export async function expandSources(args: readonly string[]): Promise<FoundSources> {
  const found: FoundSources[] = [];
  for (const arg of args) found.push(await expandSource(arg));
  const { sources, ...rest } = joined(found);
  // Names that are not UTF-8 look alike in arguments: each gives all possible matches, which count once.
  return { ...rest, sources: sources.filter((source, i) => source.isWellFormed() || sources.indexOf(source) === i) };
}

async function expandSource(arg: string): Promise<FoundSources> {
  if (arg === "-" || schemeOf(arg) !== null) return given([arg]);
  const named = await expandPath(arg);
  if (named) return named;
  if (!/[*?[{]/.test(arg)) return failed(arg, "no such file");
  const matches: string[] = [];
  for await (const match of glob(arg)) matches.push(match);
  const { sources, ...rest } = joined(
    await Promise.all(matches.map(async (match) => (await expandPath(match)) ?? none)),
  );
  // A pattern such as ** matches a folder as well as its content.
  if (sources.length > 0) return { ...rest, sources: [...new Set(sources)].sort() };
  return rest.failures.length > 0 ? { ...rest, sources } : failed(arg, "no files match");
}

/** Errors after which a name may be something other than a file: nothing exists there, or it is not a path. */
const absent: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ENAMETOOLONG", "EINVAL", "ERR_INVALID_ARG_VALUE"]);

/** The sources of a path; null if nothing exists there. */
async function expandPath(path: string): Promise<FoundSources | null> {
  const found = await stat(bytesOfPath(path)).catch((cause: NodeJS.ErrnoException) => cause);
  if (found instanceof Error) {
    const failure = found.code === "ELOOP" ? "loop" : "denied";
    const unreadable = () => videoError(path, failure, `cannot open this file (${found.code})`, found);
    if (!absent.has(found.code ?? "")) return { ...none, failures: [unreadable()] };
    const others = path.includes(lost) ? await pathsShownAs(path) : [];
    return others.length === 0
      ? null
      : joined(await Promise.all(others.map(async (one) => (await expandPath(one)) ?? none)));
  }
  if (!found.isDirectory()) return given([path]);
  const { videos, leftOut, failures } = await scanFolder(path);
  const told = leftOut.length === 0 ? [] : [{ source: path, kinds: leftOut }];
  const empty = videos.length === 0 && failures.length === 0;
  return {
    ...(empty ? failed(path, "the folder contains no video files") : { sources: videos, failures }),
    leftOut: told,
  };
}

/** The replacement for a byte that is not UTF-8 when Node reads a name as text: in arguments and glob matches. */
const lost = "\ufffd";

/** The existing paths that Node shows as this one. */
async function pathsShownAs(path: string): Promise<string[]> {
  const parent = dirname(path);
  const parents = parent.includes(lost) ? await pathsShownAs(parent) : [parent];
  const name = basename(path);
  const found: string[] = [];
  for (const folder of parents) {
    const names = await readdir(bytesOfPath(folder), { encoding: "buffer" }).catch(() => []);
    for (const bytes of names) if (bytes.toString("utf8") === name) found.push(join(folder, pathOf(bytes)));
  }
  return found.sort();
}

const none: FoundSources = { sources: [], leftOut: [], failures: [] };

function given(sources: readonly string[]): FoundSources {
  return { ...none, sources };
}

function failed(arg: string, problem: string): FoundSources {
  return { ...none, failures: [videoError(arg, "notFound", problem)] };
}

function joined(found: readonly FoundSources[]): FoundSources {
  return {
    sources: found.flatMap(({ sources }) => sources),
    leftOut: found.flatMap(({ leftOut }) => leftOut),
    failures: found.flatMap(({ failures }) => failures),
  };
}

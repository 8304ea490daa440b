import { randomUUID } from "node:crypto";
import { constants, type PathLike } from "node:fs";
import { copyFile, link, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, extname, join, sep } from "node:path";
import type { Prediction } from "movinet";
import { bytesOfPath, makeFolder, writeError } from "movinet/files";
import { placeOf } from "../files.ts";
import { counted } from "../tables/text.ts";
import { UsageError } from "../usage.ts";
import { folderNames, unsure } from "./folder-names.ts";

/** Why a file system makes no second name for a file. */
const cannotLink: ReadonlySet<string> = new Set(["EXDEV", "EPERM", "EMLINK", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);
const chunkBytes = 1 << 20;

/**
 * Puts clips into a folder for each class, as hard links, or as copies where the file system has none or is another one.
 * Nothing is ever moved, changed or overwritten. A clip that is there already, from an earlier run, is left as it is; another
 * file of its name gets a number.
 */
export class Sorter {
  readonly #folder: string;
  readonly #names: readonly string[];
  readonly #minScore: number;
  /** Clips by folder. */
  readonly #counts = new Map<string, number>();
  /** Paths that belong to a clip of this run. */
  readonly #taken = new Set<string>();
  /** One clip after the other, so that two of one name do not meet. */
  #turn: Promise<unknown> = Promise.resolve();

  /** Clips whose best score is below `minScore` go into the folder `unsure`. */
  constructor(folder: string, labels: readonly string[] | null, classes: number, minScore: number) {
    this.#folder = folder;
    this.#names = folderNames(labels, classes);
    this.#minScore = minScore;
  }

  /** Puts a clip into the folder of its likeliest class, and returns its path there. Throws `E_OUTPUT_WRITE`. */
  async sort(source: string, { index, score }: Prediction): Promise<string> {
    const name = score < this.#minScore ? unsure : (this.#names[index] as string);
    const sorted = this.#turn.then(() => this.#place(source, join(this.#folder, name)));
    this.#turn = sorted.catch(() => {});
    const path = await sorted;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    return path;
  }

  /** What was sorted, in a sentence. */
  summary(): string {
    const clips = [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
    const doubtful = this.#counts.get(unsure) ?? 0;
    const rest = doubtful > 0 ? `, ${doubtful} of them into ${unsure}` : "";
    return `${this.#folder}: ${counted(clips, "clip")} sorted into ${counted(this.#counts.size, "folder")}${rest}`;
  }

  async #place(source: string, folder: string): Promise<string> {
    await makeFolder(folder);
    const file = await realpath(bytesOfPath(source), { encoding: "buffer" });
    const ending = extname(source);
    const stem = basename(source, ending);
    for (let number = 1; ; number++) {
      const path = join(folder, `${stem}${number === 1 ? "" : ` (${number})`}${ending}`);
      if (this.#taken.has(path)) continue;
      if (await isThere(path)) {
        if (!(await isSameFile(file, bytesOfPath(path)))) continue;
      } else if (!(await put(file, path))) continue;
      this.#taken.add(path);
      return path;
    }
  }
}

/** Refuses sources that are no files, and a folder whose clips a next run over the same arguments would find again. */
export async function checkSorting(folder: string, args: readonly string[], sources: readonly string[]): Promise<void> {
  const stranger = sources.find((source) => source === "-" || /^[a-z][a-z\d+.-]+:\/\//i.test(source));
  if (stranger !== undefined) throw new UsageError("--sort-into", `needs video files, got ${JSON.stringify(stranger)}`);
  const place = await placeOf(folder);
  const holds = (outer: string, inner: string) =>
    `${inner}${sep}`.startsWith(outer.endsWith(sep) ? outer : outer + sep);
  for (const arg of args) {
    if (!(await stat(bytesOfPath(arg)).catch(() => null))?.isDirectory()) continue;
    if (!holds(await realpath(arg), place)) continue;
    throw new UsageError(
      folder,
      `lies inside ${arg}, so the next run would find its clips again`,
      "Choose another folder",
    );
  }
  if ((await stat(folder).catch(() => null)) === null) return;
  for (const source of sources) {
    if (!holds(place, await realpath(bytesOfPath(source)).catch(() => ""))) continue;
    throw new UsageError(source, `already lies inside ${folder}`, "Choose another folder");
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(bytesOfPath(path)).catch(() => null)) !== null;
}

/** Gives a file another name, or copies it to there. False: somebody else has made a file there meanwhile. */
async function put(file: PathLike, path: string): Promise<boolean> {
  try {
    await link(file, bytesOfPath(path));
    return true;
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (!cannotLink.has(code)) throw writeError(path, cause);
  }
  return copyAside(file, path);
}

/** Copies a file beside its place and moves it there, so that a copy is whole. */
async function copyAside(file: PathLike, path: string): Promise<boolean> {
  const aside = join(dirname(path), `.${randomUUID()}.tmp`);
  let taken = false;
  try {
    await copyFile(file, bytesOfPath(aside), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    // Moving would replace what is there: the name is taken first.
    await (await open(bytesOfPath(path), "wx")).close();
    taken = true;
    await rename(bytesOfPath(aside), bytesOfPath(path));
    return true;
  } catch (cause) {
    for (const file of taken ? [aside, path] : [aside]) await rm(bytesOfPath(file), { force: true }).catch(() => {});
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw writeError(path, cause);
  }
}

/** Whether two paths are one file, or two of the same content. */
async function isSameFile(one: PathLike, other: PathLike): Promise<boolean> {
  const [a, b] = await Promise.all([stat(one, { bigint: true }), stat(other, { bigint: true })]);
  if (a.ino === b.ino && a.dev === b.dev) return true;
  if (!b.isFile() || a.size !== b.size) return false;
  const first = await open(one);
  try {
    const second = await open(other);
    try {
      const [left, right] = [Buffer.alloc(chunkBytes), Buffer.alloc(chunkBytes)];
      for (let at = 0; at < Number(a.size); at += chunkBytes) {
        const [x, y] = await Promise.all([first.read(left, 0, chunkBytes, at), second.read(right, 0, chunkBytes, at)]);
        if (!left.subarray(0, x.bytesRead).equals(right.subarray(0, y.bytesRead))) return false;
      }
      return true;
    } finally {
      await second.close();
    }
  } finally {
    await first.close();
  }
}

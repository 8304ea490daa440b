import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeError, writeWhole } from "movinet";
import { UsageError } from "../usage.ts";
import type { TrainChoices } from "./settings.ts";

const runs = "runs";
const configFile = "config.json";
type RunKind = "train" | "compare";

/** Makes the folder of a new run: `out`, which must not hold another one, or the next `runs/train-N`. */
export async function openRunFolder(out: string | undefined, choices: TrainChoices): Promise<string> {
  const folder = out ?? (await nextFolder("train"));
  if (await exists(join(folder, configFile))) {
    throw new UsageError(folder, "it holds a run already", "Go on with it by --resume, or choose another --out");
  }
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw writeError(folder, cause);
  });
  await writeWhole(join(folder, configFile), `${JSON.stringify(choices, null, 1)}\n`);
  return folder;
}

/** The folder and the choices of a run to go on with: `out`, or the last `runs/train-N`. */
export async function reopenRunFolder(out: string | undefined): Promise<{ folder: string; choices: TrainChoices }> {
  const folder = out ?? (await lastFolder());
  const text = await readFile(join(folder, configFile), "utf8").catch(() => null);
  if (text === null) throw new UsageError(folder, "it holds no run to go on with", "Name its folder with --out");
  if (await exists(join(folder, "model.safetensors"))) {
    throw new UsageError(folder, "this run is done", `Use its model: ${join(folder, "model.safetensors")}`);
  }
  try {
    return { folder, choices: JSON.parse(text) as TrainChoices };
  } catch {
    throw new UsageError(join(folder, configFile), "it is no JSON", "Train again without --resume");
  }
}

/** Removes a folder in which nothing was done yet: what was decoded is in the cache. */
export async function removeUnused(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => null);
  if (names?.length !== 1 || names[0] !== configFile) return;
  await rm(folder, { recursive: true }).catch(() => {});
}

/** Numbers of the folders `runs/KIND-N`, rising. */
async function numbers(kind: RunKind): Promise<number[]> {
  const names = await readdir(runs).catch(() => []);
  const matches = names.map((name) => name.match(new RegExp(`^${kind}-(\\d+)$`))?.[1]);
  return matches.flatMap((number) => (number ? [Number(number)] : [])).sort((a, b) => a - b);
}

/** The folder `runs/KIND-N` that comes next. */
export async function nextFolder(kind: RunKind): Promise<string> {
  return join(runs, `${kind}-${((await numbers(kind)).at(-1) ?? 0) + 1}`);
}

async function lastFolder(): Promise<string> {
  const last = (await numbers("train")).at(-1);
  if (last === undefined) throw new UsageError("--resume", `there is no run in ${runs}`, "Name its folder with --out");
  return join(runs, `train-${last}`);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}

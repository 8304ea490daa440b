import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder, writeWhole } from "movinet/files";
import type { Begun, TrainChoices, TrainSettings } from "movinet/train";
import { checkOutputFolder, keptText } from "../files.ts";
import { UsageError } from "../usage.ts";

const runs = "runs";
const configFile = "config.json";
/** Written last: a run that has it is done. */
const lastFile = "evaluation.json";
type RunKind = "train" | "compare";

/** The settings of `movinet train`; null: what suits the dataset. */
export interface RunChoices extends TrainChoices {
  readonly dataset: string;
  readonly from: string | null;
}

/** `config.json`: what a run was asked for, what it does, what it started from, and the model it made. */
export interface RunConfig {
  /** Of the command line that began the run. */
  readonly version: string;
  /** What was asked for; null where nothing was. Threads: the machine's cores where none were asked for. */
  readonly given: RunChoices;
  /** Null before it was decided. */
  readonly decided: {
    readonly mode: "closed form" | "gradients";
    /** What was chosen and why: sentences. */
    readonly why: readonly string[];
    readonly folds: number | null;
    readonly validation: number | null;
    readonly seed: number;
    readonly threads: number;
    /** Hash of which clips are for training, validation and testing. */
    readonly division: string;
    /** How gradients train; null in closed form. */
    readonly fit: TrainSettings | null;
  } | null;
  readonly begun: Begun;
  /** SHA-256 of `model.safetensors`; null until it is written. */
  readonly model: string | null;
}

/**
 * The folder of a new run: `out`, which must be new or empty, or the next `runs/train-N`. Throws where it cannot be made;
 * nothing is made yet.
 */
export async function chooseRunFolder(out: string | undefined): Promise<string> {
  const folder = out ?? (await nextFolder("train"));
  if (await exists(join(folder, configFile))) {
    throw new UsageError(folder, "already contains a run", "Continue it with --resume, or choose another --out");
  }
  if (await exists(join(folder, "state"))) {
    throw new UsageError(folder, "contains the saved state of another run", "Choose another --out, or remove it");
  }
  await checkOutputFolder(folder, async () => false);
  return folder;
}

/** Makes the folder of a new run. */
export async function openRunFolder(out: string | undefined, config: RunConfig): Promise<string> {
  const folder = await chooseRunFolder(out);
  await makeFolder(folder);
  await writeConfig(folder, config);
  return folder;
}

export async function writeConfig(folder: string, config: RunConfig): Promise<void> {
  await writeWhole(join(folder, configFile), `${JSON.stringify(config, null, 1)}\n`);
}

/** The config of a run; null where there is none, or not one of this version. */
export async function readConfig(folder: string): Promise<RunConfig | null> {
  const text = await keptText(join(folder, configFile));
  if (text === null) return null;
  try {
    const config = JSON.parse(text) as Partial<RunConfig>;
    return config.given && config.begun ? (config as RunConfig) : null;
  } catch {
    return null;
  }
}

/** The folder and the config of a run to resume: `out`, or the last `runs/train-N`. */
export async function reopenRunFolder(out: string | undefined): Promise<{ folder: string; config: RunConfig }> {
  const folder = out ?? (await lastFolder());
  if (!(await exists(join(folder, configFile)))) {
    throw new UsageError(folder, "no run to resume", "Give its folder with --out");
  }
  if (await exists(join(folder, lastFile))) {
    throw new UsageError(folder, "this run is complete", `Its model is ${join(folder, "model.safetensors")}`);
  }
  const config = await readConfig(folder);
  if (config) return { folder, config };
  throw new UsageError(join(folder, configFile), "was not written by this version", "Train again without --resume");
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
  if (last === undefined) throw new UsageError(runs, "no run to resume", "Give its folder with --out");
  return join(runs, `train-${last}`);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}

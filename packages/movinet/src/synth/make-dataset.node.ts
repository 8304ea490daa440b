import { mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Child } from "../common/child.node.ts";
import { DatasetError, MovinetError } from "../common/errors.ts";
import { ownModule, resolvePeer } from "../common/modules.node.ts";
import { type Random, randomOf } from "../common/random.ts";
import { makeFolders } from "../common/write.node.ts";
import { type CameraMotionLabel, cameraMotionLabels } from "./camera.ts";
import type { MakerJob } from "./maker-child.node.ts";

type Split = "train" | "validation" | "test";

export interface SynthOptions {
  /** Total number of clips, evenly distributed over the labels. */
  readonly clips: number;
  /**
   * The seed: the same arguments give the same bytes, with any number of `jobs` and on any processor, with the same
   * builds of Node and node-av.
   */
  readonly seed: number | string;
  /** Seconds of each clip, above 0. */
  readonly seconds: number;
  /** Pixels, even. Default: each clip has one of several sizes, at most 320 × 240 or 240 × 320. */
  readonly size?: { readonly width: number; readonly height: number } | undefined;
  /** Processes. Default 1. */
  readonly jobs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after each clip. */
  readonly onClip?: (done: number, total: number) => void;
}

export interface SynthReport {
  readonly path: string;
  readonly clips: number;
  readonly labels: readonly CameraMotionLabel[];
  readonly splits: Readonly<Record<Split, number>>;
}

const manifestName = "manifest.csv";

/** A clip to create. */
interface Plan {
  readonly job: Omit<MakerJob, "file">;
  /** Relative to the dataset, with `/` as separator. */
  readonly name: string;
  readonly split: Split;
  readonly group: string;
}

const sizes = [
  [160, 120],
  [192, 144],
  [240, 240],
  [256, 144],
  [320, 180],
  [320, 240],
  [180, 240],
  [144, 256],
] as const;
const rates = [10, 12, 15, 20, 24, 25, 25, 30, 30, 50, 60] as const;

/**
 * Creates a `camera-motion` dataset in the folder `out`: `<label>/*.mp4` and `manifest.csv` (file, label, split,
 * group). Each clip shows its own scene, which is its group. Frame rates are 10 to 60; size, rate and bitrate are
 * drawn for each clip, independent of its label.
 *
 * It is written under another name and moved into place when complete; aborting and errors leave nothing behind.
 * Throws {@link DatasetError}: `E_DATASET_EXISTS` if `out` is not empty, `E_DATASET_WRITE`; and
 * {@link DependencyError} if node-av is not installed.
 */
export async function makeCameraMotion(out: string, options: SynthOptions): Promise<SynthReport> {
  const { signal, jobs = 1, onClip } = options;
  resolvePeer("node-av", "node-av/lib");
  const there = await requireVacant(out);
  const plans = planClips(options);
  let aside: string | null = null;
  try {
    // Private to this user, with an unpredictable name; an existing folder may be on another disk.
    aside = await mkdtemp(join(there ? out : dirname(resolve(out)), ".movinet-"));
    const made = join(aside, "dataset");
    for (const label of cameraMotionLabels) await makeFolders(join(made, label), 0o777);
    await makeAll(plans, made, { jobs, signal, onClip });
    await writeFile(join(made, manifestName), manifestOf(plans));
    signal?.throwIfAborted();
    if (there) await moveInto(made, out);
    else await rename(made, out);
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof MovinetError) throw cause;
    throw writeFailed(out, (cause as NodeJS.ErrnoException).code ?? (cause as Error).message, cause);
  } finally {
    if (aside !== null) await rm(aside, { recursive: true, force: true }).catch(() => {});
  }
  const splits = { train: 0, validation: 0, test: 0 };
  for (const { split } of plans) splits[split]++;
  return { path: out, clips: plans.length, labels: cameraMotionLabels, splits };
}

/** Whether the folder exists. Throws if it is not empty. */
async function requireVacant(out: string): Promise<boolean> {
  let held: readonly string[] = [];
  try {
    held = await readdir(out);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") return false;
    throw writeFailed(out, code === "ENOTDIR" ? "it is a file, not a folder" : String(code), cause);
  }
  if (held.length > 0) {
    throw new DatasetError({
      code: "E_DATASET_EXISTS",
      subject: out,
      problem: "the folder is not empty",
      remedy: "Choose a new folder, or empty it first",
    });
  }
  return true;
}

/** Moves a dataset's files into a folder: its manifest last, or nothing. */
async function moveInto(made: string, out: string): Promise<void> {
  const moved: string[] = [];
  try {
    for (const name of [...cameraMotionLabels, manifestName]) {
      await rename(join(made, name), join(out, name));
      moved.push(name);
    }
  } catch (cause) {
    for (const name of moved) await rm(join(out, name), { recursive: true, force: true }).catch(() => {});
    throw cause;
  }
}

function writeFailed(out: string, reason: string, cause: unknown): DatasetError {
  return new DatasetError({
    code: "E_DATASET_WRITE",
    subject: out,
    problem: `cannot write the dataset (${reason})`,
    remedy: "Choose a writable place with enough free space",
    cause,
  });
}

function planClips({ clips, seed, seconds, size }: SynthOptions): Plan[] {
  const labels = cameraMotionLabels.length;
  const splits = cameraMotionLabels.map((label, i) => {
    return drawSplits(Math.ceil((clips - i) / labels), randomOf(seed, "splits", label));
  });
  const digits = Math.max(3, String(clips - 1).length);
  return Array.from({ length: clips }, (_, clip) => {
    const label = cameraMotionLabels[clip % labels] as CameraMotionLabel;
    const random = randomOf(seed, "clip", clip);
    const [width, height] = size ? [size.width, size.height] : random.pick(sizes);
    const fps = random.pick(rates);
    const number = String(clip).padStart(digits, "0");
    return {
      job: {
        ...{ label, seed: `${seed}/${clip}`, width, height, fps, frames: Math.max(2, Math.round(seconds * fps)) },
        ...{ quality: Math.round(random.between(17, 37)), keyEvery: 10 + random.below(110) },
      },
      name: `${label}/${number}.mp4`,
      split: splits[clip % labels]?.[Math.floor(clip / labels)] as Split,
      group: `scene-${number}`,
    };
  });
}

/** For the clips of each label: 70 % training, 15 % each validation and test, at least one each if there are three. */
function drawSplits(count: number, random: Random): Split[] {
  const order = random.shuffle(Array.from({ length: count }, (_, i) => i));
  const held = count < 3 ? 0 : Math.max(1, Math.round(0.15 * count));
  const splits = new Array<Split>(Math.max(0, count)).fill("train");
  for (const clip of order.slice(0, held)) splits[clip] = "test";
  for (const clip of order.slice(held, 2 * held)) splits[clip] = "validation";
  return splits;
}

function manifestOf(plans: readonly Plan[]): string {
  const rows = plans.map(({ name, job, split, group }) => [name, job.label, split, group].join(","));
  return `${["file,label,split,group", ...rows].join("\n")}\n`;
}

async function makeAll(
  plans: readonly Plan[],
  folder: string,
  { jobs, signal, onClip }: { jobs: number; signal: AbortSignal | undefined; onClip: SynthOptions["onClip"] },
): Promise<void> {
  signal?.throwIfAborted();
  const queue = plans.values();
  let done = 0;
  const makers = Array.from(
    { length: Math.min(jobs, plans.length) },
    () => new Child<MakerJob, void>(ownModule("synth/maker-child.node")),
  );
  const end = () => {
    for (const maker of makers) maker.end();
  };
  signal?.addEventListener("abort", end);
  const work = async (maker: Child<MakerJob, void>) => {
    for (const { job, name } of queue) {
      await maker.ask({ ...job, file: join(folder, ...name.split("/")) });
      onClip?.(++done, plans.length);
    }
  };
  try {
    await Promise.all(makers.map(work));
  } finally {
    signal?.removeEventListener("abort", end);
    end();
    await Promise.all(makers.map((maker) => maker.gone));
  }
}

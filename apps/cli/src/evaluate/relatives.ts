import { stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { DatasetError, type Model, writeModel, writeWhole } from "movinet";
import {
  type ClipCache,
  type ContentHashes,
  chooseFrom,
  classWeights,
  type Dataset,
  decideFlip,
  type EpochRecord,
  fitModel,
  frameByFrame,
  groupKey,
  noteLearned,
  pictureHashes,
  samplesForModel,
  type TrainSettings,
  wholeClip,
} from "movinet/train";
import { openNamedModel } from "../models.ts";
import { fitClips, fitView } from "../train/fit-clips.ts";
import type { StageProgress } from "../train/progress.ts";
import { readConfig } from "../train/run-folder.ts";
import { fitSettings, manyClips, viewsOf } from "../train/settings.ts";
import { UsageError } from "../usage.ts";
import type { JudgedClips } from "./clips.ts";
import type { EvaluateSettings } from "./options.ts";

/** What a stream network is compared with. */
export const relativeKinds = ["base", "frame-by-frame"] as const;
export type RelativeKind = (typeof relativeKinds)[number];

/** A network that was given or found (no history), or trained. */
export interface RelativeTraining {
  readonly kind: RelativeKind;
  readonly model: Model;
  readonly history: readonly EpochRecord[];
  readonly bestEpoch: number;
}

/** What the networks that nobody gave are trained on, and how. */
export interface RelativePlan {
  /** Of the clips that are not judged. */
  readonly dataset: Dataset;
  readonly settings: TrainSettings;
  readonly warnings: readonly string[];
}

/** The plan; null where both networks were given. Throws {@link DatasetError} where no clips are left to learn from. */
export async function planRelatives(
  { model: name, dataset: path, base, frameByFrame: flat, threads }: EvaluateSettings,
  model: Model,
  { dataset, samples }: JudgedClips,
): Promise<RelativePlan | null> {
  if (base !== undefined && flat !== undefined) return null;
  const judged = new Set(samples);
  const groups = new Set(samples.map(groupKey));
  const others = dataset.samples.filter(
    (sample) => !judged.has(sample) && sample.split !== "test" && !groups.has(groupKey(sample)),
  );
  if (others.length === 0) {
    throw new DatasetError({
      code: "E_DATASET_SPLIT",
      subject: path,
      problem:
        "all its clips are judged, or others of their groups, so none are left from which the networks to compare with can learn",
      remedy: "Name parts in a manifest (a column split), or give trained networks with --base and --frame-by-frame",
    });
  }
  const undivided = samplesForModel(dataset, others, model).map((sample) => ({ ...sample, split: null }));
  const labels = model.card.labels as readonly string[];
  const own = { ...dataset, labels, samples: undivided };
  const isFile = (await stat(name).catch(() => null))?.isFile() ?? false;
  const run = isFile ? ((await readConfig(dirname(name)))?.decided ?? null) : null;
  const solved = run?.mode === "closed form";
  const usual = run?.fit ?? fitSettings({ ...defaultChoices, seed: run?.seed ?? 0 }, "all", undivided.length);
  const mirrored = run?.fit ? run.fit.augment.flip > 0 : decideFlip(labels, null).flip;
  const settings: TrainSettings = {
    ...usual,
    augment: mirrored ? usual.augment : { ...usual.augment, flip: 0 },
    trainable: "all",
    views: usual.views === 1 ? 1 : viewsOf(undivided.length),
    threads: threads ?? availableParallelism(),
  };
  const few = undivided.length < manyClips;
  const warnings = [
    ...(few
      ? [
          `The base and the frame-by-frame network were made of the model's weights and had ${undivided.length} clips to learn anew: with more they would come further.`,
        ]
      : []),
    ...(run === null ? [`Nobody knows how ${name} was trained: the others were trained by the default recipe.`] : []),
    ...(solved
      ? [
          `Of ${name} only the last layer was learned, the others learned as a whole: for equal terms, train it by --trainable all.`,
        ]
      : []),
  ];
  return { dataset: own, settings, warnings };
}

const defaultChoices = {
  epochs: null,
  batch: null,
  frames: null,
  learningRate: null,
  augment: null,
  flip: null,
  threads: null,
} as const;

interface RelativeTask {
  readonly settings: EvaluateSettings;
  readonly model: Model;
  readonly plan: RelativePlan | null;
  readonly hashes: ContentHashes;
  readonly folder: string;
  readonly cache: ClipCache;
  readonly progress: StageProgress;
  readonly signal: AbortSignal;
}

/** The networks that a comparison has left in its folder. */
export async function keptRelatives(folder: string): Promise<readonly string[]> {
  const files = relativeKinds.map((kind) => join(folder, `${kind}.safetensors`));
  const found = await Promise.all(files.map((file) => stat(file).catch(() => null)));
  return files.filter((_, i) => found[i]?.isFile());
}

/** The network that was given, else the one that is in the folder already, else a new one. */
export async function openRelative(kind: RelativeKind, task: RelativeTask): Promise<RelativeTraining> {
  const { settings, model, folder, signal } = task;
  const given = kind === "base" ? settings.base : settings.frameByFrame;
  const kept = join(folder, `${kind}.safetensors`);
  const known = given ?? ((await stat(kept).catch(() => null))?.isFile() ? kept : null);
  if (!known) return trainRelative(kind, kept, task);
  const opened = await openNamedModel(known, { labels: settings.labels, signal });
  checkRelative(kind, known, opened, model);
  return { kind, model: opened, history: [], bestEpoch: 0 };
}

function checkRelative(kind: RelativeKind, subject: string, { spec, card }: Model, { card: own }: Model): void {
  const mode = kind === "base" ? "base" : "stream";
  if (spec.mode !== mode) throw new UsageError(subject, `it is a ${spec.mode} model`, `Give a ${mode} model`);
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  if (!same(card.labels, own.labels) || !same(card.input, own.input) || card.fps !== own.fps) {
    const problem = "its labels, size or frame rate are not those of the model that it is compared with";
    throw new UsageError(subject, problem, "Train it from that model, or leave it out");
  }
}

async function trainRelative(
  kind: RelativeKind,
  file: string,
  { model, plan, hashes, folder, cache, progress, signal }: RelativeTask,
): Promise<RelativeTraining> {
  if (plan === null) throw new Error("internal: nobody planned a training");
  const { settings, dataset } = plan;
  const { model: start, masks } = kind === "base" ? wholeClip(model, settings.frames) : frameByFrame(model);
  const { fps } = model.card;
  const { failures } = await cache.fill(dataset.samples, fitView(model.card, fps), {
    signal,
    onClip: ({ done, total }) => progress.update("decoding", done, total),
  });
  const failed = new Set(failures.map(({ sample }) => sample));
  const usable = { ...dataset, samples: dataset.samples.filter((sample) => !failed.has(sample)) };
  const choose = new Set(chooseFrom(usable, usable.samples, { seen: new Set(), seed: settings.seed }));
  const train = usable.samples.filter((sample) => !choose.has(sample));
  const classes = train.map((sample) => sample.classes);
  const { weightOf } = classWeights(classes, dataset.labels.length, dataset.multiLabel);
  const clipOf = fitClips(model.card, fps, settings, cache, weightOf);
  const trained = await fitModel(
    start,
    { train: train.map(clipOf), validation: [...choose].map(clipOf) },
    {
      settings,
      masks,
      folder: join(folder, "state", kind),
      signal,
      onProgress({ phase, done, total, epoch, loss }) {
        const told = loss === null ? "" : `epoch ${epoch}  loss ${loss.toFixed(3)}`;
        progress.update(`${kind}: ${phase}`, done, total, told);
      },
    },
  );
  const own = { ...model.card.input, fps };
  const pictures = await pictureHashes(usable.samples, own, cache, { signal });
  const learned = noteLearned(usable.samples, { files: hashes, pictures }, model.card.learned);
  const noted = { ...trained.model, card: { ...trained.model.card, learned } };
  await writeWhole(file, writeModel(noted));
  return { kind, ...trained, model: noted };
}

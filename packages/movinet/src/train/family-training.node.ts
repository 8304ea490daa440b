/** The networks that a stream model is compared with: a base and a frame-by-frame network, trained in the same way. */
import { TrainError } from "../common/errors.ts";
import type { ClipCache } from "../data/clip-cache.node.ts";
import { type Dataset, datasetError, groupKey } from "../data/dataset.ts";
import { samplesForModel } from "../evaluate/labels.ts";
import type { EpochRecord } from "../evaluate/report-data.ts";
import type { Model } from "../model/model.ts";
import { fitModel } from "./fit.node.ts";
import { fitClips, fitView } from "./fit-clips.node.ts";
import type { FitProgress } from "./fit-options.node.ts";
import { decideFlip } from "./flip.ts";
import type { JudgedClips } from "./judged-clips.node.ts";
import { type ContentHashes, noteLearned, pictureHashes } from "./learned.node.ts";
import { fitSettings, manyClips, type NameChoice, plainName, viewsOf } from "./recipe.ts";
import { frameByFrame, wholeClip } from "./relatives.ts";
import type { TrainSettings } from "./settings.ts";
import { chooseFrom } from "./test-parts.ts";

/** The kinds of networks that a stream network is compared with. */
export const relativeKinds = ["base", "frame-by-frame"] as const;
export type RelativeKind = (typeof relativeKinds)[number];

/** A network that was passed or found (no history), or trained. */
export interface RelativeTraining {
  readonly kind: RelativeKind;
  readonly model: Model;
  readonly history: readonly EpochRecord[];
  readonly bestEpoch: number;
}

/** What missing networks are trained on, and how. */
export interface RelativePlan {
  /** The clips not used for evaluation. */
  readonly dataset: Dataset;
  readonly settings: TrainSettings;
  readonly warnings: readonly string[];
}

/** How the model under comparison was trained, as far as known. */
export interface KnownTraining {
  readonly mode: "closed form" | "gradients";
  readonly seed: number;
  readonly fit: TrainSettings | null;
}

export interface PlanRelativesOptions {
  /** The model's name, for sentences. */
  readonly name: string;
  /** Null: unknown. */
  readonly training: KnownTraining | null;
  readonly threads: number;
  readonly nameChoice?: NameChoice;
}

/** The plan. Throws {@link DatasetError} (`E_DATASET_SPLIT`) if no clips are left for training. */
export function planRelatives(
  model: Model,
  { dataset, samples }: Pick<JudgedClips, "dataset" | "samples">,
  { name, training: run, threads, nameChoice = plainName }: PlanRelativesOptions,
): RelativePlan {
  const judged = new Set(samples);
  const groups = new Set(samples.map(groupKey));
  const others = dataset.samples.filter(
    (sample) => !judged.has(sample) && sample.split !== "test" && !groups.has(groupKey(sample)),
  );
  if (others.length === 0) {
    const problem =
      "all clips (or others from their groups) are used for evaluation, so none are left to train the networks for comparison";
    const remedy = `Add a split column in a manifest, or pass trained networks with ${nameChoice("base")} and ${nameChoice("frameByFrame")}`;
    throw datasetError("E_DATASET_SPLIT", dataset.path, problem, remedy);
  }
  const undivided = samplesForModel(dataset, others, model).map((sample) => ({ ...sample, split: null }));
  const labels = model.card.labels as readonly string[];
  const own = { ...dataset, labels, samples: undivided };
  const solved = run?.mode === "closed form";
  const usual = run?.fit ?? fitSettings({ threads, seed: run?.seed ?? 0 }, "all", undivided.length);
  const mirrored = run?.fit ? run.fit.augment.flip > 0 : decideFlip(labels, null).flip;
  const settings: TrainSettings = {
    ...usual,
    augment: mirrored ? usual.augment : { ...usual.augment, flip: 0 },
    trainable: "all",
    views: usual.views === 1 ? 1 : viewsOf(undivided.length),
    threads,
  };
  const few = undivided.length < manyClips;
  const warnings = [
    ...(few
      ? [
          `The base and the frame-by-frame network started from the model's weights and were retrained on only ${undivided.length} clips: with more, they would do better.`,
        ]
      : []),
    ...(run === null
      ? [`It is unknown how ${name} was trained: the other networks were trained with the default recipe.`]
      : []),
    ...(solved
      ? [
          `Only the last layer of ${name} was trained, but all layers of the others: for a fair comparison, train it with ${nameChoice("trainable", "all")}.`,
        ]
      : []),
  ];
  return { dataset: own, settings, warnings };
}

/** Throws {@link TrainError} (`E_TRAIN_CHOICE`) for a network that cannot be compared with the model. */
export function checkRelative(kind: RelativeKind, subject: string, { spec, card }: Model, { card: own }: Model): void {
  const mode = kind === "base" ? "base" : "stream";
  const code = "E_TRAIN_CHOICE";
  if (spec.mode !== mode) {
    const [problem, remedy] = [`it is a ${spec.mode} model`, `Pass a ${mode} model`];
    throw new TrainError({ code, subject, problem, remedy });
  }
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  if (!same(card.labels, own.labels) || !same(card.input, own.input) || card.fps !== own.fps) {
    const problem = "its labels, input size or frame rate differ from those of the model it is compared with";
    throw new TrainError({ code, subject, problem, remedy: "Train it from that model, or leave it out" });
  }
}

export interface TrainRelativeOptions {
  readonly plan: RelativePlan;
  readonly hashes: ContentHashes;
  readonly cache: ClipCache;
  /** Where training state is saved. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Pick<FitProgress, "done" | "total" | "epoch" | "loss"> & { stage: string }) => void;
}

/** Trains a network to compare a model with, starting from that model's weights. Throws what `fitModel` throws. */
export async function trainRelative(
  kind: RelativeKind,
  model: Model,
  { plan, hashes, cache, folder, signal, onProgress }: TrainRelativeOptions,
): Promise<RelativeTraining> {
  const { settings, dataset } = plan;
  const { model: start, masks } = kind === "base" ? wholeClip(model, settings.frames) : frameByFrame(model);
  const { fps } = model.card;
  const { usable: samples } = await cache.fill(dataset.samples, fitView(model.card, fps), {
    signal,
    onClip: ({ done, total }) => onProgress?.({ stage: "decoding", done, total, epoch: 0, loss: null }),
  });
  const choose = chooseFrom({ ...dataset, samples }, samples, { seen: new Set(), seed: settings.seed });
  const train = samples.filter((sample) => !choose.includes(sample));
  const { clips } = fitClips(model.card, fps, settings, cache, { train, choose }, dataset);
  const trained = await fitModel(start, clips, {
    settings,
    masks,
    folder,
    signal,
    onProgress: ({ phase, ...progress }) => onProgress?.({ stage: `${kind}: ${phase}`, ...progress }),
  });
  const own = { ...model.card.input, fps };
  const pictures = await pictureHashes(samples, own, cache, { signal });
  const learned = noteLearned(samples, { files: hashes, pictures }, model.card.learned);
  const noted = { ...trained.model, card: { ...trained.model.card, learned } };
  return { kind, ...trained, model: noted };
}

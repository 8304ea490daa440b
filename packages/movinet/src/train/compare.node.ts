/** A stream model beside a base network and a frame-by-frame one: planned, trained where nobody gave them, judged, and told. */
import type { ClipCache, ClipFailure } from "../data/clip-cache.node.ts";
import type { Engine } from "../engines/engine.ts";
import type { FamilyComparison } from "../evaluate/family.ts";
import { renderFamilyFigure } from "../evaluate/family-charts.ts";
import { renderFamilyReport } from "../evaluate/family-report.ts";
import { failureNotes, nameOfDataset } from "../evaluate/findings.node.ts";
import { judgeFamily } from "../evaluate/judge-family.node.ts";
import { samplesForModel } from "../evaluate/labels.ts";
import { environmentFacts } from "../evaluate/report.node.ts";
import type { Model } from "../model/model.ts";
import {
  checkRelative,
  type PlanRelativesOptions,
  planRelatives,
  type RelativeKind,
  type RelativePlan,
  type RelativeTraining,
  relativeKinds,
  trainRelative,
} from "./family-training.node.ts";
import { type JudgedClips, refuseRemembered } from "./judged-clips.node.ts";
import { fitFacts } from "./learn.node.ts";

export interface PlanComparisonOptions extends PlanRelativesOptions {
  /** Networks that are there already, with what they are called; null: it is trained. */
  readonly given: Readonly<Record<RelativeKind, { readonly name: string; readonly model: Model } | null>>;
  /** Whether nobody named both, so that it counts how the model was trained. */
  readonly trains: boolean;
}

export interface PlannedComparison {
  readonly model: Model;
  readonly clips: JudgedClips;
  readonly given: PlanComparisonOptions["given"];
  readonly plan: RelativePlan | null;
}

/**
 * The plan of a comparison on clips. Throws {@link DatasetError} (`E_DATASET_SPLIT`) where no clips are left to judge or to learn
 * from, {@link TrainError} (`E_TRAIN_CHOICE`) for a network that cannot be compared with the model.
 */
export function planComparison(
  model: Model,
  clips: JudgedClips,
  { given, trains, ...options }: PlanComparisonOptions,
): PlannedComparison {
  refuseRemembered(clips);
  const plan = trains ? planRelatives(model, clips, options) : null;
  for (const kind of relativeKinds) if (given[kind]) checkRelative(kind, given[kind].name, given[kind].model, model);
  return { model, clips, given, plan };
}

export interface CompareModelsOptions {
  readonly engine: Engine;
  /** Of the engine, for the processes in which costs are measured. */
  readonly device: string;
  readonly threads: number | undefined;
  readonly cache: ClipCache;
  /** Where saved states of a network that is trained are kept. */
  folderOf(kind: RelativeKind): string;
  readonly signal: AbortSignal;
  /** Called for each network that was trained. */
  readonly onTrained: (kind: RelativeKind, model: Model) => Promise<void>;
  readonly onTraining: (progress: {
    stage: string;
    done: number;
    total: number;
    epoch: number;
    loss: number | null;
  }) => void;
  readonly onJudging: (phase: string, done: number, total: number) => void;
  readonly onFailure: (failure: ClipFailure) => void;
}

export interface ComparedModels extends PlannedComparison {
  readonly comparison: FamilyComparison;
  readonly failures: readonly ClipFailure[];
  readonly relatives: readonly RelativeTraining[];
  /** Sentences, for whoever reads the figures. */
  readonly warnings: readonly string[];
}

/** Trains what is to be trained and judges all. Null where none of the clips could be judged: `onFailure` was called for each. */
export async function compareModels(
  planned: PlannedComparison,
  options: CompareModelsOptions,
): Promise<ComparedModels | null> {
  const { model, clips, given, plan } = planned;
  const { cache, signal, onTrained, onTraining, onJudging, onFailure, folderOf, ...judging } = options;
  const relatives: RelativeTraining[] = [];
  for (const kind of relativeKinds) {
    const known = given[kind];
    if (known) relatives.push({ kind, model: known.model, history: [], bestEpoch: 0 });
    else if (plan) {
      const { hashes } = clips;
      const made = { plan, hashes, cache, folder: folderOf(kind), signal, onProgress: onTraining };
      const trained = await trainRelative(kind, model, made);
      await onTrained(kind, trained.model);
      relatives.push(trained);
    }
  }
  const [base, frameByFrame] = relatives.map((relative) => relative.model) as [Model, Model];
  const samples = samplesForModel(clips.dataset, clips.samples, model);
  const family = { stream: model, base, frameByFrame };
  const { comparison, failures } = await judgeFamily(family, samples, {
    ...judging,
    cache,
    signal,
    onProgress: onJudging,
  });
  for (const failure of failures) onFailure(failure);
  if (comparison === null) return null;
  const warnings = [
    ...(clips.first === null ? [] : [clips.first]),
    ...(clips.heldOut ? [] : ["Nothing says that these clips were kept aside from all three networks."]),
    ...clips.doubts,
    ...(plan?.warnings ?? []),
  ];
  return { ...planned, comparison, failures, relatives, warnings };
}

/** The comparison as an HTML page and an SVG figure. */
export function renderComparison(
  { model, clips, plan, comparison, failures, relatives, warnings }: ComparedModels,
  told: { readonly model: string; readonly dataset: string; readonly command: string; readonly engine: Engine },
): { readonly html: string; readonly svg: string } {
  const trained = relatives.filter(({ history }) => history.length > 0);
  const html = renderFamilyReport({
    title: `${model.card.name} beside its relatives`,
    date: new Date(),
    command: told.command,
    model: told.model,
    dataset: nameOfDataset(told.dataset),
    judged: clips.judged,
    comparison,
    trainings: trained.map(({ kind, history, bestEpoch }) => ({
      name: kind,
      history,
      bestEpoch,
    })),
    warnings,
    failures: failureNotes(failures),
    config: {
      ...(plan && fitFacts(plan.settings, plan.dataset.samples.length)),
      "frames of a window": comparison.window,
    },
    environment: environmentFacts(told.engine.name),
  });
  return { html, svg: renderFamilyFigure(comparison) };
}

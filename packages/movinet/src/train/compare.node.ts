/**
 * Compares a stream model with a base and a frame-by-frame network: planned, trained if needed, evaluated, and
 * reported.
 */
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
  /** Existing networks with their names; null: to be trained. */
  readonly given: Readonly<Record<RelativeKind, { readonly name: string; readonly model: Model } | null>>;
  /** Whether some network must be trained, so that the model's own training matters. */
  readonly trains: boolean;
}

export interface PlannedComparison {
  readonly model: Model;
  readonly clips: JudgedClips;
  readonly given: PlanComparisonOptions["given"];
  readonly plan: RelativePlan | null;
}

/**
 * The plan of a comparison on clips. Throws {@link DatasetError} (`E_DATASET_SPLIT`) if no clips are left for
 * evaluation or training, {@link TrainError} (`E_TRAIN_CHOICE`) for a network that cannot be compared with the model.
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
  /** The engine's device, for the processes that measure costs. */
  readonly device: string;
  readonly threads: number | undefined;
  readonly cache: ClipCache;
  /** Where the state of networks in training is saved. */
  folderOf(kind: RelativeKind): string;
  readonly signal: AbortSignal;
  /** Called for each trained network. */
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
  /** Caveats about the numbers, as sentences. */
  readonly warnings: readonly string[];
}

/**
 * Trains the missing networks and evaluates all. Null if no clip could be evaluated: `onFailure` was called for each.
 */
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
    ...(clips.heldOut ? [] : ["These clips may not have been held out from all three networks."]),
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
    title: `${model.card.name} and its relatives`,
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

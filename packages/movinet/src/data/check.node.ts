import type { MovinetError } from "../common/errors.ts";
import { defaultView } from "./clip.ts";
import type { ClipCache, FillOptions } from "./clip-cache.node.ts";
import { type Dataset, type Finding, groupKey } from "./dataset.ts";
import {
  type ClassCount,
  type ClipFacts,
  classFindings,
  clipFindings,
  countByClass,
  duplicateFindings,
  findingOf,
  splitFindings,
} from "./findings.ts";
import { fingerprintOf } from "./fingerprint.ts";

export interface CheckOptions extends FillOptions {
  /** Where the decoded clips are kept. */
  readonly cache: ClipCache;
}

/** What a dataset is and what is wrong with it. Plain JSON data. */
export interface DatasetReport {
  readonly path: string;
  readonly multiLabel: boolean;
  /** All clips, undecodable ones among them. */
  readonly clips: number;
  /** Groups that they are of; a clip without one counts as one. */
  readonly groups: number;
  /** Seconds of video that can be decoded. */
  readonly duration: number;
  /** In the order of the labels. */
  readonly classes: readonly ClassCount[];
  /** Problems first. */
  readonly findings: readonly Finding[];
}

/**
 * Decodes a whole dataset and tells what would spoil a model or the numbers about it: clips that cannot be decoded, are
 * damaged, too short or of a low rate; clips that are there twice, also re-encoded, above all with different labels or
 * across groups and splits; groups in several splits; classes that are too small, of one group, or out of balance.
 * Throws {@link MovinetError} only for what concerns no single clip (`E_DATASET_CACHE`, `E_DEPENDENCY_MISSING`).
 */
export async function checkDataset(dataset: Dataset, options: CheckOptions): Promise<DatasetReport> {
  const { cache, signal } = options;
  const { usable, failures } = await cache.fill(dataset.samples, defaultView, options);
  const clips: ClipFacts[] = [];
  for (const sample of usable) {
    const clip = await cache.read(sample, defaultView, signal);
    const { frames, source } = clip;
    clips.push({ sample, frames, source, hash: await cache.contentHash(sample), fingerprint: fingerprintOf(clip) });
  }
  const classes = countByClass(dataset, usable);
  const findings = [
    ...failures.map(({ sample, error }) => undecodable(sample.name, error)),
    ...dataset.findings,
    ...splitFindings(dataset.samples),
    ...duplicateFindings(clips),
    ...classFindings(classes),
    ...clipFindings(clips, defaultView),
  ];
  return {
    path: dataset.path,
    multiLabel: dataset.multiLabel,
    clips: dataset.samples.length,
    groups: new Set(dataset.samples.map(groupKey)).size,
    duration: clips.reduce((sum, { frames }) => sum + frames / defaultView.fps, 0),
    classes,
    findings: ["problem", "note"].flatMap((severity) => findings.filter((finding) => finding.severity === severity)),
  };
}

function undecodable(name: string, { message, subject }: MovinetError): Finding {
  return findingOf(
    "undecodable",
    message.startsWith(`${subject}: `) ? message.slice(subject.length + 2) : message,
    name,
  );
}

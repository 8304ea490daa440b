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
  /** The cache of decoded clips. */
  readonly cache: ClipCache;
}

/** What a dataset contains, and its problems. Plain JSON data. */
export interface DatasetReport {
  readonly path: string;
  readonly multiLabel: boolean;
  /** All clips, including undecodable ones. */
  readonly clips: number;
  /** Number of groups; a clip without a group counts as one. */
  readonly groups: number;
  /** Seconds of decodable video. */
  readonly duration: number;
  /** In the order of the labels. */
  readonly classes: readonly ClassCount[];
  /** Problems first. */
  readonly findings: readonly Finding[];
}

/**
 * Decodes a whole dataset and reports what would spoil a model or its accuracy: clips that are undecodable, damaged,
 * too short or of a low frame rate; duplicates, also re-encoded, especially with different labels or across groups and
 * splits; groups in several splits; classes that are too small, from one group, or out of balance. Throws
 * {@link MovinetError} only for errors that concern no single clip (`E_DATASET_CACHE`, `E_DEPENDENCY_MISSING`).
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

import { DatasetError } from "../common/errors.ts";

/** The split that a sample belongs to. */
export type Split = "train" | "validation" | "test";

/** A clip with its metadata. */
export interface Sample {
  /** Path to open. */
  readonly file: string;
  /** Path relative to the dataset, with `/` as separator, in Unicode NFC: for display. */
  readonly name: string;
  /** Indexes into the dataset's labels, ascending: exactly one, unless the dataset is multi-label. */
  readonly classes: readonly number[];
  /** The split given by the dataset, for this sample or another of its group; null if it gives none. */
  readonly split: Split | null;
  /**
   * The person or source video: samples of one group belong into one split. `openDataset` resolves it: parts of one
   * file form one group, named after the file if it has no name, and two groups that share a file are merged under the
   * first name. Null: an independent sample.
   */
  readonly group: string | null;
  /** Seconds from the first frame; null: the video's beginning. */
  readonly start: number | null;
  /** Seconds from the first frame, exclusive; null: the video's end. */
  readonly end: number | null;
}

export type FindingKind =
  | "undecodable"
  | "damaged"
  | "short"
  | "low-rate"
  | "duplicate"
  | "near-duplicate"
  | "group-in-splits"
  | "small-class"
  | "one-group-class"
  | "imbalance"
  | "similar-classes"
  | "split-as-class"
  | "left-out"
  | "unreadable";

/** Something about a dataset that its owner should know. */
export interface Finding {
  readonly kind: FindingKind;
  /** A `problem` spoils a model or its accuracy; a `note` may be intended. */
  readonly severity: "problem" | "note";
  /** What was found, in the same words for all findings of its kind, without a final period. */
  readonly title: string;
  /** How to fix it, without a final period. */
  readonly remedy: string;
  /** Names of the clips; empty if it concerns a class or the whole dataset. */
  readonly samples: readonly string[];
  /** Details of this finding, or null. */
  readonly detail: string | null;
}

/** Labelled clips. */
export interface Dataset {
  /** The folder or manifest, as given. */
  readonly path: string;
  /** Class names; in Unicode NFC and sorted by code unit, unless passed by the caller. */
  readonly labels: readonly string[];
  /** Sorted by name for a folder, in line order for a manifest. */
  readonly samples: readonly Sample[];
  /** Whether samples may have several classes. */
  readonly multiLabel: boolean;
  /** Findings about the names of classes and folders; `checkDataset` repeats them. */
  readonly findings: readonly Finding[];
  /** Messages for the user of the dataset: `findings` and groups in several splits, as `problem. remedy.`. */
  readonly warnings: readonly string[];
}

/** Names of splits, as in Hugging Face's folders: `eval` is held out. */
const splitNames: Readonly<Record<string, Split>> = {
  train: "train",
  training: "train",
  validation: "validation",
  valid: "validation",
  val: "validation",
  dev: "validation",
  test: "test",
  testing: "test",
  eval: "test",
  evaluation: "test",
};

/** The split with this name, in any case; undefined if there is none. */
export function splitOf(word: string): Split | undefined {
  const name = word.toLowerCase();
  return Object.hasOwn(splitNames, name) ? splitNames[name] : undefined;
}

/** The key that must not cross splits: the group, else the file, for samples not resolved by `openDataset`. */
export function groupKey(sample: Sample): string {
  return sample.group === null ? `file ${sample.file}` : `group ${sample.group}`;
}

/** A part of a video is shown with its times: there may be several from one file. */
export function nameWithin({ name, start, end }: Sample): string {
  return start === null && end === null ? name : `${name} (${start ?? 0}–${end ?? "end"} s)`;
}

/** Normal form for comparing names: "é" is one letter, whether stored as one or as an "e" with an accent. */
export function sameForm(name: string): string {
  return name.normalize("NFC");
}

/** A class name ignoring case, and with `_`, `-` and repeated spaces as a single space. */
export function plainName(label: string): string {
  return sameForm(label)
    .toLowerCase()
    .replace(/[\s_-]+/g, " ")
    .trim();
}

export function datasetError(
  code: string,
  subject: string,
  problem: string,
  remedy: string,
  cause?: unknown,
): DatasetError {
  return new DatasetError({ code, subject, problem, remedy, cause });
}

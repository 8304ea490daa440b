import { DatasetError } from "../common/errors.ts";

/** The part of a dataset that a sample is for. */
export type Split = "train" | "validation" | "test";

/** A clip with what is known of it. */
export interface Sample {
  /** Path that can be opened. */
  readonly file: string;
  /** Path relative to the dataset, with `/` between its parts, in Unicode NFC: what people see. */
  readonly name: string;
  /** Indexes into the dataset's labels, ascending: exactly one, unless the dataset is multi-label. */
  readonly classes: readonly number[];
  /** What the dataset itself says, of the sample or of another of its group; null where it leaves the choice. */
  readonly split: Split | null;
  /**
   * Who or what is seen (a person, a source video): samples of one group belong into one part. `openDataset` resolves it:
   * stretches of one file are of one group, which is called as the file where nobody named it, and two groups that share
   * a file are one, called as the first. Null: the sample stands alone.
   */
  readonly group: string | null;
  /** Seconds since the first picture; null: the video's own beginning. */
  readonly start: number | null;
  /** Seconds since the first picture, not included; null: the video's own end. */
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
  /** A `problem` spoils a model or the numbers about it; a `note` may be as it should. */
  readonly severity: "problem" | "note";
  /** What was found, in words that are the same for all findings of its sort, without a closing full stop. */
  readonly title: string;
  /** What to do about it, without a closing full stop. */
  readonly remedy: string;
  /** Names of the clips; empty where it is about a class or the whole. */
  readonly samples: readonly string[];
  /** What is particular to this finding, or null. */
  readonly detail: string | null;
}

/** Labelled clips. */
export interface Dataset {
  /** The folder or manifest as it was named. */
  readonly path: string;
  /** Class names; in Unicode NFC and sorted by code unit, unless the caller gave them. */
  readonly labels: readonly string[];
  /** Sorted by name in a folder, in the order of the lines in a manifest. */
  readonly samples: readonly Sample[];
  /** Whether a sample may be of several classes. */
  readonly multiLabel: boolean;
  /** What the names of classes and folders showed; `checkDataset` repeats it. */
  readonly findings: readonly Finding[];
  /** What whoever uses the dataset should be told: `findings` and groups in several splits, `problem. remedy.` each. */
  readonly warnings: readonly string[];
}

/** Words for the splits, as Hugging Face's folders have them: what is called `eval` is kept aside. */
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

/** The split that a word means, in any case; undefined where it means none. */
export function splitOf(word: string): Split | undefined {
  const name = word.toLowerCase();
  return Object.hasOwn(splitNames, name) ? splitNames[name] : undefined;
}

/**
 * What is never on both sides of a split: the group, else the file, for samples that no `openDataset` resolved.
 */
export function groupKey(sample: Sample): string {
  return sample.group === null ? `file ${sample.file}` : `group ${sample.group}`;
}

/** A stretch of a video is named with its times: there may be several of one file. */
export function nameWithin({ name, start, end }: Sample): string {
  return start === null && end === null ? name : `${name} (${start ?? 0}–${end ?? "end"} s)`;
}

/** How names compare: "é" is one letter, whether a disk wrote it as one or as an "e" with an accent. */
export function sameForm(name: string): string {
  return name.normalize("NFC");
}

/** A class name without regard to case, and to `_`, `-` and several spaces for a space. */
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

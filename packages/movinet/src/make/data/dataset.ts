/** The part of a dataset that a sample is for. */
export type Split = "train" | "validation" | "test";

/** A clip with what is known of it. */
export interface Sample {
  /** Path that can be opened. */
  readonly file: string;
  /** Path relative to the dataset, with `/` between its parts: what people see. */
  readonly name: string;
  /** Indexes into the dataset's labels, ascending: exactly one, unless the dataset is multi-label. */
  readonly classes: readonly number[];
  /** What the dataset itself says; null where it leaves the choice. */
  readonly split: Split | null;
  /** Who or what is seen (a person, a source video): samples of one group belong into one part. Null: nobody said. */
  readonly group: string | null;
  /** Seconds since the first picture; null: the video's own beginning. */
  readonly start: number | null;
  /** Seconds since the first picture, not included; null: the video's own end. */
  readonly end: number | null;
}

/** Labelled clips. */
export interface Dataset {
  /** The folder or manifest as it was named. */
  readonly path: string;
  /** Class names; sorted, unless the caller gave them. */
  readonly labels: readonly string[];
  /** Sorted by name in a folder, in the order of the lines in a manifest. */
  readonly samples: readonly Sample[];
  /** Whether a sample may be of several classes. */
  readonly multiLabel: boolean;
}

const splitNames: Readonly<Record<string, Split>> = {
  train: "train",
  training: "train",
  val: "validation",
  valid: "validation",
  validation: "validation",
  test: "test",
  testing: "test",
};

/** The split that a word means, in any case; undefined where it means none. */
export function splitOf(word: string): Split | undefined {
  const name = word.toLowerCase();
  return Object.hasOwn(splitNames, name) ? splitNames[name] : undefined;
}

/** What is never on both sides of a split: the group, else the file. */
export function groupKey(sample: Sample): string {
  return sample.group === null ? `file ${sample.file}` : `group ${sample.group}`;
}

/** A stretch of a video is named with its times: there may be several of one file. */
export function nameWithin({ name, start, end }: Sample): string {
  return start === null && end === null ? name : `${name} (${start ?? 0}–${end ?? "end"} s)`;
}

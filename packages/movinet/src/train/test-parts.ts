/**
 * Divides clips into those for training, for choosing the epoch and for testing: no clip in two of them, nor its
 * group.
 */
import { DatasetError } from "../common/errors.ts";
import { type Dataset, groupKey, type Sample } from "../data/dataset.ts";
import { countGroups, type Fold, foldSamples, splitSamples } from "../data/splits.ts";

/** One test of a training method: its own model is trained and evaluated. */
export interface TestPart {
  readonly train: readonly Sample[];
  /** Clips to choose the epoch; empty if every epoch runs, or nothing is to be chosen. */
  readonly choose: readonly Sample[];
  /** Clips to test the resulting model; empty if no fair test is possible. */
  readonly judge: readonly Sample[];
}

export interface TestPartOptions {
  /** Folds of a cross-validation, at least 2; null: a part is held out, or the dataset has splits. */
  readonly folds: number | null;
  /** Share of the clips to hold out, 0..1. */
  readonly validation: number;
  /** Whether an epoch is to be chosen. */
  readonly choosing: boolean;
  /**
   * Clips that the starting model has seen: they, and others from their groups, are used for neither choice nor test.
   */
  readonly seen: ReadonlySet<Sample>;
  readonly seed: number;
}

/** With fewer clips, no accuracy is reported: five right answers are compatible with anything from 57 %. */
export const fewestJudged = 5;
/** With fewer clips, none are used to choose an epoch: their loss would choose at random. */
const fewestChoosing = 20;
/** Share of the training clips used to choose the epoch. */
const choosingShare = 0.15;

/** How a dataset is divided. */
export interface Division {
  readonly parts: readonly TestPart[];
  /**
   * Clips in the dataset's validation split although others of their groups are for training: they are not used for
   * testing.
   */
  readonly torn: readonly Sample[];
}

/**
 * Divides a dataset for training. Test clips are used for neither training nor any choice. The dataset's own test
 * split is excluded. Throws {@link DatasetError} (`E_DATASET_SPLIT`) like `splitSamples` and `foldSamples`.
 */
export function divideForTests(dataset: Dataset, options: TestPartOptions): Division {
  const { folds, choosing, seed } = options;
  const known = new Set([...options.seen].map(groupKey));
  const seen = new Set(dataset.samples.filter((sample) => known.has(groupKey(sample))));
  const { divided, torn } =
    folds === null
      ? keptAside(dataset, { ...options, seen })
      : { divided: crossed(dataset, folds, seen, seed), torn: [] };
  const parts = divided.map(({ train, validation }) => {
    const choose = choosing ? chooseFrom(dataset, train, { seen, seed }) : [];
    const kept = new Set(choose);
    return { train: train.filter((sample) => !kept.has(sample)), choose, judge: validation };
  });
  return { parts, torn };
}

function keptAside(dataset: Dataset, { validation, seen, seed }: TestPartOptions) {
  const all = dataset.samples.filter(({ split }) => split !== "test");
  if (!all.some(({ split }) => split === "validation") && seen.size > 0) {
    const judge = new Set(splitUnseen(dataset, validation, seen, seed));
    const train = all.filter((sample) => !judge.has(sample));
    return { divided: [{ train, validation: [...judge] }], torn: [] };
  }
  const parts = splitSamples(dataset, { validation, seed });
  const taught = new Set(parts.train.map(groupKey));
  const torn = parts.validation.filter((sample) => taught.has(groupKey(sample)));
  const judge = parts.validation.filter((sample) => !seen.has(sample) && !taught.has(groupKey(sample)));
  return { divided: [{ train: parts.train, validation: judge }], torn };
}

/** Unseen clips to divide; none if there are too few. */
function splitUnseen(dataset: Dataset, share: number, seen: ReadonlySet<Sample>, seed: number): readonly Sample[] {
  const samples = dataset.samples.filter((sample) => !seen.has(sample));
  if (countGroups({ ...dataset, samples }) < 2) return [];
  try {
    return splitSamples({ ...dataset, samples }, { validation: share, seed }).validation;
  } catch (error) {
    if (error instanceof DatasetError && error.code === "E_DATASET_SPLIT") return [];
    throw error;
  }
}

function crossed(dataset: Dataset, folds: number, seen: ReadonlySet<Sample>, seed: number): readonly Fold[] {
  if (seen.size === 0) return foldSamples(dataset, folds, seed);
  const all = dataset.samples.filter(({ split }) => split !== "test");
  const unseen = { ...dataset, samples: all.filter((sample) => !seen.has(sample)) };
  const most = Math.min(folds, countGroups(unseen));
  if (most < 2) return [{ train: all, validation: [] }];
  return foldSamples(unseen, most, seed).map(({ validation }) => {
    const judge = new Set(validation);
    return { train: all.filter((sample) => !judge.has(sample)), validation };
  });
}

/**
 * Training clips that choose an epoch instead, as whole groups: 15 %, or none if that is fewer than 20. Never clips in
 * `seen`.
 */
export function chooseFrom(
  dataset: Dataset,
  train: readonly Sample[],
  { seen, seed }: Pick<TestPartOptions, "seen" | "seed">,
): readonly Sample[] {
  const undivided = new Map(
    train.filter((sample) => !seen.has(sample)).map((sample) => [{ ...sample, split: null } as Sample, sample]),
  );
  const chosen = splitUnseen({ ...dataset, samples: [...undivided.keys()] }, choosingShare, new Set(), seed + 1);
  return chosen.length < fewestChoosing ? [] : chosen.map((sample) => undivided.get(sample) as Sample);
}

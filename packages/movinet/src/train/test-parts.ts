/** Which clips teach, which choose the epoch and which judge: never the same ones, nor others of their groups. */
import { DatasetError } from "../common/errors.ts";
import { type Dataset, groupKey, type Sample } from "../data/dataset.ts";
import { countGroups, type Fold, foldSamples, splitSamples } from "../data/splits.ts";

/** One test of a way of training: a model of its own learns and is judged. */
export interface TestPart {
  readonly train: readonly Sample[];
  /** Choose the epoch; empty where every epoch counts, or nothing is to be chosen. */
  readonly choose: readonly Sample[];
  /** Judge the model that came of it; empty where nothing honest can be said. */
  readonly judge: readonly Sample[];
}

export interface TestPartOptions {
  /** Parts of a cross-validation, at least 2; null: one part is kept aside, or the dataset says which. */
  readonly folds: number | null;
  /** Share of the clips that is kept aside, 0..1. */
  readonly validation: number;
  /** Whether an epoch is to be chosen. */
  readonly choosing: boolean;
  /** Clips that the model which training begins with has seen: they, and others of their groups, teach and judge nothing. */
  readonly seen: ReadonlySet<Sample>;
  readonly seed: number;
}

/** Clips below which no accuracy is told: five right answers fit anything from 57 % on. */
export const fewestJudged = 5;
/** Clips below which none are kept for choosing an epoch: their loss would choose at random. */
const fewestChoosing = 20;
/** Share of the clips to learn from that chooses the epoch. */
const choosingShare = 0.15;

/** How a dataset is divided. */
export interface Division {
  readonly parts: readonly TestPart[];
  /** Clips that the dataset names for validation, although clips of their groups are for training: they judge nothing. */
  readonly torn: readonly Sample[];
}

/**
 * Divides a dataset for training. What judges was neither learned from nor used to choose anything. Test clips that the
 * dataset names take no part. Throws {@link DatasetError} (`E_DATASET_SPLIT`) as `splitSamples` and `foldSamples` do.
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

/** Some of the clips that nobody has seen; none where they are too few to be divided. */
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
 * The clips of what would teach that choose an epoch instead, as whole groups: 15 %, or none where that are fewer than
 * 20. Clips in `seen` are none of them.
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

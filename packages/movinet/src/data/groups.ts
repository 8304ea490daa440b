import { type Dataset, groupKey, type Sample, type Split } from "./dataset.ts";
import { DisjointSets } from "./disjoint-sets.ts";
import { warningsAbout } from "./findings.ts";

/**
 * Samples with groups that hold all that belongs together: samples that share a group, or a key of `keysOf`, directly or
 * by way of others. A set is called as the first group that was told in it, else as its first sample; a sample that stands
 * alone keeps its group, or null. Samples without a split get the one that another of their group was told to be in.
 */
export function joinGroups(
  samples: readonly Sample[],
  keysOf: (sample: Sample) => readonly string[],
): readonly Sample[] {
  const sets = new DisjointSets(samples.length);
  const first = new Map<string, number>();
  for (const [i, sample] of samples.entries()) {
    const told = sample.group === null ? [] : [`group ${sample.group}`];
    for (const key of [...told, ...keysOf(sample)]) {
      const known = first.get(key);
      if (known === undefined) first.set(key, i);
      else sets.join(known, i);
    }
  }
  const taken = new Set(samples.map(({ group }) => group));
  const joined = [...samples];
  for (const members of sets.all()) {
    const own = members.map((i) => samples[i]!);
    const told = own.find((sample) => sample.group !== null)?.group ?? null;
    const group = told ?? (own.length === 1 ? null : unused(own[0]!.name, taken));
    for (const i of members) if (samples[i]!.group !== group) joined[i] = { ...samples[i]!, group };
  }
  const splits = splitsByGroup(joined);
  return joined.map((sample) =>
    sample.split === splits.get(sample) ? sample : { ...sample, split: splits.get(sample)! },
  );
}

function unused(name: string, taken: Set<string | null>): string {
  let free = name;
  while (taken.has(free)) free = `file ${free}`;
  taken.add(free);
  return free;
}

/** The split of each sample, as the dataset says it for the sample, else for the first of its group that has one. */
export function splitsByGroup(samples: readonly Sample[]): ReadonlyMap<Sample, Split | null> {
  const shared = new Map<string, Split>();
  for (const sample of samples) {
    const key = groupKey(sample);
    if (sample.split !== null && !shared.has(key)) shared.set(key, sample.split);
  }
  return new Map(samples.map((sample) => [sample, sample.split ?? shared.get(groupKey(sample)) ?? null]));
}

/**
 * The dataset with copies of a file in one group, under whatever names and groups they are, so that no split has them on
 * both sides. Samples whose group and split stay are the same objects.
 *
 * @param hashOf the hash of the file's content, such as {@link ClipCache.contentHash} gives it; undefined: unknown.
 */
export function joinCopies(dataset: Dataset, hashOf: (sample: Sample) => string | undefined): Dataset {
  const samples = joinGroups(dataset.samples, (sample) => {
    const hash = hashOf(sample);
    return [`file ${sample.file}`, ...(hash === undefined ? [] : [`content ${hash}`])];
  });
  return { ...dataset, samples, warnings: warningsAbout(dataset.findings, samples) };
}

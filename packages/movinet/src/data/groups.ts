import { type Dataset, groupKey, type Sample, type Split } from "./dataset.ts";
import { DisjointSets } from "./disjoint-sets.ts";
import { warningsAbout } from "./findings.ts";

/**
 * Merges groups so that everything related is in one: samples that share a group, or a key of `keysOf`, directly or
 * indirectly. A merged group is named after the first group given in it, else after its first sample; an independent
 * sample keeps its group, or null. Samples without a split get that of another in their group.
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

/** The split of each sample: its own, else that of the first in its group that has one. */
export function splitsByGroup(samples: readonly Sample[]): ReadonlyMap<Sample, Split | null> {
  const shared = new Map<string, Split>();
  for (const sample of samples) {
    const key = groupKey(sample);
    if (sample.split !== null && !shared.has(key)) shared.set(key, sample.split);
  }
  return new Map(samples.map((sample) => [sample, sample.split ?? shared.get(groupKey(sample)) ?? null]));
}

/**
 * The dataset with copies of a file in one group, whatever their names and groups, so that no split separates them.
 * Samples whose group and split do not change are the same objects.
 *
 * @param hashOf the hash of the file's content, as returned by {@link ClipCache.contentHash}; undefined: unknown.
 */
export function joinCopies(dataset: Dataset, hashOf: (sample: Sample) => string | undefined): Dataset {
  const samples = joinGroups(dataset.samples, (sample) => {
    const hash = hashOf(sample);
    return [`file ${sample.file}`, ...(hash === undefined ? [] : [`content ${hash}`])];
  });
  return { ...dataset, samples, warnings: warningsAbout(dataset.findings, samples) };
}

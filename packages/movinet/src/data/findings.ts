import type { ClipSource, ClipView } from "./clip.ts";
import { type Dataset, type Finding, groupKey, plainName, type Sample } from "./dataset.ts";
import { DisjointSets } from "./disjoint-sets.ts";
import { type Fingerprint, looksSame } from "./fingerprint.ts";

/** Facts about a decodable clip. */
export interface ClipFacts {
  readonly sample: Sample;
  readonly frames: number;
  readonly source: ClipSource;
  /** Hash of the file's content. */
  readonly hash: string;
  readonly fingerprint: Fingerprint;
}

/** Fewer clips in a class are not enough to train and test it. */
export const fewestClips = 5;
/** Fewer frames show too little of an action: 1.6 s at 5 fps. */
export const fewestFrames = 8;
/** Largest acceptable ratio of class sizes. */
const mostImbalance = 3;
/** Smallest acceptable ratio of a video's frame rate to the model's. */
const leastRate = 0.8;

/** Kinds of findings. */
type Sort = Pick<Finding, "kind" | "severity" | "title" | "remedy">;

const sorts = {
  undecodable: {
    kind: "undecodable",
    severity: "problem",
    title: "cannot be decoded",
    remedy: "Convert these clips, or remove them",
  },
  damaged: {
    kind: "damaged",
    severity: "note",
    title: "damaged, or shorter than the times in the manifest",
    remedy: "Download or convert these clips again, or correct their start and end",
  },
  groupInSplits: {
    kind: "group-in-splits",
    severity: "problem",
    title: "a group spans several splits, so the model would be tested on what it was trained on",
    remedy: "Keep each group within one split",
  },
  smallClass: {
    kind: "small-class",
    severity: "problem",
    title: `a class has fewer than ${fewestClips} decodable clips`,
    remedy: "Add clips: at least ten, from several people or places",
  },
  oneGroupClass: {
    kind: "one-group-class",
    severity: "problem",
    title: "all clips of a class belong to one group, so the class is never validated",
    remedy: "Add clips from other people or places",
  },
  imbalance: {
    kind: "imbalance",
    severity: "note",
    title: "the classes differ greatly in size",
    remedy: "Add clips to the small classes, and check the accuracy of each class",
  },
  similarClasses: {
    kind: "similar-classes",
    severity: "problem",
    title: "classes differ only in case, spaces, _ or -",
    remedy: "Merge them, or give them more distinct names",
  },
  /** A folder named like a split but treated as a class, because it contains videos and is next to classes. */
  splitAsClass: {
    kind: "split-as-class",
    severity: "note",
    title: "a folder is named like a split but contains videos, so it is treated as a class",
    remedy: "If it is a split, put one folder per class into it",
  },
  /** Folders that all have sub-folders of the same names: those may be the classes, and these the splits. */
  sameSubFolders: {
    kind: "split-as-class",
    severity: "problem",
    title: "all folders have the same sub-folders and are treated as classes",
    remedy: "If they are splits, name them train, validation and test",
  },
  /** Its content is unknown. */
  unreadable: {
    kind: "unreadable",
    severity: "problem",
    title: "a folder cannot be read, so its clips are missing",
    remedy: "Check its permissions",
  },
  /** Files in class folders that are not clips. */
  noClip: {
    kind: "left-out",
    severity: "note",
    title: "some files in the class folders are not clips",
    remedy: "Convert or move the ones that should be clips, or list them in a manifest",
  },
  besideClasses: {
    kind: "left-out",
    severity: "note",
    title: "a video outside the class folders is ignored",
    remedy: "Move it into the folder of its class",
  },
} as const satisfies Record<string, Sort>;

/** The details of a finding of this kind. */
export function findingOf(
  sort: keyof typeof sorts | Sort,
  detail: string | null,
  ...samples: readonly string[]
): Finding {
  return { ...(typeof sort === "string" ? sorts[sort] : sort), samples, detail };
}

/** Findings about single clips. */
export function clipFindings(clips: readonly ClipFacts[], { fps }: ClipView): readonly Finding[] {
  const short: Sort = {
    kind: "short",
    severity: "problem",
    title: `fewer than ${fewestFrames} frames at ${fps} fps`,
    remedy: "Make these clips longer, or remove them",
  };
  const slow: Sort = {
    kind: "low-rate",
    severity: "note",
    title: `frame rate below the ${fps} fps that the model reads`,
    remedy: "Record at a higher frame rate: to the model, repeated frames look like a pause",
  };
  return clips.flatMap(({ sample: { name }, frames, source: { frameRate, warnings } }) => [
    ...(frames < fewestFrames ? [findingOf(short, `${frames} ${frames === 1 ? "frame" : "frames"}`, name)] : []),
    ...(frameRate < leastRate * fps ? [findingOf(slow, `${frameRate.toFixed(1)} fps`, name)] : []),
    ...(warnings.length > 0 ? [findingOf("damaged", warnings.join("; "), name)] : []),
  ]);
}

/** Duplicates: identical files, and other encodings of them. */
export function duplicateFindings(clips: readonly ClipFacts[]): readonly Finding[] {
  const exact = clusters(
    clips,
    (a, b) => a.hash === b.hash && overlap(a.sample, b.sample),
    (clip) => clip.hash,
  );
  const different = exact.map(([first]) => first!);
  const near = clusters(different, (a, b) => a.hash !== b.hash && looksSame(a.fingerprint, b.fingerprint));
  const all = new Map(exact.map((cluster) => [cluster[0]!, cluster]));
  return [
    ...exact.filter((cluster) => cluster.length > 1).map((cluster) => twice("duplicate", cluster)),
    ...near
      .filter((cluster) => cluster.length > 1)
      .map((cluster) =>
        twice(
          "near-duplicate",
          cluster.flatMap((clip) => all.get(clip)!),
        ),
      ),
  ];
}

function twice(kind: "duplicate" | "near-duplicate", cluster: readonly ClipFacts[]): Finding {
  const samples = cluster.map(({ sample }) => sample);
  const distinct = (of: (sample: Sample) => string | null) => new Set(samples.map(of)).size > 1;
  const same = kind === "duplicate" ? "identical clips" : "the same clip in different encodings";
  const names = samples.map(({ name }) => name);
  const finding = (severity: Finding["severity"], how: string, remedy: string) =>
    findingOf({ kind, severity, title: `${same}${how}`, remedy }, null, ...names);
  if (distinct(({ classes }) => classes.join()))
    return finding("problem", ", with different labels", "Keep the right label");
  if (distinct(({ split }) => split)) return finding("problem", ", in different splits", "Keep one of each");
  if (distinct(groupKey)) {
    const how = kind === "duplicate" ? ", in different groups" : ", which may end up in both training and validation";
    return finding("problem", how, "Keep one of each, or put them into one group");
  }
  return finding("note", ", counted more than once", "Keep one of each");
}

/** Whether two parts of one file overlap by at least half of the shorter one. */
function overlap(a: Sample, b: Sample): boolean {
  const [from, to] = [Math.max(a.start ?? 0, b.start ?? 0), Math.min(a.end ?? Infinity, b.end ?? Infinity)];
  const length = ({ start, end }: Sample) => (end ?? Infinity) - (start ?? 0);
  const shorter = Math.min(length(a), length(b));
  return shorter === Infinity || (to - from) / shorter >= 0.5;
}

/** Clusters by the transitive closure of a relation; in order. */
function clusters<T>(items: readonly T[], same: (a: T, b: T) => boolean, key: (item: T) => string = () => ""): T[][] {
  const sets = new DisjointSets(items.length);
  const indexes = items.map((_, i) => i);
  for (const candidates of Map.groupBy(indexes, (i) => key(items[i]!)).values()) {
    for (const [at, i] of candidates.entries()) {
      for (const before of candidates.slice(0, at)) {
        if (sets.rootOf(i) !== sets.rootOf(before) && same(items[i]!, items[before]!)) sets.join(i, before);
      }
    }
  }
  return sets.all().map((members) => members.map((i) => items[i]!));
}

/** Groups divided by the dataset's own splits. */
export function splitFindings(samples: readonly Sample[]): readonly Finding[] {
  const grouped = Map.groupBy(
    samples.filter(({ group, split }) => group !== null && split !== null),
    ({ group }) => group!,
  );
  return Array.from(grouped).flatMap(([group, members]): Finding[] => {
    const splits = [...new Set(members.map(({ split }) => split!))];
    if (splits.length === 1) return [];
    const first = splits.map((split) => members.find((member) => member.split === split)!.name);
    return [findingOf("groupInSplits", `${group} is in ${splits.join(" and ")}`, ...first)];
  });
}

export interface ClassCount {
  readonly label: string;
  /** Decodable clips. */
  readonly clips: number;
  /** Number of groups; a clip without a group counts as one. */
  readonly groups: number;
}

export function countByClass({ labels }: Dataset, clips: readonly Sample[]): readonly ClassCount[] {
  return labels.map((label, c) => {
    const own = clips.filter(({ classes }) => classes.includes(c));
    return { label, clips: own.length, groups: new Set(own.map(groupKey)).size };
  });
}

export function classFindings(classes: readonly ClassCount[]): readonly Finding[] {
  const findings = classes.flatMap(({ label, clips, groups }) => {
    if (clips < fewestClips) return [findingOf("smallClass", `${label}: ${clips}`)];
    return groups === 1 ? [findingOf("oneGroupClass", label)] : [];
  });
  const sorted = classes.toSorted((a, b) => a.clips - b.clips);
  const [smallest, largest] = [sorted[0], sorted.at(-1)];
  if (!smallest || !largest || smallest.clips === 0 || largest.clips < mostImbalance * smallest.clips) return findings;
  const sizes = `${largest.label}: ${largest.clips}, ${smallest.label}: ${smallest.clips}`;
  return [...findings, findingOf("imbalance", sizes)];
}

/** Classes with confusingly similar names. */
export function similarClasses(labels: readonly string[]): readonly Finding[] {
  const alike = Map.groupBy(labels, (label) => plainName(label).replaceAll(" ", ""));
  const several = [...alike.values()].filter((names) => names.length > 1);
  return several.map((names) => findingOf("similarClasses", names.join(", ")));
}

/** Names listed in a warning; the rest is counted. */
const mostNamed = 3;

/** Warnings to show before a dataset's results, one line per kind of finding. */
export function warningsAbout(findings: readonly Finding[], samples: readonly Sample[]): readonly string[] {
  const alike = Map.groupBy([...findings, ...splitFindings(samples)], ({ title }) => title);
  return Array.from(alike, ([title, own]) => {
    const named = own.slice(0, mostNamed).map(({ samples: [first], detail }) => detail ?? first);
    const more = own.length > mostNamed ? ` and ${own.length - mostNamed} more` : "";
    return `${title} (${named.join("; ")}${more}). ${own[0]!.remedy}.`;
  });
}

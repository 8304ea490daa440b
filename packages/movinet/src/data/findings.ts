import type { ClipSource, ClipView } from "./clip.ts";
import { type Dataset, type Finding, groupKey, plainName, type Sample } from "./dataset.ts";
import { DisjointSets } from "./disjoint-sets.ts";
import { type Fingerprint, looksSame } from "./fingerprint.ts";

/** What was seen of one clip that could be decoded. */
export interface ClipFacts {
  readonly sample: Sample;
  readonly frames: number;
  readonly source: ClipSource;
  /** Hash of the file's content. */
  readonly hash: string;
  readonly fingerprint: Fingerprint;
}

/** Clips of a class below which nothing can be learnt from it and tested on it. */
export const fewestClips = 5;
/** Frames below which a clip shows too little of an action: 1.6 s at 5 a second. */
export const fewestFrames = 8;
/** How many times more clips than the smallest class the largest may have. */
const mostImbalance = 3;
/** Share of the rate that a model looks at below which a video's own rate is too low. */
const leastRate = 0.8;

/** Sorts of what may be found. */
type Sort = Pick<Finding, "kind" | "severity" | "title" | "remedy">;

const sorts = {
  undecodable: {
    kind: "undecodable",
    severity: "problem",
    title: "it cannot be decoded",
    remedy: "Convert these clips, or remove them",
  },
  damaged: {
    kind: "damaged",
    severity: "note",
    title: "it is damaged, or ends before its stretch does",
    remedy: "Download or convert these clips again, or correct their times",
  },
  groupInSplits: {
    kind: "group-in-splits",
    severity: "problem",
    title: "one group is in several splits, so that a model is tested on what it was trained on",
    remedy: "Put each group into one split",
  },
  smallClass: {
    kind: "small-class",
    severity: "problem",
    title: `a class has fewer than ${fewestClips} clips that can be decoded`,
    remedy: "Add clips: at least ten, of several people or places",
  },
  oneGroupClass: {
    kind: "one-group-class",
    severity: "problem",
    title: "all clips of a class are of one group, so that it is never validated",
    remedy: "Add clips of other people or places",
  },
  imbalance: {
    kind: "imbalance",
    severity: "note",
    title: "the classes are of very different sizes",
    remedy: "Add clips of the small ones, and look at the accuracy of each class",
  },
  similarClasses: {
    kind: "similar-classes",
    severity: "problem",
    title: "classes differ only in case, spaces, _ or -",
    remedy: "Give them one name, or names that differ more",
  },
  /** A folder that is named like a split and is taken for a class, for it holds videos and stands beside classes. */
  splitAsClass: {
    kind: "split-as-class",
    severity: "note",
    title: "a folder is named like a split, but holds videos beside folders of classes: it is taken for a class",
    remedy: "Put folders of classes into it where it is a split",
  },
  /** Folders that all hold folders of the same names: those may be the classes, and these the splits. */
  sameSubFolders: {
    kind: "split-as-class",
    severity: "problem",
    title: "all folders hold folders of the same names and are taken for classes",
    remedy: "If they are splits, name them train, validation and test",
  },
  /** Nobody knows what is missing. */
  unreadable: {
    kind: "unreadable",
    severity: "problem",
    title: "a folder cannot be read, and its clips are missing",
    remedy: "Check its permissions",
  },
  /** What lies in the folders of classes and is no clip. */
  noClip: {
    kind: "left-out",
    severity: "note",
    title: "not all that lies in the folders of classes is a clip",
    remedy: "Convert or move what should be one, or name it in a manifest",
  },
  besideClasses: {
    kind: "left-out",
    severity: "note",
    title: "a video lies beside the folders of classes and is left out",
    remedy: "Move it into the folder of its class",
  },
} as const satisfies Record<string, Sort>;

/** What is particular to a finding of a sort. */
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
    title: `it has fewer than ${fewestFrames} frames at ${fps} a second`,
    remedy: "Cut these clips longer, or remove them",
  };
  const slow: Sort = {
    kind: "low-rate",
    severity: "note",
    title: `it has fewer pictures a second than the ${fps} that are looked at`,
    remedy: "Record at a higher rate: a model takes repeated pictures for a pause",
  };
  return clips.flatMap(({ sample: { name }, frames, source: { frameRate, warnings } }) => [
    ...(frames < fewestFrames ? [findingOf(short, `${frames} ${frames === 1 ? "frame" : "frames"}`, name)] : []),
    ...(frameRate < leastRate * fps ? [findingOf(slow, `${frameRate.toFixed(1)} a second`, name)] : []),
    ...(warnings.length > 0 ? [findingOf("damaged", warnings.join("; "), name)] : []),
  ]);
}

/** Clips that are there more than once: the same file, and other encodings of it. */
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
  const same = kind === "duplicate" ? "are the same clip" : "look like one clip in different encodings";
  const names = samples.map(({ name }) => name);
  const finding = (severity: Finding["severity"], how: string, remedy: string) =>
    findingOf({ kind, severity, title: `they ${same}${how}`, remedy }, null, ...names);
  if (distinct(({ classes }) => classes.join()))
    return finding("problem", ", with different labels", "Keep the right label");
  if (distinct(({ split }) => split)) return finding("problem", ", in different splits", "Keep one of each");
  if (distinct(groupKey)) {
    const how = kind === "duplicate" ? ", in different groups" : " and may be in training and in validation";
    return finding("problem", how, "Keep one of each, or give them one group");
  }
  return finding("note", ", which counts more than once", "Keep one of each");
}

/** Whether two parts of one file share at least half of the shorter one. */
function overlap(a: Sample, b: Sample): boolean {
  const [from, to] = [Math.max(a.start ?? 0, b.start ?? 0), Math.min(a.end ?? Infinity, b.end ?? Infinity)];
  const length = ({ start, end }: Sample) => (end ?? Infinity) - (start ?? 0);
  const shorter = Math.min(length(a), length(b));
  return shorter === Infinity || (to - from) / shorter >= 0.5;
}

/** What belongs together by a relation that is followed from one to the next; in order. */
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

/** Groups that the dataset's own splits tear apart. */
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
  /** Clips that can be decoded. */
  readonly clips: number;
  /** Groups that they are of; a clip without one counts as one. */
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

/** Classes whose names people would take for one. */
export function similarClasses(labels: readonly string[]): readonly Finding[] {
  const alike = Map.groupBy(labels, (label) => plainName(label).replaceAll(" ", ""));
  const several = [...alike.values()].filter((names) => names.length > 1);
  return several.map((names) => findingOf("similarClasses", names.join(", ")));
}

/** Names that a warning lists; the rest is counted. */
const mostNamed = 3;

/** What is to be said of a dataset before its numbers, one line for each sort of finding. */
export function warningsAbout(findings: readonly Finding[], samples: readonly Sample[]): readonly string[] {
  const alike = Map.groupBy([...findings, ...splitFindings(samples)], ({ title }) => title);
  return Array.from(alike, ([title, own]) => {
    const named = own.slice(0, mostNamed).map(({ samples: [first], detail }) => detail ?? first);
    const more = own.length > mostNamed ? ` and ${own.length - mostNamed} more` : "";
    return `${title} (${named.join("; ")}${more}). ${own[0]!.remedy}.`;
  });
}

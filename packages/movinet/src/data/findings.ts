import type { ClipSource, ClipView } from "./clip.ts";
import { type Dataset, type Finding, type FindingKind, groupKey, type Sample } from "./dataset.ts";
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

/** Findings about single clips. */
export function clipFindings(clips: readonly ClipFacts[], view: ClipView): readonly Finding[] {
  const about = (kind: FindingKind, severity: Finding["severity"], title: string, remedy: string) => {
    return (sample: Sample, detail: string): Finding => {
      return { kind, severity, title, remedy, samples: [sample.name], detail };
    };
  };
  const short = about(
    "short",
    "problem",
    `it has fewer than ${fewestFrames} frames at ${view.fps} a second`,
    "Cut these clips longer, or remove them",
  );
  const slow = about(
    "low-rate",
    "note",
    `it has fewer pictures a second than the ${view.fps} that are looked at`,
    "Record at a higher rate: a model takes repeated pictures for a pause",
  );
  const damaged = about(
    "damaged",
    "note",
    "it is damaged, or ends before its stretch does",
    "Download or convert these clips again, or correct their times",
  );
  return clips.flatMap(({ sample, frames, source }) => [
    ...(frames < fewestFrames ? [short(sample, `${frames} ${frames === 1 ? "frame" : "frames"}`)] : []),
    ...(source.frameRate < leastRate * view.fps ? [slow(sample, `${source.frameRate.toFixed(1)} a second`)] : []),
    ...(source.warnings.length > 0 ? [damaged(sample, source.warnings.join("; "))] : []),
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
  const finding = (severity: Finding["severity"], how: string, remedy: string): Finding => {
    return { kind, severity, title: `they ${same}${how}`, remedy, samples: names, detail: null };
  };
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
    return [
      {
        kind: "group-in-splits",
        severity: "problem",
        title: "one group is in several splits, so that a model is tested on what it was trained on",
        remedy: "Put each group into one split",
        samples: first,
        detail: `${group} is in ${splits.join(" and ")}`,
      },
    ];
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
  const findings: Finding[] = [];
  const about = { samples: [] };
  for (const { label, clips, groups } of classes) {
    if (clips < fewestClips) {
      findings.push({
        ...about,
        kind: "small-class",
        severity: "problem",
        title: `a class has fewer than ${fewestClips} clips that can be decoded`,
        remedy: "Add clips: at least ten, of several people or places",
        detail: `${label}: ${clips}`,
      });
    } else if (groups === 1) {
      findings.push({
        ...about,
        kind: "one-group-class",
        severity: "problem",
        title: "all clips of a class are of one group, so that it is never validated",
        remedy: "Add clips of other people or places",
        detail: label,
      });
    }
  }
  const sorted = classes.toSorted((a, b) => a.clips - b.clips);
  const [smallest, largest] = [sorted[0], sorted.at(-1)];
  if (smallest && largest && smallest.clips > 0 && largest.clips >= mostImbalance * smallest.clips) {
    findings.push({
      ...about,
      kind: "imbalance",
      severity: "note",
      title: "the classes are of very different sizes",
      remedy: "Add clips of the small ones, and look at the accuracy of each class",
      detail: `${largest.label}: ${largest.clips}, ${smallest.label}: ${smallest.clips}`,
    });
  }
  return findings;
}

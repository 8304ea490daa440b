/** What a training run started from: saved state is only valid for the same classes, clips and model. Plain data. */
import { createHash } from "node:crypto";
import type { Dataset, Sample } from "../data/dataset.ts";
import type { ContentHashes } from "./learned.node.ts";

export interface Begun {
  /** SHA-256 of the starting model's file. */
  readonly model: string;
  readonly classes: readonly string[];
  readonly clips: readonly BegunClip[];
}

interface BegunClip extends Pick<Sample, "name" | "split" | "group" | "start" | "end"> {
  /** SHA-256 of the file; null if it cannot be read. */
  readonly content: string | null;
  readonly labels: readonly string[];
}

/** `model`: the bytes of its file. */
export function describeBegun(model: Uint8Array, { labels, samples }: Dataset, hashes: ContentHashes): Begun {
  const clips = samples.map(({ file, name, classes, split, group, start, end }) => {
    const own = classes.map((c) => labels[c] as string);
    return { name, content: hashes.get(file) ?? null, labels: own, split, group, start, end };
  });
  return { model: createHash("sha256").update(model).digest("hex"), classes: labels, clips };
}

/** What has changed, as words to follow a colon; null if nothing has. */
export function differenceOf(before: Begun, now: Begun): string | null {
  if (before.model !== now.model) return "the starting model has changed";
  const gone = before.classes.filter((label) => !now.classes.includes(label));
  const added = now.classes.filter((label) => !before.classes.includes(label));
  const changed = comeAndGone(gone, added, (labels) => `${nouns(labels, "class")} ${listed(labels)}`);
  return changed ?? differenceOfClips(before.clips, now.clips);
}

function differenceOfClips(before: readonly BegunClip[], now: readonly BegunClip[]): string | null {
  const keyOf = ({ name, start, end }: BegunClip) => JSON.stringify([name, start, end]);
  const [old, current] = [before, now].map((clips) => new Map(clips.map((clip) => [keyOf(clip), clip]))) as [
    Map<string, BegunClip>,
    Map<string, BegunClip>,
  ];
  const gone = before.filter((clip) => !current.has(keyOf(clip)));
  const added = now.filter((clip) => !old.has(keyOf(clip)));
  const changed = comeAndGone(gone, added, counted);
  if (changed !== null) return changed;
  for (const clip of before) {
    const other = current.get(keyOf(clip)) as BegunClip;
    if (clip.content !== other.content) return `the file ${clip.name} has changed`;
    if (clip.labels.join("\n") !== other.labels.join("\n")) {
      return `${clip.name} is now labelled ${other.labels.join(", ")}, not ${clip.labels.join(", ")}`;
    }
    if (clip.split !== other.split) return `the split of ${clip.name} is now ${other.split ?? "unset"}`;
    if (clip.group !== other.group) return `the group of ${clip.name} has changed`;
  }
  const order = before.some((clip, i) => keyOf(clip) !== keyOf(now[i] as BegunClip));
  return order ? "the order of the clips has changed" : null;
}

/** What was removed and added; null if nothing was. */
function comeAndGone<T>(
  gone: readonly T[],
  added: readonly T[],
  name: (things: readonly T[]) => string,
): string | null {
  const tell = (things: readonly T[], what: string) =>
    things.length === 0 ? [] : [`${name(things)} ${things.length === 1 ? "is" : "are"} ${what}`];
  const words = [...tell(gone, "gone"), ...tell(added, "new")];
  return words.length === 0 ? null : words.join(", ");
}

function nouns(items: readonly unknown[], noun: string): string {
  return items.length === 1 ? `the ${noun}` : `the ${noun}es`;
}

function listed(labels: readonly string[]): string {
  return labels.length > 3 ? `${labels.slice(0, 3).join(", ")} and ${labels.length - 3} more` : labels.join(" and ");
}

function counted(clips: readonly BegunClip[]): string {
  const first = clips[0]?.name ?? "";
  return clips.length === 1 ? first : `${first} and ${clips.length - 1} more`;
}

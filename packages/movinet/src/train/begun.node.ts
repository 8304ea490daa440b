/** What a training was begun with: a saved state only fits the same classes, clips and model. Plain data. */
import { createHash } from "node:crypto";
import type { Dataset, Sample } from "../data/dataset.ts";
import type { ContentHashes } from "./learned.node.ts";

export interface Begun {
  /** SHA-256 of the file of the model that it began with. */
  readonly model: string;
  readonly classes: readonly string[];
  readonly clips: readonly BegunClip[];
}

interface BegunClip extends Pick<Sample, "name" | "split" | "group" | "start" | "end"> {
  /** SHA-256 of the file; null where it cannot be read. */
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

/** What is not as it was, as words that follow a colon; null where all is. */
export function differenceOf(before: Begun, now: Begun): string | null {
  if (before.model !== now.model) return "the model that it began with is another one now";
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
    if (clip.content !== other.content) return `${clip.name} is another file now`;
    if (clip.labels.join("\n") !== other.labels.join("\n")) {
      return `${clip.name} is labelled ${other.labels.join(", ")} now, not ${clip.labels.join(", ")}`;
    }
    if (clip.split !== other.split) return `${clip.name} is for ${other.split ?? "any part"} now`;
    if (clip.group !== other.group) return `${clip.name} is of another group now`;
  }
  const order = before.some((clip, i) => keyOf(clip) !== keyOf(now[i] as BegunClip));
  return order ? "its clips are in another order" : null;
}

/** Which things are gone and which are new; null where none is. */
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

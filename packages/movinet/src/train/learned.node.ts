/** The clips used to train a model, recorded in its card, so that nobody tests it on them. */
import { createHash } from "node:crypto";
import { MovinetError } from "../common/errors.ts";
import type { ClipView } from "../data/clip.ts";
import type { ClipCache, FillOptions } from "../data/clip-cache.node.ts";
import type { Sample } from "../data/dataset.ts";
import type { Card, LearnedClips } from "../model/card.ts";

/** SHA-256 of a file's content by its path, in hexadecimal; unreadable files are omitted. */
export type ContentHashes = ReadonlyMap<string, string>;

/** SHA-256 of a clip's decoded frames in one view, by {@link stretchOf}; clips that cannot be cached are omitted. */
export type PictureHashes = ReadonlyMap<string, string>;

/** The identity of a clip: its file under any name, and its frames in any container. */
export interface ClipHashes {
  readonly files: ContentHashes;
  readonly pictures: PictureHashes;
}

/** The part of a file that a sample covers. */
export function stretchOf({ file, start, end }: Pick<Sample, "file" | "start" | "end">): string {
  return JSON.stringify([file, start, end]);
}

export interface ContentHashOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called after each file. */
  readonly onFile?: ((done: number, total: number) => void) | undefined;
}

/** Hashes the files of samples. Throws the signal's reason. */
export async function contentHashes(
  samples: readonly Sample[],
  cache: ClipCache,
  { signal, onFile }: ContentHashOptions = {},
): Promise<ContentHashes> {
  const files = Map.groupBy(samples, ({ file }) => file);
  const hashes = new Map<string, string>();
  let done = 0;
  for (const [file, [sample]] of files) {
    signal?.throwIfAborted();
    try {
      hashes.set(file, await cache.contentHash(sample as Sample, signal));
    } catch (error) {
      if (!(error instanceof MovinetError)) throw error;
    }
    onFile?.(++done, files.size);
  }
  return hashes;
}

/** Decodes samples into the cache, and hashes their frames. Throws what {@link ClipCache.fill} throws. */
export async function pictureHashes(
  samples: readonly Sample[],
  view: ClipView,
  cache: ClipCache,
  { signal, onClip }: Pick<FillOptions, "signal" | "onClip"> = {},
): Promise<PictureHashes> {
  const { usable } = await cache.fill(samples, view, { signal, onClip });
  const hashes = new Map<string, string>();
  for (const sample of usable) {
    const { data } = await cache.read(sample, view, signal);
    hashes.set(stretchOf(sample), createHash("sha256").update(data).digest("hex"));
  }
  return hashes;
}

/** The record in a card of the samples used for training, together with those of the starting model. */
export function noteLearned(samples: readonly Sample[], hashes: ClipHashes, before: LearnedClips | null): LearnedClips {
  const files = samples.flatMap((sample) => printsOf(sample, hashes));
  const groups = groupsOf(samples).map(printOf);
  return {
    files: sorted([...(before?.files ?? []), ...files]),
    groups: sorted([...(before?.groups ?? []), ...groups]),
  };
}

function printsOf(sample: Sample, { files, pictures }: ClipHashes): readonly string[] {
  const hashes = [files.get(sample.file), pictures.get(stretchOf(sample))];
  return hashes.flatMap((hash) => hash?.slice(0, digits) ?? []);
}

/** Samples that a model may already know. */
export interface SeenSamples {
  /** Its training used their files, or others from their groups. */
  readonly seen: ReadonlySet<Sample>;
  /** Names of groups that its training also used, without any of these files: perhaps different ones. */
  readonly likeNamed: readonly string[];
}

/**
 * Finds the samples that a model must not be tested on. Groups are compared by name if the model knows at least one
 * file: otherwise the same names may mean other people.
 */
export function findSeen(samples: readonly Sample[], hashes: ClipHashes, learned: LearnedClips | null): SeenSamples {
  const files = new Set(learned?.files);
  const groups = new Set(learned?.groups);
  const known = samples.filter((sample) => printsOf(sample, hashes).some((print) => files.has(print)));
  const likeNamed = groupsOf(samples).filter((group) => groups.has(printOf(group)));
  if (known.length === 0) return { seen: new Set(), likeNamed };
  const tainted = new Set([...likeNamed, ...known.flatMap(({ group }) => group ?? [])]);
  const direct = new Set(known);
  const seen = samples.filter((sample) => direct.has(sample) || (sample.group !== null && tainted.has(sample.group)));
  return { seen: new Set(seen), likeNamed: [] };
}

/** Hexadecimal digits of a hash in a card. */
const digits = 16;

/**
 * Whether a model was trained from another one without a record of the clips, as by an older version: any clip may be
 * among them. A third-party model without any record counts as a base model.
 */
export function hasUnknownPast({ learned, source }: Pick<Card, "learned" | "source">): boolean {
  return learned === null && (source?.startsWith("trained from ") ?? false);
}

function groupsOf(samples: readonly Sample[]): readonly string[] {
  return [...new Set(samples.flatMap(({ group }) => group ?? []))];
}

function printOf(group: string): string {
  return createHash("sha256").update(group.normalize("NFC")).digest("hex").slice(0, digits);
}

function sorted(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}

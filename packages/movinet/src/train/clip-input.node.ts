/** The source of a lane's clips. */
import { readFile } from "node:fs/promises";
import type { Random } from "../common/random.ts";
import { type AugmentRecipe, augmentClip, centreCrop } from "../data/augment.ts";
import type { ClipView } from "../data/clip.ts";
import { ClipCache } from "../data/clip-cache.node.ts";
import type { Sample } from "../data/dataset.ts";
import { middleClipTimes, randomClipTimes } from "../data/sample-time.ts";
import type { CardFit } from "../model/card.ts";

export type ClipInput = VideoInput | TensorInput | CustomInput;

/** A clip of a video, from the cache. */
export interface VideoInput {
  readonly kind: "video";
  readonly sample: Sample;
  /** Its form in the cache: whole pictures. */
  readonly view: ClipView;
  /** The cache's folder. */
  readonly folder: string;
  readonly frames: number;
  /** Frames per second of the model. */
  readonly fps: number;
  readonly target: { readonly width: number; readonly height: number; readonly fit: CardFit };
  /** Its augmentation; null: the middle of the video, as in evaluation. */
  readonly recipe: AugmentRecipe | null;
}

/** Float32 numbers in a file, in the network's input format. */
export interface TensorInput {
  readonly kind: "tensor";
  readonly file: string;
}

/** A custom module: its `loadClip` fills the network's input. */
export interface CustomInput {
  readonly kind: "custom";
  /** URL of the module. */
  readonly module: string;
  /** The first argument of its `loadClip`, as plain data. */
  readonly options: unknown;
}

interface ClipModule {
  loadClip(options: unknown, random: Random, out: Float32Array): Promise<void>;
}

const caches = new Map<string, ClipCache>();

/** Fills the network's input, `[frames, H, W, C]`. Throws what {@link ClipCache.read} throws. */
export async function loadClip(input: ClipInput, random: Random, out: Float32Array): Promise<void> {
  if (input.kind === "tensor") {
    const bytes = await readFile(input.file);
    if (bytes.byteLength !== out.byteLength) throw new Error(`internal: ${input.file} has another size`);
    out.set(new Float32Array(bytes.buffer, bytes.byteOffset, out.length));
    return;
  }
  if (input.kind === "custom") {
    const { loadClip: load } = (await import(input.module)) as ClipModule;
    return load(input.options, random, out);
  }
  const { sample, view, folder, frames, fps, target, recipe } = input;
  const cache = caches.get(folder) ?? new ClipCache({ folder });
  caches.set(folder, cache);
  const clip = await cache.read(sample, view);
  const wanted = { frames, fps };
  if (recipe === null) centreCrop(clip, middleClipTimes(clip, wanted), target, target.fit, out);
  else augmentClip(clip, randomClipTimes(clip, wanted, random, recipe.speed), target, recipe, random, out);
}

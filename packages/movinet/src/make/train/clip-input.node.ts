/** What a lane reads its clips from. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CardFit } from "../../model/card.ts";
import { writeWhole } from "../../write.node.ts";
import { type AugmentRecipe, augmentClip, centreCrop } from "../data/augment.ts";
import type { ClipView } from "../data/clip.ts";
import { ClipCache } from "../data/clip-cache.node.ts";
import type { Sample } from "../data/dataset.ts";
import { middleClipTimes, randomClipTimes } from "../data/sample-time.ts";
import type { Random } from "../random.ts";
import type { CameraMotionLabel } from "../synth/labels.ts";
import { renderCameraMotion } from "../synth/render.ts";
import { type Symmetry, showUnder } from "../synth/symmetry.ts";

export type ClipInput = VideoInput | TensorInput | MotionInput;

/** A clip of a video, from the cache. */
export interface VideoInput {
  readonly kind: "video";
  readonly sample: Sample;
  /** How the cache keeps it: whole pictures. */
  readonly view: ClipView;
  /** The cache's folder. */
  readonly folder: string;
  readonly frames: number;
  /** Frames a second that the model sees. */
  readonly fps: number;
  readonly target: { readonly width: number; readonly height: number; readonly fit: CardFit };
  /** How it is varied; null: the middle of the video as evaluation sees it. */
  readonly recipe: AugmentRecipe | null;
}

/** Float32 numbers in a file, as they go into the network. */
export interface TensorInput {
  readonly kind: "tensor";
  readonly file: string;
}

/** A generated clip of a camera's motion, kept in a folder when it is first asked for. */
export interface MotionInput {
  readonly kind: "camera motion";
  readonly folder: string;
  readonly label: CameraMotionLabel;
  readonly seed: string;
  readonly frames: number;
  /** Pixels of a side. */
  readonly side: number;
  readonly fps: number;
  /** How it is shown; null: as it is. */
  readonly symmetry: Symmetry | null;
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
  if (input.kind === "camera motion") return loadMotion(input, random, out);
  const { sample, view, folder, frames, fps, target, recipe } = input;
  const cache = caches.get(folder) ?? new ClipCache({ folder });
  caches.set(folder, cache);
  const clip = await cache.read(sample, view);
  const wanted = { frames, fps };
  if (recipe === null) centreCrop(clip, middleClipTimes(clip, wanted), target, target.fit, out);
  else augmentClip(clip, randomClipTimes(clip, wanted, random, recipe.speed), target, recipe, random, out);
}

const asItIs: Symmetry = { transpose: false, mirror: false, flip: false, reverse: false };

async function loadMotion(input: MotionInput, random: Random, out: Float32Array): Promise<void> {
  const { folder, label, seed, frames, side, fps, symmetry } = input;
  const file = join(folder, `${label.replace(" ", "-")}-${seed}.rgb`);
  let data: Uint8Array | null = await readFile(file).catch(() => null);
  if (!data) {
    data = renderCameraMotion({ label, seed, width: side, height: side, frames, fps });
    await writeWhole(file, data);
  }
  const order = symmetry ? random.shuffle([0, 1, 2]) : [0, 1, 2];
  const inverted = symmetry !== null && random.chance(0.2);
  const tables = order.map((from) => {
    const gain = symmetry ? random.between(0.8, 1.2) : 1;
    const values = Float32Array.from({ length: 256 }, (_, v) => Math.min(1, (gain * (inverted ? 255 - v : v)) / 255));
    return { from, values };
  });
  showUnder(symmetry ?? asItIs, data, side, tables, out);
}

/** Clips for the training lanes: generated, and kept in a folder after first use. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Random } from "../../movinet/src/common/random.ts";
import { writeWhole } from "../../movinet/src/common/write.node.ts";
import type { CameraMotionLabel } from "../../movinet/src/synth/camera.ts";
import { renderCameraMotion } from "../../movinet/src/synth/render.ts";
import type { CustomInput } from "../../movinet/src/train/clip-input.node.ts";

interface MotionClip {
  readonly folder: string;
  readonly label: CameraMotionLabel;
  readonly seed: string;
  readonly frames: number;
  /** Pixels per side. */
  readonly side: number;
  readonly fps: number;
  /** Its transformation; null: none. */
  readonly symmetry: Symmetry | null;
}

export function motionInput(options: MotionClip): CustomInput {
  return { kind: "custom", module: import.meta.url, options };
}

const asItIs: Symmetry = { transpose: false, mirror: false, flip: false, reverse: false };

export async function loadClip(options: unknown, random: Random, out: Float32Array): Promise<void> {
  const { folder, label, seed, frames, side, fps, symmetry } = options as MotionClip;
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

/** A transformation of a clip into another one with a known label: mirrored, rotated by quarter turns, reversed. */
export interface Symmetry {
  /** Swap rows and columns, first of all. */
  readonly transpose: boolean;
  /** Mirror left to right. */
  readonly mirror: boolean;
  /** Mirror top to bottom. */
  readonly flip: boolean;
  /** Reverse the frames. */
  readonly reverse: boolean;
}

const opposites: Partial<Record<CameraMotionLabel, CameraMotionLabel>> = {
  "pan left": "pan right",
  "pan right": "pan left",
  "tilt up": "tilt down",
  "tilt down": "tilt up",
  "zoom in": "zoom out",
  "zoom out": "zoom in",
  "roll clockwise": "roll anticlockwise",
  "roll anticlockwise": "roll clockwise",
};

/** Swapping rows and columns turns leftward motion into upward motion: panning right looks like tilting down. */
const transposed: Partial<Record<CameraMotionLabel, CameraMotionLabel>> = {
  "pan left": "tilt up",
  "tilt up": "pan left",
  "pan right": "tilt down",
  "tilt down": "pan right",
  "roll clockwise": "roll anticlockwise",
  "roll anticlockwise": "roll clockwise",
};

/** The label of a clip after a transformation. */
export function labelUnder(
  { transpose, mirror, flip, reverse }: Symmetry,
  label: CameraMotionLabel,
): CameraMotionLabel {
  let seen = transpose ? (transposed[label] ?? label) : label;
  const turns = (what: string) => seen.startsWith(what);
  if (mirror && (turns("pan") || turns("roll"))) seen = opposites[seen] ?? seen;
  if (flip && (turns("tilt") || turns("roll"))) seen = opposites[seen] ?? seen;
  return reverse ? (opposites[seen] ?? seen) : seen;
}

/**
 * Transforms square pictures `[frames, side, side, 3]` to numbers in 0..1. `tables` gives, for each colour of the
 * result, its source colour and the mapping of its 256 values.
 */
export function showUnder(
  { transpose, mirror, flip, reverse }: Symmetry,
  data: Uint8Array,
  side: number,
  tables: readonly { readonly from: number; readonly values: Float32Array }[],
  out: Float32Array,
): void {
  const frames = data.length / (3 * side * side);
  const [alongX, alongY] = transpose ? [3 * side, 3] : [3, 3 * side];
  let to = 0;
  for (let t = 0; t < frames; t++) {
    const start = (reverse ? frames - 1 - t : t) * 3 * side * side;
    for (let y = 0; y < side; y++) {
      const row = start + (flip ? side - 1 - y : y) * alongY;
      for (let x = 0; x < side; x++) {
        const pixel = row + (mirror ? side - 1 - x : x) * alongX;
        for (const { from, values } of tables) out[to++] = values[data[pixel + from] as number] as number;
      }
    }
  }
}

/** What the training's lanes read: generated clips, kept in a folder when they are first asked for. */
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
  /** Pixels of a side. */
  readonly side: number;
  readonly fps: number;
  /** How it is shown; null: as it is. */
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

/** A way to show a clip again, as another clip of a known label: mirrored, turned by quarters, backwards. */
export interface Symmetry {
  /** Rows become columns, first of all. */
  readonly transpose: boolean;
  /** Left becomes right. */
  readonly mirror: boolean;
  /** Top becomes bottom. */
  readonly flip: boolean;
  /** The last frame comes first. */
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

/** In a transposed picture a scene that moved left moves up: panning right looks like tilting down. */
const transposed: Partial<Record<CameraMotionLabel, CameraMotionLabel>> = {
  "pan left": "tilt up",
  "tilt up": "pan left",
  "pan right": "tilt down",
  "tilt down": "pan right",
  "roll clockwise": "roll anticlockwise",
  "roll anticlockwise": "roll clockwise",
};

/** The label of a clip that is shown so. */
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
 * Shows square pictures `[frames, side, side, 3]` so, as numbers in 0..1. `tables` gives, for each colour of the result,
 * which colour it shows and what becomes of its 256 values.
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

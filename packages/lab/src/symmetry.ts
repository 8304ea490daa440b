import type { CameraMotionLabel } from "../../movinet/src/synth/labels.ts";

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

/** What the training's lanes read: generated clips, kept in a folder when they are first asked for. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Random } from "../../movinet/src/common/random.ts";
import { writeWhole } from "../../movinet/src/common/write.node.ts";
import type { CameraMotionLabel } from "../../movinet/src/synth/labels.ts";
import { renderCameraMotion } from "../../movinet/src/synth/render.ts";
import type { CustomInput } from "../../movinet/src/train/clip-input.node.ts";
import { type Symmetry, showUnder } from "./symmetry.ts";

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

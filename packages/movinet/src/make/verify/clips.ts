import type { Spec } from "../../model/arch/spec.ts";
import type { CameraMotionLabel } from "../synth/labels.ts";
import { cameraMotionFrames } from "../synth/render.ts";
import { planScene } from "../synth/scene.ts";

/** Frames of a clip, `[3, H, W]` each, RGB in 0..1. */
export type Frames = readonly Float32Array[];

/** Frames of the clips on which a stream is compared: the first frame, filling buffers, and full ones. */
export const streamLengths: readonly number[] = [1, 2, 3, 5, 5, 5, 5, 8];

/** Clips on which a network is compared that sees a fixed number of frames. */
const clipsOfWindow = 4;

export function windowLengths(frames: number): readonly number[] {
  return new Array<number>(clipsOfWindow).fill(frames);
}

const motions: readonly CameraMotionLabel[] = [
  "pan left",
  "tilt up",
  "zoom in",
  "pan right",
  "roll clockwise",
  "tilt down",
  "zoom out",
];

/**
 * Generated clips of these lengths, each of a camera that moves through a scene of its own. A frame is taken each second, so
 * that a clip changes from frame to frame as much as a network's answer needs to show whether it sees time. The scenes are
 * those on which the answers of Google's A0 differ most (docs/decisions.md).
 */
export function sceneClips(
  { resolution: { height, width } }: Pick<Spec, "resolution">,
  lengths: readonly number[],
): Frames[] {
  return lengths.map((frames, i) => {
    const seed = `verify/1/${i}`;
    const clip = {
      label: motions[i % motions.length] as CameraMotionLabel,
      seed,
      width,
      height,
      frames,
      fps: 1,
      compress: false,
      scene: planScene(seed, Math.max(width, height) / 2),
    };
    return Array.from(cameraMotionFrames(clip), (bytes) => planes(bytes, height * width));
  });
}

/** Bytes `[H, W, 3]` → `[3, H, W]` in 0..1. */
function planes(bytes: Uint8Array, pixels: number): Float32Array {
  const out = new Float32Array(3 * pixels);
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < 3; c++) out[c * pixels + i] = (bytes[3 * i + c] as number) / 255;
  }
  return out;
}

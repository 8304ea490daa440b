import type { Spec } from "../arch/spec.ts";
import type { CameraMotionLabel } from "../synth/camera.ts";
import { type CameraMotionClip, cameraMotionFrames } from "../synth/render.ts";
import { planScene } from "../synth/scene.ts";

/** Frames of a clip, `[3, H, W]` each, RGB in 0..1. */
export type Frames = readonly Float32Array[];

/** Frames of the clips for comparing a stream: the first frame, filling buffers, and full ones. */
export const streamLengths: readonly number[] = [1, 2, 5, 5, 5, 5, 5, 8];

/** Clips for comparing a network that takes a fixed number of frames. */
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

/** The scenes before and after a clip's cut. */
const cut = 3;

/**
 * Generated clips of these lengths, each from a camera moving through one scene and, from the middle on, through
 * another. One frame per second. Cut and motion make an answer depend on what came before the last frame, which shows
 * whether a network sees time; the scenes are chosen so that the answers of Google's A0 differ (docs/decisions.md).
 */
export function sceneClips({ resolution }: Pick<Spec, "resolution">, lengths: readonly number[]): Frames[] {
  const { height, width } = resolution;
  const seeds = lengths.map((_, i) => `verify/5/${i}`);
  const scenes = seeds.map((seed) => planScene(seed, Math.max(width, height) / 2));
  const shoot = (index: number, frames: number): Float32Array[] => {
    if (frames === 0) return [];
    const i = index % scenes.length;
    const what = { label: motions[i % motions.length], seed: seeds[i], scene: scenes[i] } as SceneChoice;
    const clip = { ...what, width, height, frames, fps: 1, compress: false };
    return Array.from(cameraMotionFrames(clip), (bytes) => planes(bytes, height * width));
  };
  return lengths.map((frames, i) => {
    const before = Math.ceil(frames / 2);
    return [...shoot(i, before), ...shoot(i + cut, frames - before)];
  });
}

type SceneChoice = Pick<Required<CameraMotionClip>, "label" | "seed" | "scene">;

/** Bytes `[H, W, 3]` → `[3, H, W]` in 0..1. */
function planes(bytes: Uint8Array, pixels: number): Float32Array {
  const out = new Float32Array(3 * pixels);
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < 3; c++) out[c * pixels + i] = (bytes[3 * i + c] as number) / 255;
  }
  return out;
}

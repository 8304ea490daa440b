/** The built-in sample: camera motions in generated scenes. It is made when the app is built. */
import { mkdirSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { CameraMotionLabel } from "../../packages/movinet/src/synth/camera.ts";
import { encodeVideo } from "../../packages/movinet/src/synth/encode.node.ts";
import { cameraMotionFrames } from "../../packages/movinet/src/synth/render.ts";

/** Scenes that look good, by seed, and the motion of the camera in each. */
const scenes: readonly (readonly [seed: string, label: CameraMotionLabel])[] = [
  ["9", "pan right"],
  ["8", "zoom in"],
  ["3", "tilt up"],
  ["6", "roll clockwise"],
  ["31", "zoom out"],
  ["9", "pan left"],
];
const secondsOfScene = 3;

const [width, height, fps] = [640, 360, 20];

function* frames(): Generator<Uint8Array, void> {
  for (const [seed, label] of scenes) {
    const clip = { label, seed, width, height, fps, frames: secondsOfScene * fps };
    yield* cameraMotionFrames({ ...clip, aspect: width / height, compress: false });
  }
}

/** Makes the sample if it is missing or older than this file: an MP4 of 640 × 360 pixels, 20 frames a second. */
export function ensureSample(): void {
  const file = fileURLToPath(new URL("generated/sample.mp4", import.meta.url));
  const timeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (timeOf(file) >= timeOf(fileURLToPath(import.meta.url))) return;
  mkdirSync(dirname(file), { recursive: true });
  const aside = `${file}.${process.pid}.mp4`;
  encodeVideo(aside, frames(), { width, height, fps, quality: 29, keyEvery: secondsOfScene * fps });
  renameSync(aside, file);
}

import { writeFileSync } from "node:fs";
import type { CameraMotionLabel } from "../../../packages/movinet/src/synth/camera.ts";
import { writeYuv420 } from "../../../packages/movinet/src/synth/encode.node.ts";
import { cameraMotionFrames } from "../../../packages/movinet/src/synth/render.ts";

/** Writes what Chromium's fake camera plays over and over: a camera that moves, as YUV4MPEG2 of 320 × 180 pixels. */
export function writeY4m(file: string, label: CameraMotionLabel, seconds: number): void {
  const [width, height, fps] = [320, 180, 20];
  const parts: Uint8Array[] = [Buffer.from(`YUV4MPEG2 W${width} H${height} F${fps}:1 Ip A1:1 C420jpeg\n`)];
  const clip = { label, seed: "9", width, height, fps, frames: seconds * fps };
  for (const rgb of cameraMotionFrames({ ...clip, aspect: width / height, compress: false })) {
    const luma = { data: new Uint8Array(width * height), stride: width };
    const [blue, red] = [0, 1].map(() => ({ data: new Uint8Array((width * height) / 4), stride: width / 2 }));
    writeYuv420(rgb, width, height, [luma, blue as typeof luma, red as typeof luma]);
    parts.push(Buffer.from("FRAME\n"), luma.data, (blue as typeof luma).data, (red as typeof luma).data);
  }
  writeFileSync(file, Buffer.concat(parts));
}

/** What Chromium's fake camera plays over and over: YUV4MPEG2. */
import { closeSync, openSync, writeSync } from "node:fs";
import { openVideo } from "movinet/video";
import type { CameraMotionLabel } from "../../../packages/movinet/src/synth/camera.ts";
import { writeYuv420 } from "../../../packages/movinet/src/synth/encode.node.ts";
import { cameraMotionFrames } from "../../../packages/movinet/src/synth/render.ts";

interface Shape {
  /** Pixels, even. */
  readonly width: number;
  /** Pixels, even. */
  readonly height: number;
  readonly fps: number;
}

/** A camera that moves, 320 × 180 pixels, 20 frames a second. */
export function writeY4m(file: string, label: CameraMotionLabel, seconds: number): void {
  const shape = { width: 320, height: 180, fps: 20 };
  const clip = { label, seed: "9", ...shape, frames: seconds * shape.fps };
  const writer = openY4m(file, shape);
  for (const rgb of cameraMotionFrames({ ...clip, aspect: shape.width / shape.height, compress: false })) {
    writer.write(rgb);
  }
  writer.close();
}

/** The first seconds of each of these videos, one after the other, cropped to this shape. */
export async function writeVideosAsY4m(file: string, videos: readonly string[], shape: Shape, seconds: number) {
  const { fps, width, height } = shape;
  const writer = openY4m(file, shape);
  for (const video of videos) {
    const frames = openVideo(video, { fps, end: seconds, size: { width, height, fit: "crop" } });
    for await (const { data } of frames) writer.write(data);
  }
  writer.close();
}

function openY4m(file: string, { width, height, fps }: Shape) {
  const target = openSync(file, "w");
  writeSync(target, `YUV4MPEG2 W${width} H${height} F${fps}:1 Ip A1:1 C420jpeg\n`);
  const luma = { data: new Uint8Array(width * height), stride: width };
  const blue = { data: new Uint8Array((width * height) / 4), stride: width / 2 };
  const red = { data: new Uint8Array((width * height) / 4), stride: width / 2 };
  return {
    write(rgb: Uint8Array): void {
      writeYuv420(rgb, width, height, [luma, blue, red]);
      writeSync(target, "FRAME\n");
      for (const { data } of [luma, blue, red]) writeSync(target, data);
    },
    close: () => closeSync(target),
  };
}

/** Videos of a camera that moves, in any codec and of any shape. */
import { AVCOL_RANGE_MPEG, AVCOL_SPC_SMPTE170M } from "node-av/constants";
import type { CameraMotionLabel } from "../../src/synth/camera.ts";
import { writeYuv420, type YuvPlane } from "../../src/synth/encode.node.ts";
import { cameraMotionFrames } from "../../src/synth/render.ts";
import type { MadeVideo } from "./make-video.ts";

export interface MotionVideo {
  readonly label: CameraMotionLabel;
  readonly fps: number;
  readonly count: number;
  /** Default 160 × 120. */
  readonly width?: number;
  readonly height?: number;
  /** Name of FFmpeg's encoder. Default libvpx, which every Chromium plays. */
  readonly codec?: string;
}

/** A clip for `makeVideo`. */
export function motionVideo({
  label,
  fps,
  count,
  width = 160,
  height = 120,
  codec = "libvpx",
}: MotionVideo): MadeVideo {
  const clip = { label, seed: "1", width, height, frames: count, fps, aspect: width / height, compress: false };
  const pictures = [...cameraMotionFrames(clip)];
  return {
    ...{ codec, count, fps, width, height, encoderOptions: { b: "2M" } },
    encoder: (encoder) => Object.assign(encoder, { colorSpace: AVCOL_SPC_SMPTE170M, colorRange: AVCOL_RANGE_MPEG }),
    picture({ data, linesize }, i) {
      const plane = (p: number): YuvPlane => ({ data: (data as Buffer[])[p] as Buffer, stride: linesize[p] as number });
      writeYuv420(pictures[i] as Uint8Array, width, height, [plane(0), plane(1), plane(2)]);
    },
  };
}

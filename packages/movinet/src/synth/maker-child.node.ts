/**
 * The process that renders and encodes clips for {@link makeCameraMotion}: each request is a {@link MakerJob}. This
 * keeps FFmpeg's libraries out of the caller's process, and several can work concurrently.
 */
import { AV_LOG_ERROR } from "node-av/constants";
import { Log } from "node-av/lib";
import { answerParent } from "../common/child.node.ts";
import type { CameraMotionLabel } from "./camera.ts";
import { type EncodeOptions, encodeVideo } from "./encode.node.ts";
import { cameraMotionFrames } from "./render.ts";

export interface MakerJob extends EncodeOptions {
  readonly file: string;
  readonly label: CameraMotionLabel;
  readonly seed: string;
  readonly frames: number;
}

Log.setLevel(AV_LOG_ERROR);
answerParent((job: MakerJob) => {
  const aspect = job.width / job.height;
  encodeVideo(job.file, cameraMotionFrames({ ...job, aspect, compress: false }), job);
});

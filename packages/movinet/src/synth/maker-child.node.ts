/**
 * The process that renders and encodes clips for {@link makeCameraMotion}: each message is a {@link MakerJob}, each answer
 * a {@link MakerAnswer}. FFmpeg's libraries stay out of the process of their user, and several work at a time.
 */
import { AV_LOG_ERROR } from "node-av/constants";
import { Log } from "node-av/lib";
import type { CameraMotionLabel } from "./camera.ts";
import { type EncodeOptions, encodeVideo } from "./encode.node.ts";
import { cameraMotionFrames } from "./render.ts";

export interface MakerJob extends EncodeOptions {
  readonly file: string;
  readonly label: CameraMotionLabel;
  readonly seed: string;
  readonly frames: number;
}

/** What went wrong, or null. */
export interface MakerAnswer {
  readonly error: string | null;
}

// An interrupt from the keyboard reaches every process: what it means is for the parent to say.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit(0));
Log.setLevel(AV_LOG_ERROR);
process.on("message", (job: MakerJob) => {
  let error: string | null = null;
  try {
    const aspect = job.width / job.height;
    encodeVideo(job.file, cameraMotionFrames({ ...job, aspect, compress: false }), job);
  } catch (cause) {
    error = (cause as Error).message;
  }
  process.send?.({ error } satisfies MakerAnswer);
});

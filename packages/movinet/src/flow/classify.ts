import type { SessionSource } from "../session/program.ts";
import { abortable, type Frame } from "../video/frame.ts";
import { checkFramesOptions } from "./check-input.ts";
import { classifyStream } from "./classify-stream.ts";
import { classifyWindows } from "./classify-windows.ts";
import type { FrameResult, FramesOptions } from "./frame-result.ts";

/**
 * Classifies a video frame by frame. A stream model gives a result after every frame; a base model after every window
 * of the length in its card, with the mean over the windows so far (a final window shorter than half is dropped,
 * unless it is the only one). Sample `frames` at the card's frame rate; other sizes than the model's are resized.
 * Leaving the loop ends the iteration of `frames` and disposes the session. Throws what `frames` throws, after the
 * results for the frames before, and {@link ModelError} (`E_MODEL_LOGITS`).
 */
export async function* classifyFrames(
  frames: AsyncIterable<Frame>,
  program: SessionSource,
  { recent = false, answers = "each", fit = program.model.card.input.fit, signal }: FramesOptions = {},
): AsyncGenerator<FrameResult> {
  checkFramesOptions({ fit, recent, answers });
  const flow = program.model.spec.mode === "stream" ? classifyStream : classifyWindows;
  yield* flow(signal ? abortable(frames, signal) : frames, program, { recent, answers, fit });
}

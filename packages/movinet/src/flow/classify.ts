import type { SessionSource } from "../session/program.ts";
import { abortable, type Frame } from "../video/frame.ts";
import { checkFramesOptions } from "./check-input.ts";
import { classifyStream } from "./classify-stream.ts";
import { classifyWindows } from "./classify-windows.ts";
import type { FrameResult, FramesOptions } from "./frame-result.ts";

/**
 * Names the action in a video, frame by frame. A stream model answers after every frame; a base model after every
 * window of its card's length, with the mean over the windows so far (a last window shorter than half is left out,
 * unless it is the only one). `frames` should be sampled at the card's frame rate; pictures of another size than the
 * model's are resized. Leaving the loop ends the iteration of `frames` and disposes of the session. Throws what `frames`
 * throws, after the results of what came before, and {@link ModelError} (`E_MODEL_LOGITS`).
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

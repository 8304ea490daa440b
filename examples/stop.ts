/** Stops at the first confident answer, or after ten seconds: `node stop.ts https://example.org/clip.mp4 model.tflite`. */
import { MovinetError, open } from "movinet";

const [clip = "clip.mp4", model = "a0-stream"] = process.argv.slice(2);
try {
  await using recognizer = await open(model);
  for await (const { predictions } of recognizer.classify(clip, { top: 1, signal: AbortSignal.timeout(10_000) })) {
    const [best] = predictions;
    if (best && best.score > 0.5) {
      console.log(best.label);
      break; // frees the decoder
    }
  }
} catch (error) {
  if (!(error instanceof MovinetError)) throw error;
  console.error(`${error.code}: ${error.message}`); // E_VIDEO_NOT_FOUND: clip.mp4: no such file. …
  process.exitCode = 1;
}

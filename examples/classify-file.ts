/** Names the action in a video file: `node classify-file.ts clip.mp4 model.tflite`. */
import { open } from "movinet";

const [clip = "clip.mp4", model = "a0-stream"] = process.argv.slice(2);
await using recognizer = await open(model);
for await (const { time, predictions } of recognizer.classify(clip)) {
  const best = predictions.slice(0, 2).map(({ label, score }) => `${label} ${(100 * score).toFixed(1)} %`);
  console.log(`${time.toFixed(1)} s: ${best.join(", ")}`);
}

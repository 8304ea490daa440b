/** Classifies frames that you generate or capture yourself, without decoding a video: `node own-frames.ts model.tflite`. */
import { type Frame, open } from "movinet";

await using recognizer = await open(process.argv[2]);
const { fps } = recognizer.card;

/** Two seconds of a bar moving to the right. Frames may have any size; they are resized. */
async function* drawBar(): AsyncGenerator<Frame> {
  const [width, height] = [96, 64];
  for (let k = 0; k < 2 * fps; k++) {
    const data = new Uint8Array(width * height * 3); // RGB, row by row
    for (let y = 0; y < height; y++) data.fill(255, (y * width + 4 * k) * 3, (y * width + 4 * k + 8) * 3);
    yield { data, width, height, timestamp: k / fps };
  }
}

let last = "";
for await (const { time, predictions } of recognizer.classify(drawBar(), { top: 1 })) {
  last = `${time.toFixed(1)} s: ${predictions[0]?.label}`;
}
console.log(last);

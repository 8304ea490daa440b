/**
 * Runs a stream frame by frame, saves its state, and restores it later, elsewhere or twice:
 * `node live-stream.ts model.tflite`.
 */
import { open, type Picture } from "movinet";

const [width, height] = [160, 120];
const next = (): Picture => {
  const data = Uint8Array.from({ length: 3 * width * height }, () => 256 * Math.random()); // your camera: RGB, row by row
  return { data, width, height };
};

await using recognizer = await open(process.argv[2], { threads: 1 });
await using stream = await recognizer.stream({ top: 1 });
for (let frame = 0; frame < 5; frame++) {
  const { predictions } = await stream.step(next());
  console.log(frame, predictions[0]?.label);
}

const state = await stream.snapshot(); // plain data: store it, send it, or keep it while the camera is off
const picture = next();
const first = await stream.step(picture);
await stream.restore(state);
const again = await stream.step(picture);
console.log(`the same after restore: ${first.scores.every((score, c) => score === again.scores[c])}`);

await stream.reset(); // the next frame starts a new stream

/**
 * Steps a stream frame by frame, keeps its state, and continues from it later, elsewhere or twice:
 * `node live-stream.ts model.tflite`.
 */
import { nodeEngine, openModel, Program, probabilities, topK } from "movinet";

const model = await openModel(process.argv[2]);
const { width, height } = model.card.input;
const pixels = 3 * height * width;
const next = () => Float32Array.from({ length: pixels }, Math.random); // your camera: RGB in 0..1, [3, height, width]

const program = await Program.compile(model, await nodeEngine({ threads: 1 }));
const session = await program.openStream();
try {
  for (let frame = 0; frame < 5; frame++) {
    const scores = probabilities((await session.step(next())).logits, model.card.output);
    console.log(frame, topK(scores, model.card.labels, 1)[0]?.label);
  }

  const state = await session.snapshot(); // plain data: store it, send it, keep it while the camera is off
  const picture = next();
  const first = (await session.step(picture)).logits;
  await session.restore(state);
  const again = (await session.step(picture)).logits;
  console.log(`the same after restore: ${first.every((logit, c) => logit === again[c])}`);

  await session.reset(); // the next frame begins a new stream
} finally {
  await session[Symbol.asyncDispose]();
  await program[Symbol.asyncDispose]();
}

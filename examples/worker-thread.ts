/** Computes in a worker thread, so that a server's event loop stays free: `node worker-thread.ts model.tflite`. */
import { openModel, WorkerProgram } from "movinet";

const model = await openModel(process.argv[2]);
const { width, height } = model.card.input;
let ticks = 0;
const clock = setInterval(() => ticks++, 1);

const program = await WorkerProgram.start(model, { threads: 1 });
const session = await program.openStream();
try {
  const picture = new Float32Array(3 * height * width).fill(0.5);
  for (let frame = 0; frame < 10; frame++) await session.step(picture);
  console.log(`10 frames, and the event loop ran on: ${ticks > 0}`);
} finally {
  clearInterval(clock);
  await program[Symbol.asyncDispose]();
}

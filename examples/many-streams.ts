/** Runs three cameras in one call, each with its own state and age: `node many-streams.ts model.tflite`. */
import { openModel } from "movinet/files";
import { openEngine, Program, probabilities, topK } from "movinet/session";

const streams = 3;
const model = await openModel(process.argv[2]);
const { width, height } = model.card.input;
const pixels = 3 * height * width;

const program = await Program.compile(model, await openEngine());
const session = await program.openStream({ streams });
try {
  const pictures = new Float32Array(streams * pixels); // [streams, 3, height, width]
  for (let frame = 0; frame < 4; frame++) {
    if (frame === 2) await session.reset(1); // the second camera was switched to another scene
    for (let stream = 0; stream < streams; stream++) {
      pictures.fill((stream + 1) / 4, stream * pixels, (stream + 1) * pixels);
    }
    const logits = (await session.step(pictures)).logits; // [streams, classes]
    const classes = logits.length / streams;
    const best = Array.from({ length: streams }, (_, stream) => {
      const own = logits.subarray(stream * classes, (stream + 1) * classes);
      return topK(probabilities(own, model.card.output), model.card.labels, 1)[0]?.label;
    });
    console.log(frame, best.join(" | "));
  }
} finally {
  await session[Symbol.asyncDispose]();
  await program[Symbol.asyncDispose]();
}

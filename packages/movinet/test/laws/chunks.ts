import { expect } from "vitest";
import type { SpecName } from "../../src/arch/spec.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { openWholeClip } from "../../src/session/clip-session.ts";
import { Program } from "../../src/session/program.ts";
import { distance, hashedModel, randomPictures } from "./models.ts";

const size = { height: 36, width: 44 };
const picture = 3 * size.height * size.width;

/** One clip frame by frame, in chunks, and as a whole. */
export async function checkChunks(name: SpecName, engine: Engine): Promise<void> {
  const model = hashedModel(name, { resolution: size, classes: 20 });
  const frames = 9;
  const images = randomPictures(7, frames, size.height, size.width);
  const clip = await openWholeClip(model, frames, engine);
  const whole = await clip.run(images);
  const program = await Program.compile(model, engine);
  const single = await program.openStream();
  const chunked = await program.openStream({ chunk: 4 });
  let logits = new Float32Array() as Float32Array;
  for (let t = 0; t < frames; t++) {
    logits = (await single.step(images.subarray(t * picture, (t + 1) * picture))).logits;
  }
  expect(distance(logits, whole)).toBeLessThanOrEqual(1e-4);
  expect(distance((await chunked.step(images)).logits, whole)).toBeLessThanOrEqual(1e-4);
  await program[Symbol.asyncDispose]();
  await clip[Symbol.asyncDispose]();
}

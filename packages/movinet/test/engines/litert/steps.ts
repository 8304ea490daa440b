/** Exports against the figures of the official implementation. */
import type { StreamOptions, StreamSession } from "../../../src/session/stream-session.ts";
import { allFigures, type Figures, largestDifference } from "../../golden/figures.ts";
import { hashedFrames } from "../../golden/material.ts";

export const forms = ["step", "official"] as const;

/** Every case of a stream model: all variants, every option that changes what is emitted, native resolution. */
export const streamFigures: readonly Figures[] = allFigures.filter(({ mode }) => mode === "stream");

/** The largest distance to the figures' logits, frame by frame with states fed back. Disposes of the program. */
export async function distanceToFigures(
  { shape: [, frames, height, width], logits }: Figures,
  program: { openStream(options?: StreamOptions): Promise<StreamSession> } & AsyncDisposable,
): Promise<number> {
  const picture = 3 * height * width;
  const images = hashedFrames(frames, height, width);
  const session = await program.openStream();
  let worst = 0;
  for (let t = 0; t < frames; t++) {
    const got = (await session.step(images.subarray(t * picture, (t + 1) * picture))).logits;
    const expected = logits[t];
    if (expected) worst = Math.max(worst, largestDifference(expected, got));
  }
  await session[Symbol.asyncDispose]();
  await program[Symbol.asyncDispose]();
  return worst;
}

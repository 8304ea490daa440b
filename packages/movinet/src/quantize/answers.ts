import { percentile } from "../common/percentile.ts";
import type { Sample } from "../data/dataset.ts";
import type { SessionSource } from "../session/program.ts";
import type { ClipAnswers } from "./receipt.ts";

/** The answers for whole clips, and the median time of a frame. */
export async function answersOf(
  source: SessionSource,
  samples: readonly Sample[],
  read: (sample: Sample) => AsyncIterable<Float32Array>,
  onAnswer: () => void = () => {},
): Promise<{ readonly answers: readonly ClipAnswers[]; readonly milliseconds: number }> {
  const answers: ClipAnswers[] = [];
  const times: number[] = [];
  for (const sample of samples) {
    const session = await source.openStream();
    const logits: Float32Array[] = [];
    try {
      for await (const picture of read(sample)) {
        const begun = performance.now();
        logits.push((await session.step(picture)).logits);
        times.push(performance.now() - begun);
      }
    } finally {
      await session[Symbol.asyncDispose]();
    }
    answers.push({ classes: sample.classes, logits });
    onAnswer();
  }
  return { answers, milliseconds: percentile(times, 50) };
}

import type { Sample } from "../data/dataset.ts";
import type { SessionSource } from "../session/program.ts";
import type { ClipAnswers } from "./receipt.ts";

/** The answers for whole clips. */
export async function answersOf(
  source: SessionSource,
  samples: readonly Sample[],
  read: (sample: Sample) => AsyncIterable<Float32Array>,
  onAnswer: () => void = () => {},
): Promise<readonly ClipAnswers[]> {
  const answers: ClipAnswers[] = [];
  for (const sample of samples) {
    const session = await source.openStream();
    const logits: Float32Array[] = [];
    try {
      for await (const picture of read(sample)) logits.push((await session.step(picture)).logits);
    } finally {
      await session[Symbol.asyncDispose]();
    }
    answers.push({ classes: sample.classes, logits });
    onAnswer();
  }
  return answers;
}

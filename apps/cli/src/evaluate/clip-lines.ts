/** What a model answered to each clip, as lines for other programs. */
import { MovinetError, type Prediction } from "movinet";
import { topK } from "movinet/session";
import type { ClipOutcome } from "movinet/train";
import { csvLine } from "../tables/csv.ts";

export interface ClipAnswer {
  /** Its classes by the dataset. */
  readonly truth: readonly string[];
  readonly right: boolean;
  /** Best first. */
  readonly predictions: readonly Prediction[];
}

/** The answer to a clip by names; null where it failed. */
export function answerOf({ answer }: ClipOutcome, labels: readonly string[]): ClipAnswer | null {
  if (answer === null) return null;
  const predictions = topK(answer.scores, labels, 5);
  const truth = answer.classes.map((index) => labels[index] as string);
  return { truth, right: answer.classes.includes(predictions[0]?.index ?? -1), predictions };
}

export function clipLine({ sample, error, frames, seconds }: ClipOutcome, answer: ClipAnswer | null): string {
  const source = sample.name;
  if (answer === null) {
    const code = error instanceof MovinetError ? error.code : "E_INTERNAL";
    return JSON.stringify({ type: "error", source, code, message: (error as Error).message });
  }
  const { truth, right, predictions } = answer;
  return JSON.stringify({ type: "clip", source, labels: truth, right, frames, duration: seconds, predictions });
}

export const clipHead = csvLine(["source", "truth", "label", "score", "right", "notes"]);

export function clipRow({ sample, error }: ClipOutcome, answer: ClipAnswer | null): string {
  if (answer === null) return csvLine([sample.name, null, null, null, null, (error as Error).message]);
  const [best] = answer.predictions;
  const score = best ? Number(best.score.toFixed(6)) : null;
  return csvLine([sample.name, answer.truth.join("; "), best?.label ?? null, score, answer.right ? 1 : 0, null]);
}

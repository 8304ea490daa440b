import { topK } from "../flow/predict.ts";
import type { Picture } from "../plot/plot-data.ts";
import { type Answer, judge } from "./metrics.ts";
import type { WorstClip } from "./report-data.ts";

/** Keeps the answers that were most wrong, then those that were least sure, with their pictures; and forgets the rest. */
export class WorstClips {
  readonly #labels: readonly string[];
  readonly #output: "softmax" | "sigmoid";
  readonly #most: number;
  #clips: WorstClip[] = [];

  constructor(labels: readonly string[], output: "softmax" | "sigmoid" = "softmax", most = 12) {
    this.#labels = labels;
    this.#output = output;
    this.#most = most;
  }

  add(answer: Answer, pictures: readonly Picture[] = [], aspect = 1): void {
    const { rank } = judge(answer, this.#output);
    const clip = {
      name: answer.name,
      right: rank === 1,
      truth: answer.classes.map((index) => this.#labels[index] ?? String(index)),
      score: Math.max(...answer.classes.map((index) => answer.scores[index] as number)),
      predictions: topK(answer.scores, this.#labels, 3),
      pictures,
      aspect,
    };
    this.#clips = [...this.#clips, clip]
      .sort((a, b) => Number(a.right) - Number(b.right) || a.score - b.score)
      .slice(0, this.#most);
  }

  /** The worst first; right answers only as far as there are fewer than six wrong ones. */
  get clips(): readonly WorstClip[] {
    const wrong = this.#clips.filter(({ right }) => !right).length;
    return this.#clips.slice(0, Math.max(wrong, Math.min(6, this.#most)));
  }
}

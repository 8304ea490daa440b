import type { Clip } from "../data/clip.ts";
import { topK } from "../flow/predict.ts";
import { keepsake } from "../plot/plot-data.ts";
import type { Picture } from "../video/frame.ts";
import { type Answer, judge } from "./metrics.ts";
import type { WorstClip } from "./report-data.ts";

/** Longer side of a stored picture, in pixels. */
const longestSide = 112;

/** Keeps a few small pictures, evenly distributed over a clip of unknown length. */
export class Keepsakes {
  readonly #count: number;
  readonly #kept: Picture[] = [];
  #stride = 1;
  #seen = 0;

  /** `count` pictures; 0 keeps none. */
  constructor(count: number) {
    this.#count = count;
  }

  /** Copies a small version if the picture is needed. */
  add(picture: Picture): void {
    if (this.#count === 0 || this.#seen++ % this.#stride !== 0) return;
    this.#kept.push(keepsake(picture, longestSide));
    if (this.#kept.length < 4 * this.#count) return;
    this.#stride *= 2;
    for (let i = this.#kept.length - 1; i > 0; i -= 2) this.#kept.splice(i, 1);
  }

  /** At most `count`, in order of time; the middles of as many equal parts. */
  take(): readonly Picture[] {
    const count = Math.min(this.#count, this.#kept.length);
    return Array.from({ length: count }, (_, i) => {
      return this.#kept[Math.floor(((i + 0.5) * this.#kept.length) / count)] as Picture;
    });
  }
}

/** Small pictures of a clip, evenly distributed over it. */
export function keepPictures({ data, frames, width, height }: Clip, count: number): readonly Picture[] {
  const kept = new Keepsakes(count);
  const size = width * height * 3;
  for (let t = 0; t < frames; t++) kept.add({ data: data.subarray(t * size, (t + 1) * size), width, height });
  return kept.take();
}

/** Keeps the worst answers, then the least confident ones, with their pictures, and discards the rest. */
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

  /** The worst first; correct answers only to fill up if there are fewer than six wrong ones. */
  get clips(): readonly WorstClip[] {
    const wrong = this.#clips.filter(({ right }) => !right).length;
    return this.#clips.slice(0, Math.max(wrong, Math.min(6, this.#most)));
  }
}

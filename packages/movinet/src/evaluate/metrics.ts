import { nameWithin, type Sample } from "../data/dataset.ts";
import { type Calibration, calibrationOf, perfectCalibration } from "./calibration.ts";
import { type Earliness, earlinessOf, type Moments } from "./early.ts";
import { groupCount, type Interval, type Proportion, proportionOf } from "./intervals.ts";

/** A model's answer for a clip, and the correct classes. */
export interface Answer {
  readonly name: string;
  /** Clips of a group (a person, a source video) are not independent; null: an independent clip. */
  readonly group: string | null;
  /** The correct classes, by output index: exactly one for a softmax model. */
  readonly classes: readonly number[];
  /** Probability of each class at the end of the clip. */
  readonly scores: Float32Array;
  /** Its answers during the clip; null if not recorded. */
  readonly moments: Moments | null;
}

/** Accuracy measures. Plain data; all proportions and scores are in 0..1. */
export interface Evaluation {
  readonly output: "softmax" | "sigmoid";
  /** Whether the model was trained on these clips: then nothing here applies to new clips. */
  readonly learned: boolean;
  readonly clips: number;
  readonly groups: number;
  /** Number of classes of the model. */
  readonly classes: number;
  /** The most likely class is correct (if there are several correct ones: is one of them). */
  readonly top1: Proportion;
  /** A correct class is among the top five. */
  readonly top5: Proportion;
  /** Accuracy of always answering the most frequent class. */
  readonly majority: number;
  readonly perClass: readonly ClassMeasures[];
  /** Means over the `classes` that have clips; a class that was never predicted counts with a precision of 0. */
  readonly macro: {
    readonly classes: number;
    readonly precision: number;
    readonly recall: number;
    readonly f1: number;
  };
  /**
   * Clips by correct class (rows) and predicted class (columns), in the order of `perClass`; null for sigmoid models.
   */
  readonly confusion: readonly (readonly number[])[] | null;
  /** For the most likely class; for sigmoid models, for every class of every clip. */
  readonly calibration: Calibration;
  /** Mean cross-entropy in nats; probabilities are at least 1e-7. For sigmoid models also the mean over classes. */
  readonly logLoss: number;
  readonly early: Earliness | null;
  /** For sigmoid models: mean of the classes' average precisions, and F1 of all decisions at 0.5 together. */
  readonly multiLabel: { readonly meanAveragePrecision: number; readonly f1: number } | null;
}

export interface ClassMeasures {
  /** The model's output index. */
  readonly index: number;
  readonly label: string;
  /** Clips of this class. */
  readonly support: number;
  /** Clips predicted as this class: as the most likely one, or (sigmoid) with a probability of at least 0.5. */
  readonly answered: number;
  /** Null if it was never predicted. */
  readonly precision: number | null;
  /** Null if it has no clips, like the next three. */
  readonly recall: number | null;
  readonly interval: Interval | null;
  /** Null if it has no clips and was never predicted. */
  readonly f1: number | null;
  /** Share of its clips whose most likely class is correct. */
  readonly top1: number | null;
  /** Area under its precision–recall steps; null for softmax models and without clips. */
  readonly averagePrecision: number | null;
}

export interface EvaluateAnswersOptions {
  /** Class names in output order. */
  readonly labels: readonly string[];
  readonly output?: "softmax" | "sigmoid";
  /**
   * Classes to list in tables, by output index; classes that were predicted or have clips are always listed. Default:
   * all.
   */
  readonly listed?: readonly number[] | undefined;
  /** Whether the model was trained on these clips; the numbers are then not interpreted. Default false. */
  readonly learned?: boolean;
  /** Frames per second of the moments. Default 5. */
  readonly fps?: number;
}

/** Computes the measures. Throws a `TypeError` if there are no answers, or one does not match the labels. */
export function evaluateAnswers(
  answers: readonly Answer[],
  { labels, output = "softmax", listed, learned = false, fps = 5 }: EvaluateAnswersOptions,
): Evaluation {
  check(answers, labels, output);
  const judged = answers.map((answer) => ({ ...answer, ...judge(answer, output) }));
  const groups = judged.map(({ group }) => group);
  const ranks = judged.map(({ rank }) => rank);
  const within = (most: number) =>
    proportionOf(
      ranks.map((rank) => rank <= most),
      groups,
    );
  const shown = new Set([
    ...(listed ?? labels.keys()),
    ...judged.flatMap((clip) => [...clip.classes, ...clip.answered]),
  ]);
  const indexes = [...shown].sort((a, b) => a - b);
  const perClass = indexes.map((index) => measureClass(index, labels[index] as string, judged, output));
  const used = perClass.filter(({ support }) => support > 0);
  const mean = (value: (measures: ClassMeasures) => number | null) =>
    used.reduce((sum, measures) => sum + (value(measures) ?? 0), 0) / used.length;
  const calibration = calibrationOf(judged.flatMap((clip) => decisionsOf(clip, output)));
  const confidences = judged.map(({ scores, best }) => scores[best] as number);
  return {
    output,
    learned,
    clips: judged.length,
    groups: groupCount(groups),
    classes: labels.length,
    top1: within(1),
    top5: within(5),
    majority: Math.max(...used.map(({ support }) => support)) / judged.length,
    perClass,
    macro: {
      classes: used.length,
      precision: mean((m) => m.precision),
      recall: mean((m) => m.recall),
      f1: mean((m) => m.f1),
    },
    confusion: output === "softmax" ? confusionOf(judged, indexes) : null,
    calibration: output === "softmax" ? { ...calibration, perfect: perfectCalibration(confidences) } : calibration,
    logLoss: judged.reduce((sum, clip) => sum + logLossOf(clip, output), 0) / judged.length,
    early: earlinessOf(judged, fps),
    multiLabel:
      output === "sigmoid" ? { meanAveragePrecision: mean((m) => m.averagePrecision), f1: microF1(perClass) } : null,
  };
}

type Judged = Answer & {
  /** The most likely class. */
  readonly best: number;
  /** Rank of the best correct class, from 1. */
  readonly rank: number;
  /** The predicted classes. */
  readonly answered: readonly number[];
};

/** The index of the maximum; of equal ones the first. −1 if one is NaN. */
export function likeliest(scores: Float32Array | Float64Array): number {
  return scores.indexOf(Math.max(...scores));
}

/** A sample's answer. */
export function answerOf(sample: Sample, scores: Float32Array, moments: Moments | null): Answer {
  const { group, classes } = sample;
  return { name: nameWithin(sample), group, classes, scores, moments };
}

/** The rank of the most likely correct class (from 1), and the prediction; of equal scores the lower index wins. */
export function judge(
  { classes, scores }: Pick<Answer, "classes" | "scores">,
  output: "softmax" | "sigmoid" = "softmax",
) {
  const rankOf = (index: number) => {
    const own = scores[index] as number;
    return 1 + scores.reduce((count, score, i) => count + Number(score > own || (score === own && i < index)), 0);
  };
  const best = scores.reduce((top, score, i) => (score > (scores[top] as number) ? i : top), 0);
  const rank = Math.min(...classes.map(rankOf));
  const answered = output === "softmax" ? [best] : [...scores.keys()].filter((i) => (scores[i] as number) >= 0.5);
  return { best, rank, answered };
}

function check(answers: readonly Answer[], labels: readonly string[], output: "softmax" | "sigmoid"): void {
  if (answers.length === 0) throw new TypeError("evaluateAnswers: answers must not be empty");
  for (const { name, classes, scores } of answers) {
    const bad = scores.length !== labels.length || classes.some((index) => !(index in labels));
    if (bad || classes.length === 0 || (output === "softmax" && classes.length > 1)) {
      const got = `${scores.length} scores and the classes ${classes.join(", ") || "(none)"}`;
      throw new TypeError(`evaluateAnswers: ${name} does not match ${labels.length} ${output} classes: it has ${got}`);
    }
  }
}

function measureClass(
  index: number,
  label: string,
  clips: readonly Judged[],
  output: "softmax" | "sigmoid",
): ClassMeasures {
  const own = clips.filter(({ classes }) => classes.includes(index));
  const answered = clips.filter((clip) => clip.answered.includes(index)).length;
  const found = own.map((clip) => clip.answered.includes(index));
  const groups = own.map(({ group }) => group);
  const scores = clips.map((clip) => clip.scores[index] as number);
  const right = clips.map(({ classes }) => classes.includes(index));
  const hits = found.filter(Boolean).length;
  const support = own.length;
  const share = (count: number, total: number) => (total === 0 ? null : count / total);
  return {
    index,
    label,
    support,
    answered,
    precision: share(hits, answered),
    recall: share(hits, support),
    interval: support === 0 ? null : proportionOf(found, groups).interval,
    f1: share(2 * hits, support + answered),
    top1: share(own.filter(({ rank }) => rank === 1).length, support),
    averagePrecision: output === "softmax" || support === 0 ? null : averagePrecision(scores, right),
  };
}

/** Σ (recall gained) · precision over decreasing thresholds; clips with equal scores enter together. */
export function averagePrecision(scores: readonly number[], right: readonly boolean[]): number {
  const order = [...scores.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number));
  const total = right.filter(Boolean).length;
  let [hits, counted, area] = [0, 0, 0];
  for (const [seen, clip] of order.entries()) {
    hits += Number(right[clip]);
    const next = order[seen + 1];
    if (next !== undefined && scores[next] === scores[clip]) continue;
    area += ((hits - counted) / total) * (hits / (seen + 1));
    counted = hits;
  }
  return area;
}

function confusionOf(clips: readonly Judged[], indexes: readonly number[]): number[][] {
  const at = new Map(indexes.map((index, row) => [index, row]));
  const matrix = indexes.map(() => indexes.map(() => 0));
  for (const { classes, best } of clips) {
    const row = matrix[at.get(classes[0] as number) as number] as number[];
    const column = at.get(best) as number;
    row[column] = (row[column] as number) + 1;
  }
  return matrix;
}

function decisionsOf({ scores, classes, best, rank }: Judged, output: "softmax" | "sigmoid") {
  if (output === "softmax") return [{ confidence: scores[best] as number, right: rank === 1 }];
  return Array.from(scores, (confidence, index) => ({ confidence, right: classes.includes(index) }));
}

const leastProbability = 1e-7;

function logLossOf({ scores, classes }: Judged, output: "softmax" | "sigmoid"): number {
  const loss = (probability: number) => -Math.log(Math.max(leastProbability, probability));
  if (output === "softmax") return loss(scores[classes[0] as number] as number);
  const sum = scores.reduce((total, score, i) => total + loss(classes.includes(i) ? score : 1 - score), 0);
  return sum / scores.length;
}

/** F1 of all decisions of all classes together. */
function microF1(perClass: readonly ClassMeasures[]): number {
  const total = perClass.reduce((sum, { support, answered }) => sum + support + answered, 0);
  const hits = perClass.reduce((sum, { recall, support }) => sum + (recall ?? 0) * support, 0);
  return total === 0 ? 0 : (2 * hits) / total;
}

import { randomOf } from "../../src/common/random.ts";
import { type Evaluation, evaluateAnswers } from "../../src/evaluate/metrics.ts";
import { WorstClips } from "../../src/evaluate/pictures.ts";
import type { RunReport } from "../../src/evaluate/report-data.ts";
import { answer, moments } from "./answers.ts";

/** Texts that would be dangerous or would spoil the page if they were not escaped. */
export const nasty = `<script>alert(1)</script> & "quoted" 'label'`;

/** A report of made-up answers: a training's, unless `more` says otherwise. */
export function sampleReport(
  labels: readonly string[],
  {
    clips = 49,
    output = "softmax" as "softmax" | "sigmoid",
    more = {} as Partial<RunReport & { readonly evaluation: Evaluation }>,
  } = {},
): RunReport & { readonly evaluation: Evaluation } {
  const random = randomOf("report", labels.length, clips);
  const answers = Array.from({ length: clips }, (_, i) => {
    const own = i % labels.length;
    const powers = labels.map((_, c) => Math.exp(random.normal() + (c === own ? 3 : 0)));
    const sum = powers.reduce((a, b) => a + b, 0);
    const scores = powers.map((power) => (output === "softmax" ? power / sum : power / (1 + power)));
    const best = scores.indexOf(Math.max(...scores));
    const said = Array.from({ length: 10 + (i % 7) }, (_, t) => (t < i % 9 ? 0 : best));
    return answer(`${labels[own]}/${i}.mp4`, own, scores, { group: `P${i % 7}`, moments: moments(...said) });
  });
  const worst = new WorstClips(labels, output);
  const pixels = Uint8Array.from({ length: 3 * 24 * 24 }, (_, i) => (i * 7) % 256);
  for (const clip of answers) worst.add(clip, [{ data: pixels, width: 24, height: 24 }], 16 / 9);
  const history = Array.from({ length: 12 }, (_, i) => ({
    epoch: i + 1,
    loss: 2 * 0.8 ** i,
    validationLoss: 0.3 + 2 * 0.8 ** i,
    validationTop1: Math.min(0.96, 0.2 + i / 10),
    learningRate: 1e-3 * 0.9 ** i,
  }));
  return {
    title: "yoga: training from a0-stream",
    date: new Date("2026-01-02T03:04:05Z"),
    command: "movinet train yoga --from a0-stream",
    model: "a0-stream",
    dataset: "yoga",
    judged: "its test clips",
    evaluation: evaluateAnswers(answers, { labels, output }),
    silence: null,
    folds: null,
    warnings: ["The classes are not balanced."],
    failures: [{ name: "broken.mp4", problem: "the file is empty" }],
    history,
    bestEpoch: 9,
    agreement: { clips, difference: 2e-6, scale: 13, agree: true },
    worst: worst.clips,
    config: { epochs: 12, augment: true, resume: null },
    environment: { Node: "24.0.0" },
    ...more,
  };
}

import { crossValidate, type Dataset, type HeadSample, trainHead } from "movinet/make";
import { answerOf, type Learned, type TrainSetting } from "./learned.ts";

/**
 * Solves the last layer: once for each fold, to tell how good it is, and then from all clips (in a dataset that names its
 * parts, or with one part kept aside: from the training part).
 */
export function learnHead(dataset: Dataset, { model, frozen, folds, task }: TrainSetting): Learned {
  const judged = crossValidate(model, frozen, folds, task);
  const crossed = folds.length > 1;
  const learnedFrom = crossed ? dataset.samples : (folds[0]?.train ?? dataset.samples);
  const samples = learnedFrom.filter((sample) => sample.split !== "test" && frozen.features.has(sample));
  const features = samples.map((sample) => frozen.features.get(sample) as HeadSample);
  const { model: trained, head } = trainHead(model, features, frozen.view, task);
  return {
    model: trained,
    answers: judged.map(({ sample, scores }) => answerOf(sample, scores)),
    samples: judged.map(({ sample }) => sample),
    folds: crossed ? judged.map(({ fold }) => fold) : null,
    judged: crossed ? "each clip by a model that saw nothing of its group" : "the clips kept aside",
    history: null,
    bestEpoch: null,
    facts: {
      learns: "the last layer, solved on frozen features",
      "clips in the model": samples.length,
      ridge: head.strength,
      "share of the old classes": head.mix,
      temperature: Number(head.temperature.scale.toPrecision(3)),
    },
  };
}

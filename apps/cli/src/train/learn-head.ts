import { crossValidate, type Dataset, type HeadSample, trainHead } from "movinet/train";
import { answerOf, type Learned, type TrainSetting } from "./learned.ts";

/**
 * Solves the last layer: once for each fold, to tell how good it is, and then from all clips (in a dataset that names its
 * parts, or with one part kept aside: from the training part).
 */
export async function learnHead(
  dataset: Dataset,
  { model, frozen, parts, task, signal }: TrainSetting,
): Promise<Learned> {
  const folds = parts.map(({ train, judge }) => ({ train, validation: judge }));
  const judged = await crossValidate(model, frozen, folds, task, signal);
  const crossed = parts.length > 1;
  const learnedFrom = crossed ? dataset.samples.filter(({ split }) => split !== "test") : (parts[0]?.train ?? []);
  const used = learnedFrom.filter((sample) => frozen.features.has(sample));
  const features = used.map((sample) => frozen.features.get(sample) as HeadSample);
  const { model: trained, head } = await trainHead(model, features, frozen.view, task, signal);
  return {
    model: trained,
    used,
    judged: judged.map(({ sample, scores, fold, taught }) => {
      return { sample, answer: answerOf(sample, scores), fold, taught };
    }),
    crossed,
    history: null,
    bestEpoch: null,
    fit: null,
    facts: {
      learns: "the last layer, solved on frozen features",
      "clips in the model": used.length,
      ridge: head.strength,
      "share of the old classes": head.mix,
      "temperature (folded into the last layer)":
        head.folds === 0 ? null : Number((1 / head.temperature.scale).toPrecision(3)),
    },
    why:
      head.folds === 0
        ? ["Its probabilities are not calibrated: no clips were left that could tell how sure it may be."]
        : [],
  };
}

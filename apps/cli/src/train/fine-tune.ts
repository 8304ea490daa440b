import { join } from "node:path";
import { nodeBackend } from "movinet";
import { evaluateModel, fitModel, type HeadSample, type TrainSettings, trainHead } from "movinet/make";
import { fitClips } from "./fit-clips.ts";
import type { Learned, TrainSetting } from "./learned.ts";

/**
 * Solves the last layer on frozen features, then trains it and what else is to learn by gradients. Each part of a
 * cross-validation is trained by itself; the model that is kept is that of the first.
 */
export async function fineTune(settings: TrainSettings, setting: TrainSetting): Promise<Learned> {
  const { model, frozen, folds, task, terminal, progress, signal, cache, folder } = setting;
  const { view, clipOf } = fitClips(model.card, frozen.view.fps, settings, cache);
  const all = [...new Set(folds.flatMap(({ train, validation }) => [...train, ...validation]))];
  await cache.fill(all, view, {
    signal,
    onClip: ({ done, total }) => progress.update("decoding", done, total),
  });
  const backend = await nodeBackend({ threads: settings.threads });
  const results: Learned[] = [];
  for (const [fold, { train, validation }] of folds.entries()) {
    const known = train.filter((sample) => frozen.features.has(sample));
    const features = known.map((sample) => frozen.features.get(sample) as HeadSample);
    const start = trainHead(model, features, frozen.view, task).model;
    const clips = { train: known.map(clipOf), validation: validation.map(clipOf) };
    const part = folds.length > 1 ? `part ${fold + 1} of ${folds.length}: ` : "";
    const trained = await fitModel(start, clips, {
      settings,
      folder: join(folder, "state", String(fold)),
      signal,
      onProgress({ phase, done, total, epoch, loss, validationTop1 }) {
        const told = loss === null ? "" : `loss ${loss.toFixed(3)}`;
        const top1 = validationTop1 === null ? "" : `  top-1 ${(100 * validationTop1).toFixed(1)} %`;
        progress.update(`${part}${phase}`, done, total, phase === "training" ? `epoch ${epoch}  ${told}${top1}` : "");
      },
      onEpoch(record) {
        if (terminal.json) terminal.result(JSON.stringify({ type: "epoch", part: fold, ...record }));
      },
    });
    const { answers } = await evaluateModel(trained.model, validation, {
      backend,
      signal,
      compared: 0,
    });
    results.push({
      model: trained.model,
      answers,
      samples: validation,
      folds: null,
      judged: "the clips kept aside",
      history: trained.history,
      bestEpoch: trained.bestEpoch,
      facts: fitFacts(settings, known.length),
    });
  }
  const [first] = results;
  if (!first) throw new Error("internal: there was no part to train");
  if (results.length === 1) return first;
  return {
    ...first,
    answers: results.flatMap(({ answers }) => answers),
    samples: results.flatMap(({ samples }) => samples),
    folds: results.flatMap(({ answers }, fold) => answers.map(() => fold)),
    judged: "each clip by a model that saw nothing of its group",
  };
}

/** How a network is trained, for a report. */
export function fitFacts(settings: TrainSettings, clips: number): Learned["facts"] {
  const { trainable, epochs, batch, frames, optimizer, learningRate, weightDecay, labelSmoothing, dropout } = settings;
  const learns = typeof trainable === "string" ? trainable : `the last ${trainable.lastBlocks} blocks and the head`;
  const rest = { epochs, batch, frames, optimizer, learningRate, weightDecay, labelSmoothing, dropout };
  return { learns, "clips in the model": clips, ...rest, averageDecay: settings.averageDecay, views: settings.views };
}

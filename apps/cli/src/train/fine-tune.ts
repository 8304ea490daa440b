import { join } from "node:path";
import { type Engine, nodeEngine } from "movinet";
import {
  classWeights,
  decideFlip,
  evaluateModel,
  type FlipDecision,
  fitModel,
  type HeadSample,
  mirrorTest,
  type Sample,
  type TestPart,
  type TrainSettings,
  trainHead,
} from "movinet/train";
import { fitClips, fitView } from "./fit-clips.ts";
import type { JudgedClip, Learned, TrainSetting } from "./learned.ts";
import { learnsText } from "./settings.ts";

/**
 * Solves the last layer on frozen features, then trains it and what else is to learn by gradients. Each part of a
 * cross-validation is trained by itself; the model that is kept is that of the first.
 */
export async function fineTune(settings: TrainSettings, setting: TrainSetting): Promise<Learned> {
  const { model, frozen, parts, cache, progress, signal } = setting;
  const all = new Set(parts.flatMap(({ train, choose }) => [...train, ...choose]));
  await cache.fill([...all], fitView(model.card, frozen.view.fps), {
    signal,
    onClip: ({ done, total }) => progress.update("decoding", done, total),
  });
  const results: Learned[] = [];
  for (const fold of parts.keys()) results.push(await trainPart(fold, settings, setting));
  const [first] = results;
  if (!first) throw new Error("internal: there was no part to train");
  const crossed = parts.length > 1;
  const kept = `The model that you get is that of part 1, which learned from ${first.used.length} clips; what follows is said of it.`;
  const why = crossed ? [kept, ...first.why] : first.why;
  return { ...first, judged: results.flatMap(({ judged }) => judged), crossed, why };
}

async function trainPart(fold: number, wanted: TrainSettings, setting: TrainSetting): Promise<Learned> {
  const { model, frozen, parts, task, terminal, progress, signal, cache, folder } = setting;
  const { train, choose, judge } = parts[fold] as TestPart;
  const known = train.filter((sample) => frozen.features.has(sample));
  const features = known.map((sample) => frozen.features.get(sample) as HeadSample);
  const { model: start } = await trainHead(model, features, frozen.view, task, signal);
  const part = parts.length > 1 ? `part ${fold + 1} of ${parts.length}: ` : "";
  const backend = await nodeEngine({ threads: wanted.threads });
  const mirroring = await decideMirroring(wanted, known, setting, backend, part);
  const settings = mirroring.flip ? wanted : { ...wanted, augment: { ...wanted.augment, flip: 0 } };
  const weights = classWeights(
    known.map(({ classes }) => classes),
    task.labels.length,
    task.multiLabel,
  );
  const clipOf = fitClips(model.card, frozen.view.fps, settings, cache, weights.weightOf);
  const trained = await fitModel(
    start,
    { train: known.map(clipOf), validation: choose.map(clipOf) },
    {
      settings,
      folder: join(folder, "state", String(fold)),
      signal,
      onProgress({ phase, done, total, epoch, loss, validationTop1 }) {
        const told = loss === null ? "" : `loss ${loss.toFixed(3)}`;
        const top1 = validationTop1 === null ? "" : `  choosing clips ${(100 * validationTop1).toFixed(0)} %`;
        progress.update(`${part}${phase}`, done, total, phase === "training" ? `epoch ${epoch}  ${told}${top1}` : "");
      },
      onEpoch(record) {
        if (terminal.json) terminal.result(JSON.stringify({ type: "epoch", part: fold, ...record }));
      },
    },
  );
  const taught = new Set(known.flatMap(({ classes }) => classes));
  const judged: JudgedClip[] = [];
  await evaluateModel(trained.model, judge, {
    backend,
    signal,
    cache,
    compared: 0,
    onClip({ sample, answer }) {
      progress.update(`${part}judging`, judged.length + 1, judge.length);
      if (answer) judged.push({ sample, answer, fold, taught: sample.classes.some((c) => taught.has(c)) });
    },
  });
  return {
    // Its weights have moved: what the solved layer was divided by says nothing any more.
    model: { ...trained.model, card: { ...trained.model.card, temperature: null } },
    used: [...known, ...choose],
    judged,
    crossed: false,
    history: trained.history,
    bestEpoch: choose.length > 0 ? trained.bestEpoch : null,
    fit: settings,
    facts: fitFacts(settings, known.length),
    why: [
      mirroring.why,
      weights.why,
      choose.length > 0
        ? `The epoch is chosen by ${choose.length} clips that neither teach nor judge.`
        : `No epoch is chosen, all count: there are too few clips for a part that would choose it.`,
    ],
  };
}

/** Whether clips are mirrored: as was asked, else by the labels and by what mirrored clips of this part look like. */
async function decideMirroring(
  { augment }: TrainSettings,
  train: readonly Sample[],
  { model, frozen, task, choices, cache, progress, signal }: TrainSetting,
  backend: Engine,
  part: string,
): Promise<FlipDecision> {
  const { labels, multiLabel, seed } = task;
  const named = decideFlip(labels, null);
  if (choices.augment === "none") return { flip: false, why: "Clips are not varied, as --augment none asks." };
  if (augment.flip === 0) return { flip: false, why: "Clips are not mirrored, as --no-flip asks." };
  if (choices.flip === true) {
    const doubt = named.flip ? "" : ` ${named.why.replace(/^.*: /, "Beware: ")}`;
    return { flip: true, why: `Clips are mirrored, as --flip asks.${doubt}` };
  }
  if (!named.flip) return named;
  const onProgress = ({ done, total }: { done: number; total: number }) =>
    progress.update(`${part}mirrored clips`, done, total);
  const options = { cache, backend, classes: labels.length, multiLabel, seed, signal, onProgress };
  return decideFlip(labels, await mirrorTest(model, train, frozen, options));
}

/** How a network is trained, for a report. */
export function fitFacts(settings: TrainSettings, clips: number): Learned["facts"] {
  const { trainable, epochs, batch, frames, optimizer, learningRate, weightDecay, labelSmoothing, dropout } = settings;
  const rest = { epochs, batch, frames, optimizer, learningRate, weightDecay, labelSmoothing, dropout };
  const { averageDecay, views, augment } = settings;
  const mirrored = augment.flip > 0;
  return { learns: learnsText(trainable), "clips in the model": clips, ...rest, averageDecay, views, mirrored };
}

/**
 * How good heads on frozen features are: `node bench/frozen-features.ts > bench/results/frozen-features.csv`. Needs the
 * shared clips; some ten minutes on two cores. Choices within a head are nested: the folds that judge never choose.
 */

import type { Card } from "movinet";
import { openModel } from "movinet/files";
import { openEngine } from "movinet/session";
import { openDataset } from "movinet/train";
import { randomOf } from "../packages/movinet/src/common/random.ts";
import type { Sample } from "../packages/movinet/src/data/dataset.ts";
import type { CardFit } from "../packages/movinet/src/model/card.ts";
import { FrozenBody } from "../packages/movinet/src/train/frozen-features.ts";
import { fitHead, type HeadSample, headOf } from "../packages/movinet/src/train/frozen-head.ts";
import { timesKernel } from "../packages/movinet/src/train/linear-algebra.ts";
import { hasShared, officialModel, sharedFolder } from "../packages/movinet/test/shared.ts";
import { framesOf, mean, row } from "./material.ts";

interface View {
  readonly fit: CardFit;
  readonly mirror?: boolean;
}

if (!hasShared) throw new Error("the shared clips are not here");
const crop: View = { fit: "crop" };
const squash: View = { fit: "squash" };
const mirrored: View = { fit: "crop", mirror: true };
const rates = { yoga6: [5], fight2: [5, 8, 10, 15] };
/** The first view is judged; the others only teach. */
const viewSets = [[crop], [squash], [crop, squash], [crop, mirrored]];
const experiments = Object.entries(rates).flatMap(([dataset, own]) =>
  own.flatMap((fps) => viewSets.map((views) => ({ dataset, fps, views }))),
);
const seeds = [1, 2, 3, 4, 5];

const model = await openModel(officialModel);
const layers = headOf(model);
await using body = await FrozenBody.compile(model, await openEngine());
/** Hidden vectors are wanted again by every fold. */
const known = new Map<Float32Array, Float32Array>();
const head = {
  ...layers,
  hidden(pooled: Float32Array) {
    const hidden = known.get(pooled) ?? layers.hidden(pooled);
    known.set(pooled, hidden);
    return hidden;
  },
};
const features = new Map<string, Promise<Float32Array[]>>();

row("experiment,dataset,fps,views,clips,judged,seeds,accuracy,seedDeviation,low95,high95,crossEntropy");
for (const { dataset, fps, views } of experiments) {
  const { samples: clips, labels } = await openDataset(`${sharedFolder}/dataset/${dataset}`);
  const vectors: Float32Array[][] = [];
  for (const view of views) {
    const key = JSON.stringify([dataset, fps, view]);
    if (!features.has(key)) features.set(key, poolAll(clips, fps, view));
    vectors.push((await features.get(key)) as Float32Array[]);
  }
  const samples = clips.map(({ classes, group }, i): HeadSample => {
    return { views: vectors.map((of) => of[i] as Float32Array), classes, group };
  });
  const loo = dataset === "yoga6";
  const rounds = (loo ? [1] : seeds).map((seed) =>
    judge(samples, labels.length, loo ? Number.POSITIVE_INFINITY : 5, seed),
  );
  const accuracies = rounds.map((round) => mean(round.map(({ right }) => right)));
  const deviation = Math.sqrt(
    mean(accuracies.map((a) => (a - mean(accuracies)) ** 2)) * (rounds.length / (rounds.length - 1)),
  );
  const perClip = samples.map((_, i) => mean(rounds.map((round) => round[i]?.right as number)));
  const [low, high] = interval(samples, perClip);
  const name = views.map(({ fit, mirror }) => `${fit}${mirror ? " mirrored" : ""}`).join(" + ");
  const judged = loo ? "each subject in turn" : "grouped 5-fold";
  const what = [`${dataset} ${name} at ${fps}`, dataset, fps, views.length, samples.length, judged, rounds.length];
  const accuracy = [mean(accuracies).toFixed(4), rounds.length > 1 ? deviation.toFixed(4) : ""];
  const loss = mean(rounds.flatMap((round) => round.map((clip) => clip.loss)));
  row(...what, ...accuracy, low.toFixed(3), high.toFixed(3), loss.toFixed(4));
}

async function poolAll(clips: readonly Sample[], fps: number, { fit, mirror = false }: View): Promise<Float32Array[]> {
  const input: Card["input"] = { ...model.card.input, fit };
  const { width, height } = input;
  const pooled: Float32Array[] = [];
  for (const { file } of clips) {
    const pictures = await framesOf(file, { fps, size: input });
    const data = new Uint8Array(Buffer.concat(pictures.map((picture) => picture.data)));
    pooled.push(await body.pool({ data, frames: pictures.length, width, height }, { mirror }));
  }
  return pooled;
}

/** What heads that never saw a clip's group say of it. */
function judge(samples: readonly HeadSample[], classes: number, most: number, seed: number) {
  const groups = randomOf(seed, "judge").shuffle([...new Set(samples.map(({ group }) => group))]);
  const sizes = new Array<number>(Math.min(most, groups.length)).fill(0);
  const foldOf = new Map<string | null, number>();
  for (const group of groups) {
    const fold = sizes.indexOf(Math.min(...sizes));
    foldOf.set(group, fold);
    sizes[fold] = (sizes[fold] as number) + samples.filter((sample) => sample.group === group).length;
  }
  const heads = sizes.map((_, fold) => {
    const train = samples.filter(({ group }) => foldOf.get(group) !== fold);
    return fitHead(train, head, { classes, seed });
  });
  return samples.map(({ views, classes: [truth], group }) => {
    const { kernel, bias } = heads[foldOf.get(group) as number] as (typeof heads)[number];
    const logits = timesKernel(head.hidden(views[0] as Float32Array), kernel).map((x, c) => x + (bias[c] as number));
    const most = Math.max(...logits);
    const own = logits[truth as number] as number;
    const loss = most - own + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0));
    return { right: own === most ? 1 : 0, loss };
  });
}

/** 95 % of the accuracy, by drawing groups with replacement. */
function interval(samples: readonly HeadSample[], right: readonly number[]): [number, number] {
  const groups = Map.groupBy(samples.keys(), (i) => samples[i]?.group);
  const all = [...groups.values()];
  const random = randomOf("bootstrap");
  const drawn = Array.from({ length: 4000 }, () => {
    const clips = all.flatMap(() => random.pick(all));
    return mean(clips.map((i) => right[i] as number));
  }).sort((a, b) => a - b);
  return [drawn[100] as number, drawn[3899] as number];
}

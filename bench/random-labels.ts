/**
 * What the commands print about accuracy if the labels of real clips are random: `node bench/random-labels.ts MODEL
 * YOGA6 [SEEDS] > bench/results/random-labels.csv`. YOGA6 is a folder with a manifest.csv (file, label, group).
 * Gradient training uses a quarter of the seeds.
 */

import { join, resolve } from "node:path";
import {
  type DrawRows,
  drawManifest,
  evaluateOn,
  faultsOf,
  type Told,
  trainOn,
} from "../apps/cli/test/random-labels.ts";
import type { Sample } from "../packages/movinet/src/data/dataset.ts";
import { openDataset } from "../packages/movinet/src/index.train.node.ts";
import { mean, row, temporaryFolder } from "./material.ts";

const [model, yoga6, count = "20"] = process.argv.slice(2);
if (model === undefined || yoga6 === undefined) throw new Error("give a model and the folder of yoga6");
const seeds = Number(count);
const { samples, labels } = await openDataset(yoga6);
const labelled = ({ file, group, start, end }: Sample, label: string) =>
  [resolve(file), label, group ?? "", String(start ?? ""), String(end ?? ""), ""] as const;
const own = samples.map(({ classes }) => labels[classes[0] as number] as string);

/** Labels shuffled within each group, or among all clips. */
const datasets: Readonly<Record<string, DrawRows>> = {
  "across persons": (random) => {
    const drawn = random.shuffle(own);
    return samples.map((sample, i) => labelled(sample, drawn[i] as string));
  },
  "within persons": (random) => {
    const groups = Map.groupBy(samples.keys(), (i) => samples[i]?.group ?? String(i));
    return [...groups.values()].flatMap((members) => {
      const drawn = random.shuffle(members.map((i) => own[i] as string));
      return members.map((i, at) => labelled(samples[i] as Sample, drawn[at] as string));
    });
  },
};
const modes: readonly [string, number][] = [
  ["train", seeds],
  ["train --folds 5", seeds],
  ["train --trainable head --epochs 8", Math.ceil(seeds / 4)],
  ["train --trainable 2 --epochs 8", Math.ceil(seeds / 4)],
];

const largest = Math.max(...labels.map((label) => own.filter((one) => one === label).length));
const chance = { even: 1 / labels.length, most: largest / own.length };
const folder = temporaryFolder();
let runs = 0;
const out = () => join(folder, `run-${runs++}`);

row("labels,command,seeds,accuracy told,interval without chance,called better,mean low,mean high");
const tell = (kind: string, command: string, told: readonly (Told | null)[]) => {
  const numbers = told.filter((one) => one !== null);
  const { missed, better } = faultsOf(told, chance);
  const means = (["low", "high"] as const).map((end) =>
    numbers.length === 0 ? "" : mean(numbers.map((one) => one[end])).toFixed(3),
  );
  row(kind, command, told.length, numbers.length, missed, better, ...means);
};
for (const [kind, draw] of Object.entries(datasets)) {
  for (const [command, tries] of modes) {
    const options = command.split(" ").slice(1);
    const told: (Told | null)[] = [];
    for (let seed = 0; seed < tries; seed++) {
      const dataset = await drawManifest(join(folder, "labels.csv"), draw, seed);
      told.push((await trainOn(dataset, model, out(), ["--seed", String(seed), ...options])).told);
    }
    tell(kind, command, told);
  }
  const [again, judged]: [(Told | null)[], (Told | null)[]] = [[], []];
  for (let seed = 0; seed < Math.ceil(seeds / 4); seed++) {
    const dataset = await drawManifest(join(folder, "labels.csv"), draw, seed);
    const first = await trainOn(dataset, model, out(), ["--seed", String(seed)]);
    again.push((await trainOn(dataset, first.model, out(), ["--seed", String(seed)])).told);
    judged.push(await evaluateOn(first.model, dataset));
  }
  tell(kind, "train --from its own model", again);
  tell(kind, "evaluate after train", judged);
}

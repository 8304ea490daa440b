/**
 * The law of random labels: where labels say nothing, no way to get a number prints one that does. Over twenty seeds the
 * printed interval holds chance at least eighteen times, "better" is said at most twice, or no accuracy is told.
 * `bench/random-labels.ts` tries it on real clips.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TrainChoices } from "../src/train/settings.ts";
import {
  chanceOfNoise,
  differencesOn,
  dividedNoise,
  drawManifest,
  evaluateOn,
  faultsOf,
  noiseDatasets,
  type Told,
  trainOn,
  writeNoise,
} from "./random-labels.ts";
import { writeTinyModel } from "./tiny-model.ts";

const seeds = 20;
let folder: string;
let model: string;
let runs = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-random-labels-"));
  process.env["MOVINET_CACHE"] = join(folder, "cache");
  model = join(folder, "tiny.safetensors");
  await writeTinyModel(model, null);
  await writeNoise(folder);
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

const nextOut = () => join(folder, `run-${runs++}`);
const trained = (dataset: string, choices: Partial<TrainChoices>, from = model) =>
  trainOn(dataset, from, nextOut(), { threads: 1, ...choices });
const byGradients = { epochs: 6, frames: 4, batch: 4, learningRate: 3e-3 } as const;

describe.each(Object.entries(noiseDatasets))("%s", (_, rows) => {
  const draw = (seed: number) => drawManifest(join(folder, `labels-${seed}.csv`), rows, seed);

  test.each<[string, Partial<TrainChoices>]>([
    ["the default", {}],
    ["--folds 3", { folds: 3 }],
    ["--validation 0.3", { validation: 0.3 }],
    ["--trainable head", { trainable: "head", ...byGradients }],
    ["--trainable 2 --folds 3", { trainable: { lastBlocks: 2 }, folds: 3, ...byGradients, epochs: 3 }],
  ])("%s", async (_name, choices) => {
    const told: (Told | null)[] = [];
    for (let seed = 0; seed < seeds; seed++) told.push((await trained(await draw(seed), { seed, ...choices })).told);
    expect(told).not.toContain(null);
    const { missed, better } = faultsOf(told, chanceOfNoise);
    expect(missed).toBeLessThanOrEqual(0.1 * seeds);
    expect(better).toBeLessThanOrEqual(2);
  });

  test("training from a run's own model, and evaluate after train, tell no accuracy", async () => {
    for (let seed = 0; seed < 3; seed++) {
      const dataset = await draw(seed);
      const own = await trained(dataset, { seed });
      for (const choices of [{}, { folds: 3 }, { trainable: "head", ...byGradients } as const]) {
        expect((await trained(dataset, { seed, ...choices }, own.model)).told).toBeNull();
      }
      expect(await evaluateOn(own.model, dataset)).toBeNull();
    }
  });
});

test("the comparison tells networks that learned from chance apart at most once in twelve", async () => {
  let differences = 0;
  for (let seed = 0; seed < 4; seed++) {
    const dataset = await drawManifest(join(folder, `divided-${seed}.csv`), dividedNoise, seed);
    const own = await trained(dataset, { seed, trainable: "all", ...byGradients, epochs: 2 });
    differences += await differencesOn(own.model, dataset, nextOut());
  }
  expect(differences).toBeLessThanOrEqual(1);
});

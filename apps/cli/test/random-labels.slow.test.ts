/**
 * The law of random labels: where labels say nothing, no way to get a number prints one that does. Over twenty seeds the
 * printed interval holds chance at least eighteen times, "better" is said at most twice, or no accuracy is told.
 * `bench/random-labels.ts` tries it on real clips.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  chanceOfNoise,
  differencesOn,
  dividedNoise,
  drawManifest,
  evaluateOn,
  faultsOf,
  noiseDatasets,
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
const trained = (dataset: string, seed: number, options: readonly string[] = [], from = model) =>
  trainOn(dataset, from, nextOut(), ["--seed", String(seed), "--threads", "1", ...options]);
const byGradients = (epochs: number) =>
  ["--epochs", String(epochs), "--frames", "4", "--batch", "4", "--learning-rate", "0.003"] as const;

/** Does the work for each seed, two at a time. */
async function forSeeds<T>(count: number, work: (seed: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let seed = 0; seed < count; seed += 2) results.push(...(await Promise.all([work(seed), work(seed + 1)])));
  return results;
}

describe.each(Object.entries(noiseDatasets))("%s", (_, rows) => {
  const draw = (seed: number) => drawManifest(join(folder, `labels-${seed}.csv`), rows, seed);

  test.each<[string, readonly string[]]>([
    ["the default", []],
    ["--folds 3", ["--folds", "3"]],
    ["--validation 0.3", ["--validation", "0.3"]],
    ["--trainable head", ["--trainable", "head", ...byGradients(6)]],
    ["--trainable 2 --folds 3", ["--trainable", "2", "--folds", "3", ...byGradients(3)]],
  ])("%s", async (_name, options) => {
    const told = await forSeeds(seeds, async (seed) => (await trained(await draw(seed), seed, options)).told);
    expect(told).not.toContain(null);
    const { missed, better } = faultsOf(told, chanceOfNoise);
    expect(missed).toBeLessThanOrEqual(0.1 * seeds);
    expect(better).toBeLessThanOrEqual(2);
  });

  test("training from a run's own model, and evaluate after train, tell no accuracy", async () => {
    await forSeeds(2, async (seed) => {
      const dataset = await draw(seed);
      const own: Awaited<ReturnType<typeof trained>> = await trained(dataset, seed);
      for (const options of [[], ["--folds", "3"], ["--trainable", "head", ...byGradients(3)]]) {
        const again: Awaited<ReturnType<typeof trained>> = await trained(dataset, seed, options, own.model);
        expect(again.told).toBeNull();
      }
      expect(await evaluateOn(own.model, dataset)).toBeNull();
    });
  });
});

test("the comparison tells networks that learned from chance apart at most once in twelve", async () => {
  const differences = await forSeeds(4, async (seed) => {
    const dataset = await drawManifest(join(folder, `divided-${seed}.csv`), dividedNoise, seed);
    const own = await trained(dataset, seed, ["--trainable", "all", ...byGradients(2)]);
    return differencesOn(own.model, dataset, nextOut());
  });
  expect(differences.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(1);
});

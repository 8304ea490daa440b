/**
 * The law of random labels: where labels say nothing, no way to get a number prints one that does. Over twenty seeds the
 * printed interval holds chance at least eighteen times, "better" is said at most twice, or no accuracy is told.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Random, randomOf } from "movinet/make";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeClip } from "../../../packages/movinet/test/make/data/clips.ts";
import { runEvaluation } from "../src/evaluate/run.ts";
import type { Terminal } from "../src/terminal.ts";
import type { TrainChoices } from "../src/train/settings.ts";
import { train } from "../src/train/train.ts";
import { writeTinyModel } from "./tiny-model.ts";

const seeds = 20;
const labels = ["a", "b", "c"];
let folder: string;
let model: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-random-labels-"));
  process.env["MOVINET_CACHE"] = join(folder, "cache");
  model = join(folder, "tiny.safetensors");
  await writeTinyModel(model, null);
  for (let clip = 0; clip < 36; clip++) {
    const random = randomOf("noise", clip);
    const luma = () => 16 + random.below(220);
    await writeClip(join(folder, `${clip}.y4m`), { width: 40, height: 40, seconds: 1, luma });
  }
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

/** What a command printed of its accuracy. */
interface Told {
  readonly low: number;
  readonly high: number;
  readonly better: boolean;
}

/** A terminal that keeps results. */
function listener(): { readonly terminal: Terminal; told(): Told | null } {
  const results: string[] = [];
  const ignore = () => {};
  const progress = () => ({ update: ignore, stop: ignore });
  const quiet = { note: ignore, warn: ignore, warning: ignore, progress };
  const terminal = {
    json: false,
    quiet: true,
    color: false,
    width: 80,
    result: (text: string) => results.push(text),
    ...quiet,
  };
  return {
    terminal: terminal as Terminal,
    told() {
      const text = results.join("\n").replace(/\s+/g, " ");
      const [, low, high] = /^\d+ of \d+ clips right \([\d.]+ %, 95 % interval ([\d.]+)–([\d.]+) %/.exec(text) ?? [];
      if (low === undefined) {
        expect(text).toMatch(/^(No accuracy is told|Not a test): /);
        return null;
      }
      return { low: Number(low) / 100, high: Number(high) / 100, better: text.includes("It is better than") };
    },
  };
}

/** Writes a manifest in which chance gives each clip, or each of the stretches of a file, its label. */
async function drawManifest(kind: string, rows: (random: Random) => readonly string[], seed: number): Promise<string> {
  const file = join(folder, `${kind}-${seed}.csv`);
  await writeFile(file, `${["file,label,group,start,end", ...rows(randomOf("labels", kind, seed))].join("\n")}\n`);
  return file;
}

const datasets = {
  "36 clips of noise, three of a group": (random: Random) => {
    const drawn = random.shuffle(Array.from({ length: 36 }, (_, i) => labels[i % 3] as string));
    return drawn.map((label, i) => `${i}.y4m,${label},g${Math.floor(i / 3)},,`);
  },
  "108 stretches of 36 files, a label for each file": (random: Random) => {
    const drawn = random.shuffle(Array.from({ length: 36 }, (_, i) => labels[i % 3] as string));
    return drawn.flatMap((label, i) => [0, 0.3, 0.6].map((start) => `${i}.y4m,${label},,${start},${start + 0.3}`));
  },
};

const nothing: Omit<TrainChoices, "dataset" | "from" | "seed"> = {
  trainable: null,
  folds: null,
  validation: null,
  epochs: null,
  batch: null,
  frames: null,
  learningRate: null,
  augment: null,
  flip: null,
  threads: 1,
};
const byGradients = { epochs: 6, frames: 4, batch: 4, learningRate: 3e-3 } as const;

let runs = 0;
async function trainOn(dataset: string, seed: number, choices: Partial<TrainChoices> = {}) {
  const { terminal, told } = listener();
  const out = join(folder, `run-${runs++}`);
  const code = await train({ dataset, from: model, seed, ...nothing, ...choices }, out, terminal);
  expect(code).toBe(0);
  return { told: told(), model: join(out, "model.safetensors") };
}

function expectChance(told: readonly (Told | null)[], chance = 1 / labels.length): void {
  const numbers = told.filter((one) => one !== null);
  const missed = numbers.filter(({ low, high }) => low > chance || high < chance);
  expect({ missed: missed.length, better: numbers.filter(({ better }) => better).length }).toSatisfy(
    ({ missed, better }: { missed: number; better: number }) => missed <= 0.1 * seeds && better <= 2,
  );
}

describe.each(Object.entries(datasets))("%s", (kind, rows) => {
  test.each<[string, Partial<TrainChoices>]>([
    ["the default", {}],
    ["--folds 3", { folds: 3 }],
    ["--validation 0.3", { validation: 0.3 }],
    ["--trainable head", { trainable: "head", ...byGradients }],
    ["--trainable 2 --folds 3", { trainable: { lastBlocks: 2 }, folds: 3, ...byGradients }],
  ])("%s", async (_, choices) => {
    const told: (Told | null)[] = [];
    for (let seed = 0; seed < seeds; seed++) {
      told.push((await trainOn(await drawManifest(kind, rows, seed), seed, choices)).told);
    }
    expect(told.filter((one) => one !== null).length).toBe(seeds);
    expectChance(told);
  });

  test("training from a run's own model, and evaluate after train, tell no accuracy", async () => {
    for (let seed = 0; seed < 3; seed++) {
      const dataset = await drawManifest(kind, rows, seed);
      const own = await trainOn(dataset, seed);
      for (const choices of [{}, { folds: 3 }, { trainable: "head", ...byGradients } as const]) {
        expect((await trainOn(dataset, seed, { from: own.model, ...choices })).told).toBeNull();
      }
      const { terminal, told } = listener();
      const settings = { split: null, labels: undefined, out: undefined, compare: false, base: undefined };
      const rest = { frameByFrame: undefined, device: "cpu", threads: 1, debug: false };
      await runEvaluation({ model: own.model, dataset, ...settings, ...rest }, terminal);
      expect(told()).toBeNull();
    }
  });
});

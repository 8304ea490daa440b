/** A tiny network, and clips of noise whose brightness tells their class, more or less. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { buildGraph } from "../../src/arch/build.ts";
import { randomWeights } from "../../src/arch/random-weights.ts";
import { type Spec, specOf } from "../../src/arch/spec.ts";
import { randomOf } from "../../src/common/random.ts";
import { recipes } from "../../src/data/augment.ts";
import { defaultCard } from "../../src/model/card.ts";
import type { Model } from "../../src/model/model.ts";
import { fitModel, openTraining } from "../../src/train/fit.node.ts";
import type { FitClip, FitOptions } from "../../src/train/fit-options.node.ts";
import type { TrainSettings } from "../../src/train/settings.ts";

export const folder = mkdtempSync(join(tmpdir(), "movinet-noise-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

const [side, frames, classes] = [8, 2, 2];
const kernel = { time: 3, space: 3 } as const;
const spec: Spec = {
  ...specOf("a0-stream", { classes, resolution: { height: side, width: side } }),
  stem: 8,
  blocks: [{ filters: 8, stride: 2, layers: [{ expand: 16, kernel }] }],
  head: 16,
  hidden: 16,
};
const weights = randomWeights(buildGraph(spec, { form: "clip", frames: 1 }), 1);
export const model: Model = { spec, weights, card: { ...defaultCard(spec), labels: ["often", "rare"] } };

/** A clip of a class (0 dark, 1 bright) that is lighter or darker by up to `spread`; the same name gives the same picture. */
export function clipOf(
  name: string,
  own: number,
  { weight, spread = 0.15 }: { weight?: number; spread?: number } = {},
) {
  const random = randomOf("clip", name);
  const file = join(folder, `${name}.f32`);
  const level = 0.3 + 0.25 * own + 2 * spread * (random.next() - 0.5);
  writeFileSync(
    file,
    Float32Array.from({ length: frames * side * side * 3 }, () => level + 0.2 * (random.next() - 0.5)),
  );
  const input = { source: { kind: "tensor", file } as const, classes: [own], weight };
  return { name, varied: () => input, plain: () => input } satisfies FitClip;
}

export const settings: TrainSettings = {
  trainable: "all",
  statistics: "stored",
  frames,
  batch: 4,
  group: 1,
  epochs: 3,
  optimizer: "adamw",
  learningRate: 1e-2,
  warmup: 0.1,
  weightDecay: 0.01,
  labelSmoothing: 0.1,
  dropout: 0,
  stochasticDepth: 0,
  averageDecay: 0,
  augment: recipes.none,
  views: 1,
  patience: 0,
  threads: 1,
  seed: 3,
};

let runs = 0;
const nextFolder = () => join(folder, `run ${++runs}`);

export function run(
  parts: Parameters<typeof fitModel>[1],
  changed: Partial<TrainSettings> = {},
  options: Partial<FitOptions> = {},
) {
  return fitModel(model, parts, { settings: { ...settings, ...changed }, folder: nextFolder(), ...options });
}

/** Does something with a network and its clips before the first step. */
export async function withTraining<T>(
  parts: Parameters<typeof fitModel>[1],
  changed: Partial<TrainSettings>,
  start: Model,
  act: (training: Awaited<ReturnType<typeof openTraining>>) => Promise<T>,
): Promise<T> {
  const training = await openTraining(start, parts, { settings: { ...settings, ...changed }, folder: nextFolder() });
  try {
    return await act(training);
  } finally {
    await training[Symbol.asyncDispose]();
  }
}

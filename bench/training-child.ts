/**
 * Our training steps in a separate process, for `training.ts`. Usage: training-child.ts SIZE FRAMES BATCH THREADS
 * full|full-batch|last2. The protocol is that of `peers/pytorch-train.py`: a ready line; for each line with a number
 * of steps, their times in ms; at the end, the peak resident memory.
 *
 * `full` trains all layers with folded norms, the default of fine-tuning; `full-batch` uses norm statistics from half
 * a batch per thread; `last2` trains the last two blocks and the head on the stored output of the rest.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildGraph, defaultCard, randomWeights, specOf } from "movinet/graph";
import type { TrainSettings } from "movinet/train";
import { randomOf } from "../packages/movinet/src/common/random.ts";
import { recipes } from "../packages/movinet/src/data/augment.ts";
import { openTraining } from "../packages/movinet/src/train/fit.node.ts";
import { temporaryFolder } from "./material.ts";
import { serveSteps } from "./serve-steps.ts";

const [size, frames, batch, threads] = process.argv.slice(2, 6).map(Number) as [number, number, number, number];
const kind = process.argv[6] ?? "full";
const started = performance.now();
const spec = specOf("a0-stream", { classes: 10, resolution: { height: size, width: size } });
const weights = randomWeights(buildGraph(spec, { form: "clip", frames: 1 }), 0);
const model = { spec, weights, card: defaultCard(spec) };
const settings: TrainSettings = {
  trainable: kind === "last2" ? { lastBlocks: 2 } : "all",
  statistics: kind === "full-batch" ? "batch" : "stored",
  frames,
  batch,
  group: kind === "full-batch" ? batch / threads : 1,
  epochs: 1,
  optimizer: "adamw",
  learningRate: 1e-4,
  warmup: 0,
  weightDecay: 0.01,
  labelSmoothing: 0,
  dropout: 0.2,
  stochasticDepth: 0,
  averageDecay: 0,
  augment: recipes.none,
  views: 1,
  patience: 0,
  threads,
  seed: 0,
};
const folder = temporaryFolder();
const random = randomOf("clips");
const clips = Array.from({ length: batch }, (_, i) => {
  const file = join(folder, `${i}.f32`);
  writeFileSync(
    file,
    Float32Array.from({ length: frames * size * size * 3 }, () => random.next()),
  );
  const input = { source: { kind: "tensor", file } as const, classes: [i % 10] };
  return { name: String(i), varied: () => input, plain: () => input };
});
const training = await openTraining(model, { train: clips, validation: [] }, { settings, folder });
const items = training.items(0, 0);
console.log(JSON.stringify({ sessionMs: performance.now() - started }));
await serveSteps(() => training.trainer.step(items, 1e-4));
await training[Symbol.asyncDispose]();

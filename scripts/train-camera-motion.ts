/**
 * `npm run train:camera-motion [-- FOLDER]`: makes the embedded model from nothing. Renders clips, trains a small stream
 * model on them, tests it on fresh ones. About 25 minutes on two cores.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { writeModel } from "movinet";
import { recipes } from "../packages/movinet/src/make/data/augment.ts";
import { randomOf } from "../packages/movinet/src/make/random.ts";
import { cameraMotionLabels } from "../packages/movinet/src/make/synth/labels.ts";
import { cameraMotionModel } from "../packages/movinet/src/make/synth/model.ts";
import { labelUnder, type Symmetry } from "../packages/movinet/src/make/synth/symmetry.ts";
import type { ClipInput } from "../packages/movinet/src/make/train/clip-input.node.ts";
import { type FitClip, fitModel } from "../packages/movinet/src/make/train/fit.node.ts";

const [out = "camera-motion", clipsText = "6000", epochsText = "7"] = process.argv.slice(2);
const [clips, epochs] = [Number(clipsText), Number(epochsText)];
const [frames, side, fps, seed] = [16, 64, 10, 1];
const pool = join(out, "pool");
await mkdir(pool, { recursive: true });

function motion(label: number, name: string, symmetry: Symmetry | null): ClipInput {
  return {
    kind: "camera motion",
    folder: pool,
    label: cameraMotionLabels[label] as never,
    seed: name,
    frames,
    side,
    fps,
    symmetry,
  };
}

const train: FitClip[] = Array.from({ length: clips }, (_, i) => {
  const label = i % cameraMotionLabels.length;
  const name = `${seed}-${i}`;
  const form = (epoch: number): Symmetry => {
    const random = randomOf(seed, "form", name, epoch);
    return {
      transpose: random.chance(0.5),
      mirror: random.chance(0.5),
      flip: random.chance(0.5),
      reverse: random.chance(0.5),
    };
  };
  return {
    name,
    varied(epoch) {
      const symmetry = form(epoch);
      const seen = labelUnder(symmetry, cameraMotionLabels[label] as never);
      return { source: motion(label, name, symmetry), classes: [cameraMotionLabels.indexOf(seen)] };
    },
    plain: () => ({ source: motion(label, name, null), classes: [label] }),
  };
});
const validation: FitClip[] = Array.from({ length: 300 }, (_, i) => {
  const label = i % cameraMotionLabels.length;
  const plain = () => ({ source: motion(label, `fresh-${i}`, null), classes: [label] });
  return { name: `fresh-${i}`, varied: plain, plain };
});
let last = 0;
const started = performance.now();
const result = await fitModel(
  cameraMotionModel(seed),
  { train, validation },
  {
    folder: out,
    settings: {
      trainable: "all",
      statistics: "batch",
      frames,
      batch: 16,
      group: 8,
      epochs,
      optimizer: "adamw",
      learningRate: Number(process.env["LR"] ?? 4e-3),
      warmup: 0.1,
      weightDecay: 0.02,
      labelSmoothing: 0.05,
      dropout: 0.1,
      stochasticDepth: 0,
      averageDecay: 0.99,
      augment: recipes.none,
      views: 1,
      patience: 0,
      threads: availableParallelism(),
      seed,
    },
    onProgress({ done, total, loss, validationTop1 }) {
      if (performance.now() - last < 10_000) return;
      last = performance.now();
      console.error(
        `${done}/${total} clips  loss ${loss?.toFixed(3)}  fresh clips ${((validationTop1 ?? 0) * 100).toFixed(1)} %  ${((last - started) / 1000).toFixed(0)} s`,
      );
    },
  },
);
await writeFile(join(out, "model.safetensors"), writeModel(result.model));
await writeFile(join(out, "history.json"), JSON.stringify(result.history, null, 1));
if (!process.env["KEEP_POOL"]) await rm(pool, { recursive: true });
for (const record of result.history) console.log(JSON.stringify(record));
process.exit(0);

/**
 * `npm run train:camera-motion [-- FOLDER [KIND [CLIPS [EPOCHS]]]]`: trains the embedded model from scratch. Renders
 * clips, trains a small network on them, tests it on new ones, and writes `model.safetensors` and `history.csv`. About
 * 25 minutes on two cores. KIND is `stream` (the embedded model), or one of the networks for comparison: `base`,
 * `frame-by-frame`. A stopped run continues when started again; the folder `state` may be deleted afterwards.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { writeModel } from "movinet/formats";
import { randomOf } from "../../movinet/src/common/random.ts";
import { recipes } from "../../movinet/src/data/augment.ts";
import { type CameraMotionLabel, cameraMotionLabels } from "../../movinet/src/synth/camera.ts";
import { fitModel } from "../../movinet/src/train/fit.node.ts";
import type { FitClip, FitInput } from "../../movinet/src/train/fit-options.node.ts";
import { cameraMotionKinds, cameraMotionModel } from "./model.ts";
import { labelUnder, motionInput, type Symmetry } from "./motion-clip.ts";

const [out = "camera-motion", named = "stream", clips = "3000", epochs = "12"] = process.argv.slice(2);
const kind = cameraMotionKinds.find((name) => name === named);
if (kind === undefined)
  throw new TypeError(`${named} is not a kind of network: expected ${cameraMotionKinds.join(", ")}`);
const seed = 1;
const freshClips = 300;
const state = join(out, "state");
const pool = join(state, "pool");
await mkdir(pool, { recursive: true });
const frames = 16;
const { model, masks } = cameraMotionModel(seed, kind, frames);
const { fps, input } = model.card;

function clipOf(i: number, name: string): FitClip {
  const label = cameraMotionLabels[i % cameraMotionLabels.length] as CameraMotionLabel;
  const shown = (symmetry: Symmetry | null): FitInput => ({
    source: motionInput({ folder: pool, label, seed: name, frames, side: input.width, fps, symmetry }),
    classes: [cameraMotionLabels.indexOf(symmetry ? labelUnder(symmetry, label) : label)],
  });
  return {
    name,
    varied(form) {
      const random = randomOf(seed, "form", name, form);
      const half = () => random.chance(0.5);
      return shown({ transpose: half(), mirror: half(), flip: half(), reverse: half() });
    },
    plain: () => shown(null),
  };
}

const parts = {
  train: Array.from({ length: Number(clips) }, (_, i) => clipOf(i, `${seed}-${i}`)),
  validation: Array.from({ length: freshClips }, (_, i) => clipOf(i, `fresh-${i}`)),
};
const started = performance.now();
let told = started;
const trained = await fitModel(model, parts, {
  folder: state,
  masks,
  settings: {
    trainable: "all",
    statistics: "batch",
    frames,
    batch: 16,
    group: 8,
    epochs: Number(epochs),
    optimizer: "adamw",
    learningRate: 4e-3,
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
    if (performance.now() - told < 10_000) return;
    told = performance.now();
    const fresh = validationTop1 === null ? "" : `  fresh clips ${(100 * validationTop1).toFixed(1)} %`;
    const seconds = ((told - started) / 1000).toFixed(0);
    console.error(`${done}/${total} clips  loss ${loss?.toFixed(3)}${fresh}  ${seconds} s`);
  },
});
const top1 = trained.history[trained.bestEpoch - 1]?.validationTop1 ?? 0;
const accuracy = { dataset: `${freshClips} fresh generated clips`, top1, top5: null };
const finished = { ...trained.model, card: { ...trained.model.card, accuracy } };
await writeFile(join(out, "model.safetensors"), writeModel(finished));
const rows = trained.history.map((r) => [r.epoch, r.loss, r.validationLoss, r.validationTop1].join(","));
await writeFile(join(out, "history.csv"), ["epoch,loss,freshLoss,freshTop1", ...rows, ""].join("\n"));
console.log(`${join(out, "model.safetensors")}: ${(100 * top1).toFixed(1)} % of fresh clips right`);

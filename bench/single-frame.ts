/**
 * How much a single picture of `camera-motion` tells: `node bench/single-frame.ts [SCENES]` renders every label in each scene,
 * trains a ridge regression on statistics of one picture of each clip (its position drawn, the first, the last), of all 16
 * together without their order, and of the mean of 4 pictures in a row, which motion smears: that shows what the
 * classifier can find. Prints its accuracy on scenes that it has not seen. Chance is 0.1. With 300 scenes: about 5
 * minutes.
 */
import { randomOf } from "../packages/movinet/src/common/random.ts";
import { cameraMotionLabels } from "../packages/movinet/src/synth/camera.ts";
import { renderCameraMotion } from "../packages/movinet/src/synth/render.ts";
import { planScene } from "../packages/movinet/src/synth/scene.ts";
import { type Example, frameStatistics, meanOf, ridgeAccuracy } from "../packages/movinet/test/synth/single-frame.ts";
import { row } from "./material.ts";

const scenes = Number(process.argv[2] ?? 300);
const [side, frames, fps] = [96, 16, 10];
const size = side * side * 3;
const kinds = ["any", "first", "last", "all", "smeared"] as const;
const examples: Record<(typeof kinds)[number], Example[][]> = { any: [], first: [], last: [], all: [], smeared: [] };
for (let seed = 0; seed < scenes; seed++) {
  const scene = planScene(seed, side);
  for (const kind of kinds) examples[kind].push([]);
  for (const [label, name] of cameraMotionLabels.entries()) {
    const clip = renderCameraMotion({ label: name, seed, width: side, height: side, frames, fps, scene });
    const statistics = Array.from({ length: frames }, (_, i) =>
      frameStatistics(clip.subarray(i * size, (i + 1) * size), side, side),
    );
    const [first, last] = [statistics[0]!, statistics[frames - 1]!];
    const mean = first.map((_, i) => statistics.reduce((sum, row) => sum + row[i]!, 0) / frames);
    const any = statistics[randomOf(seed, name).below(frames)]!;
    const smeared = frameStatistics(meanOf(clip.subarray(6 * size, 10 * size), size), side, side);
    for (const [kind, features] of Object.entries({ any, first, last, all: mean, smeared })) {
      examples[kind as keyof typeof examples].at(-1)?.push({ features, label });
    }
  }
}
row("pictures,testClips,accuracy,interval95");
const held = Math.round(scenes / 4);
for (const kind of kinds) {
  const [test, train] = [examples[kind].slice(0, held).flat(), examples[kind].slice(held).flat()];
  const accuracy = ridgeAccuracy(train, test, cameraMotionLabels.length);
  const error = Math.sqrt((accuracy * (1 - accuracy)) / test.length);
  row(kind, test.length, accuracy.toFixed(3), (1.96 * error).toFixed(3));
}

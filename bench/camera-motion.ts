/**
 * Accuracy of `camera-motion`, frame by frame as in `classify`: on newly generated clips, and on moves cut from single
 * frames of real videos, which share no code with the generator.
 *
 * node bench/camera-motion.ts MODEL [VIDEOS] > bench/results/camera-motion.csv
 *
 * VIDEOS is a folder of videos whose frames are used; without it only generated clips are evaluated.
 */

import type { Frame } from "movinet";
import { expandSources, openModel } from "movinet/files";
import { classifyFrames, openEngine, Program, topK } from "movinet/session";
import { type CameraMotionLabel, cameraMotionLabels } from "../packages/movinet/src/synth/camera.ts";
import { renderCameraMotion } from "../packages/movinet/src/synth/render.ts";

import { moveWindow } from "../packages/movinet/test/synth/window.ts";
import { framesOf, row } from "./material.ts";

const [modelFile, videos] = process.argv.slice(2);
if (!modelFile) throw new TypeError("usage: camera-motion.ts MODEL [VIDEOS]");
const model = await openModel(modelFile);
const program = await Program.compile(model, await openEngine());
const { width: side } = model.card.input;
const { fps } = model.card;
const [frames, generatedClips] = [16, 500];

async function* framesIn(data: Uint8Array): AsyncGenerator<Frame> {
  const size = side * side * 3;
  for (let t = 0; t < frames; t++) {
    yield { data: data.subarray(t * size, (t + 1) * size), width: side, height: side, timestamp: t / fps };
  }
}

async function answer(data: Uint8Array): Promise<string> {
  let scores: Float32Array = new Float32Array();
  for await (const result of classifyFrames(framesIn(data), program)) scores = result.scores;
  return topK(scores, model.card.labels, 1)[0]?.label ?? "";
}

/** Correct answers by label. */
async function judge(name: string, clips: Iterable<readonly [label: CameraMotionLabel, data: Uint8Array]>) {
  const right = new Map(cameraMotionLabels.map((label) => [label, { right: 0, clips: 0 }]));
  for (const [label, data] of clips) {
    const count = right.get(label) as { right: number; clips: number };
    count.clips++;
    if ((await answer(data)) === label) count.right++;
  }
  const all = [...right.values()].reduce((a, b) => ({ right: a.right + b.right, clips: a.clips + b.clips }));
  for (const [label, count] of [...right, ["all", all] as const]) {
    row(name, label, count.right, count.clips, (count.right / count.clips).toFixed(3));
  }
}

function* generated() {
  for (let i = 0; i < generatedClips; i++) {
    const label = cameraMotionLabels[i % cameraMotionLabels.length] as CameraMotionLabel;
    yield [label, renderCameraMotion({ label, seed: `bench ${i}`, width: side, height: side, frames, fps })] as const;
  }
}

/** One frame from the middle of each video, every label on each. */
async function realPictures(folder: string): Promise<readonly Frame[]> {
  const pictures: Frame[] = [];
  for (const source of (await expandSources([folder])).sources) {
    const all = await framesOf(source, { fps: 2 }).catch(() => []);
    const middle = all[all.length >> 1];
    if (middle && Math.min(middle.width, middle.height) >= 120) pictures.push(middle);
  }
  return pictures;
}

row("clips,label,right,clips,share");
await judge("generated", generated());
if (videos) {
  const pictures = await realPictures(videos);
  const moves = pictures.flatMap((picture, p) =>
    cameraMotionLabels.map((label) => {
      return [label, moveWindow([picture], label, `bench ${p}`, { width: side, height: side, frames })] as const;
    }),
  );
  await judge("real pictures", moves);
}
await program[Symbol.asyncDispose]();

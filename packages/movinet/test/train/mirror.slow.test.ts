/** What mirroring is seen to change: how often rightly, how often wrongly, and on rendered clips. */
import { describe, expect, test } from "vitest";
import { randomOf } from "../../src/common/random.ts";
import { nodeEngine } from "../../src/engines/onnxruntime/onnx.node.ts";
import { type CameraMotionLabel, cameraMotionLabels } from "../../src/synth/camera.ts";
import { renderCameraMotion } from "../../src/synth/render.ts";
import { decideFlip } from "../../src/train/flip.ts";
import { FrozenBody } from "../../src/train/frozen-features.ts";
import { type HeadLayers, headOf } from "../../src/train/frozen-head.ts";
import { timesKernel } from "../../src/train/linear-algebra.ts";
import { type MirrorSample, testMirroring } from "../../src/train/mirror.ts";
import { openModel } from "../../src/zoo/lookup.node.ts";
import { type ShownClips, shownClips } from "./shown-clips.ts";

const layers = (seed: number): HeadLayers => {
  const random = randomOf(seed, "layers");
  const kernel = Float32Array.from({ length: 12 * 20 }, () => random.normal());
  const known = Float32Array.from({ length: 20 * 7 }, () => random.normal());
  const hidden = (x: Float32Array) => Float32Array.from(timesKernel(x, kernel), (v) => Math.min(Math.max(v, 0), 6));
  return { hidden, known, width: 12 };
};
const seeds = 20;
const found = (options: ShownClips, classes: readonly number[] | null) =>
  Array.from({ length: seeds }, (_, seed) => seed).filter((seed) => {
    const { changes } = testMirroring(shownClips(seed, options), layers(seed), { classes: options.classes, seed });
    return changes.some((change) => classes === null || String(change.classes) === String(classes));
  }).length;

describe("of 20 simulated datasets", () => {
  test.each<[string, ShownClips]>([
    ["its own mirror image", { classes: 2, groups: 10, each: 2, pairs: 0 }],
    ["few groups", { classes: 2, groups: 4, each: 5, pairs: 0 }],
    ["three classes", { classes: 3, groups: 8, each: 1, pairs: 0 }],
    ["noise", { classes: 2, groups: 20, each: 1, pairs: 0, random: true }],
    ["noise in few groups", { classes: 2, groups: 4, each: 5, pairs: 0, random: true }],
  ])("none changes but by chance: %s", (_, options) => {
    expect(found(options, null)).toBeLessThanOrEqual(1);
  });

  test.each<[string, ShownClips, readonly number[], number]>([
    ["two of two, 10 groups", { classes: 2, groups: 10, each: 2, pairs: 1 }, [0, 1], 19],
    ["two of two, 4 groups", { classes: 2, groups: 4, each: 5, pairs: 1 }, [0, 1], 17],
    ["two of three, 8 groups", { classes: 3, groups: 8, each: 2, pairs: 1 }, [0, 1], 17],
    ["one of three, 12 groups", { classes: 3, groups: 12, each: 2, pairs: 0, single: true }, [2], 13],
  ])("changes are seen: %s", (_, options, classes, atLeast) => {
    expect(found(options, classes)).toBeGreaterThanOrEqual(atLeast);
  });
});

test("of camera-motion's classes under other names, pans and rolls swap, and nothing else", async () => {
  const model = await openModel(
    new URL("../../../../apps/cli/models/camera-motion.safetensors", import.meta.url).pathname,
  );
  const body = await FrozenBody.compile(model, await nodeEngine({ threads: 1 }));
  const { width, height } = model.card.input;
  const samplesOf = async (labels: readonly CameraMotionLabel[], each: number) => {
    const samples: MirrorSample[] = [];
    for (let seed = 0; seed < each; seed++) {
      for (const [c, label] of labels.entries()) {
        const size = { width, height, frames: 12 };
        const data = renderCameraMotion({ ...size, label, seed: `mirror ${seed} ${c}`, fps: model.card.fps });
        const clip = { ...size, data };
        const [plain, mirrored] = [await body.pool(clip), await body.pool(clip, { mirror: true })];
        samples.push({ views: [plain], mirrored, classes: [c], group: null });
      }
    }
    return samples;
  };
  const samples = await samplesOf(cameraMotionLabels, 12);
  await body[Symbol.asyncDispose]();
  const measured = testMirroring(samples, headOf(model), { classes: cameraMotionLabels.length });
  expect(measured.changes.map(({ classes }) => classes)).toEqual([
    [0, 1],
    [6, 7],
  ]);
  const neutral = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
  expect(decideFlip(neutral, measured).why).toMatch(/mirrored clips of "a" are often mistaken for "b", and vice versa/);

  const few = (own: readonly number[]) => {
    const kept = samples.filter(({ classes: [c = -1] }) => own.includes(c));
    const renamed = kept.map((sample) => ({ ...sample, classes: [own.indexOf(sample.classes[0]!)] }));
    return testMirroring(renamed, headOf(model), { classes: own.length });
  };
  expect(few([0, 1]).changes.map(({ classes }) => classes)).toEqual([[0, 1]]);
  expect(few([2, 3, 4, 5])).toEqual({ changes: [], unseen: [] });
});

/** Clips of a camera that pans, under names that say nothing: what the features of `camera-motion` show of their mirror image. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { SourceClip } from "../../src/data/clip.ts";
import type { Sample } from "../../src/data/dataset.ts";
import { nodeEngine } from "../../src/engines/onnxruntime/onnx.node.ts";
import type { CameraMotionLabel } from "../../src/synth/camera.ts";
import { renderCameraMotion } from "../../src/synth/render.ts";
import { decideFlip } from "../../src/train/flip.ts";
import { FrozenBody } from "../../src/train/frozen-features.ts";
import type { HeadSample } from "../../src/train/frozen-head.ts";
import { type MirrorOptions, mirrorTest } from "../../src/train/mirror.node.ts";
import { openModel } from "../../src/zoo/lookup.node.ts";

const file = fileURLToPath(new URL("../../../../apps/cli/models/camera-motion.safetensors", import.meta.url));
const frames = 8;
const each = 7;

async function open(labels: readonly CameraMotionLabel[]) {
  const model = await openModel(file);
  const engine = await nodeEngine({ threads: 1 });
  const { width, height, fit } = model.card.input;
  const { fps } = model.card;
  const clips = new Map<Sample, SourceClip>();
  const features = new Map<Sample, HeadSample>();
  const body = await FrozenBody.compile(model, engine);
  for (const [c, label] of labels.entries()) {
    for (let i = 0; i < each; i++) {
      const name = `${label} ${i}`;
      const part = { split: null, group: null, start: null, end: null };
      const sample: Sample = { file: name, name, classes: [c], ...part };
      const data = renderCameraMotion({ label, seed: name, width, height, frames, fps });
      clips.set(sample, { data, frames, width, height } as SourceClip);
      features.set(sample, { views: [await body.pool({ data, frames, width, height })], classes: [c], group: null });
    }
  }
  await body[Symbol.asyncDispose]();
  const cache: MirrorOptions["cache"] = {
    read: async (sample, view) => {
      expect(view).toEqual({ width, height, fit, fps });
      return clips.get(sample) as SourceClip;
    },
  };
  const samples = [...clips.keys()];
  return {
    samples,
    look: (options: Partial<MirrorOptions> = {}) =>
      mirrorTest(
        model,
        samples,
        { features, view: { fps, fits: [fit] } },
        { cache, engine, classes: labels.length, ...options },
      ),
  };
}

test("pans to the left and right swap, whatever they are called", async () => {
  const told: string[] = [];
  const pans = await open(["pan left", "pan right"]);
  const measured = await pans.look({ onProgress: ({ done, total }) => told.push(`${done}/${total}`) });
  expect(told).toHaveLength(2 * each);
  expect(told.at(-1)).toBe("14/14");
  expect(measured.changes.map(({ classes }) => classes)).toEqual([[0, 1]]);
  expect(decideFlip(["a", "b"], measured).flip).toBe(false);
  const stopped = pans.look({ signal: AbortSignal.abort(new Error("enough")) });
  await expect(stopped).rejects.toThrow("enough");
});

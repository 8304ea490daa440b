/** float16 TFLite files: two bytes for each parameter, and logits like the float32 network's. */
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { buildGraph } from "../../../src/arch/build.ts";
import { specNames } from "../../../src/arch/spec.ts";
import { readModel } from "../../../src/formats/model-file.ts";
import { emitTflite } from "../../../src/formats/tflite/write/emit.ts";
import { elementsOf } from "../../../src/graph/shapes.ts";
import type { Model } from "../../../src/model/model.ts";
import { openFile } from "../../../src/verify/open-file.node.ts";
import { distance, hashedModel, randomPictures } from "../../laws/models.ts";
import { hasShared, officialModel, sharedReason } from "../../shared.ts";

const overhead = 200e3;
/** Differences relative to the larger of 1 and the largest logit; the `cow` network, whose values grow to 1,187, has 2.8e-3. */
const most = { hashed: 2e-3, trained: 3e-3 } as const;
const frames = 3;

async function check(model: Model, weights: keyof typeof most): Promise<void> {
  const { params } = buildGraph(model.spec, { form: "clip", frames: 1 });
  const parameters = Object.values(params).reduce((sum, { shape }) => sum + elementsOf(shape), 0);
  const half = emitTflite(model, { dtype: "float16" });
  expect(half.length).toBeLessThanOrEqual(2 * parameters + overhead);
  const { height, width } = model.spec.resolution;
  const pictures = randomPictures(1, frames, height, width);
  const clip = Array.from({ length: frames }, (_, t) =>
    pictures.subarray((t * pictures.length) / frames, ((t + 1) * pictures.length) / frames),
  );
  const answers = async (bytes: Uint8Array) => {
    const file = await openFile({ bytes, name: "m.tflite", format: "tflite", card: {} });
    return file.runner.logits(clip).finally(() => file.close());
  };
  const [full, other] = [await answers(emitTflite(model)), await answers(half)];
  const worst = Math.max(...full.map((row, t) => distance(row, other[t] ?? [])));
  const largest = Math.max(1, ...full.flatMap((row) => [...row].map(Math.abs)));
  expect(worst / largest).toBeLessThanOrEqual(most[weights]);
  expect(worst).toBeGreaterThan(0);
}

const streams = specNames.filter((name) => name.endsWith("-stream"));

test.each(streams)("%s, weights from names", async (name) => {
  await check(hashedModel(name, { resolution: { height: 96, width: 96 } }), "hashed");
});

const cow = officialModel.replace(/[^/]*$/, "cow_a0_stream_dynamic.tflite");

test.skipIf(!hasShared || !existsSync(cow))(`trained weights${sharedReason}`, async () => {
  for (const file of [officialModel, cow]) await check(readModel(readFileSync(file), file), "trained");
});

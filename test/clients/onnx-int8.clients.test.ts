/** int8 ONNX files in Python's ONNX Runtime: on real clips they say what the int8 TFLite file says in LiteRT.js. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { emitOnnx, emitTflite, readModel } from "movinet/formats";
import { openEngine, Program, preprocess, probabilities } from "movinet/session";
import { openVideo } from "movinet/video";
import { afterAll, describe, expect, test } from "vitest";
import { quantizedOnClips, quantizedOnScenes } from "../../bench/quantized.ts";
import { sceneClips, streamLengths } from "../../packages/movinet/src/verify/clips.ts";
import {
  hasShared,
  officialModel,
  readManifest,
  sharedFolder,
  sharedReason,
} from "../../packages/movinet/test/shared.ts";
import { pythonObstacle, pythonWith, runPython } from "./environment.ts";

type Model = Parameters<typeof emitOnnx>[0];
type Clip = readonly Float32Array[];

const folder = mkdtempSync(join(tmpdir(), "movinet-clients-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const obstacle = pythonObstacle("3.12");
const int8 = { dtype: "int8" } as const;
const camera = fileURLToPath(new URL("../../apps/cli/models/camera-motion.safetensors", import.meta.url));

const likeliest = (row: ArrayLike<number>) => Array.from(row).indexOf(Math.max(...Array.from(row)));

/** How often both name the same class, of all frames and of those that LiteRT.js is sure of, and the largest difference in steps of logits. */
async function compare(model: Model, clips: readonly Clip[]) {
  const python = await pythonWith("3.12", "onnx-int8", ["onnx==1.23.2", "onnxruntime==1.32.0", "numpy==2.5.5"]);
  const file = join(folder, "int8.onnx");
  writeFileSync(file, emitOnnx(model, int8));
  const pictures = clips.map((clip, i) => {
    const path = join(folder, `${i}.f32`);
    writeFileSync(
      path,
      Buffer.concat(clip.map((picture) => new Uint8Array(picture.buffer, picture.byteOffset, picture.byteLength))),
    );
    return path;
  });
  const { height, width } = model.spec.resolution;
  const said = await runPython<readonly (readonly (readonly number[])[])[]>(
    python,
    "onnx_int8.py",
    ...[file, String(height), String(width), ...pictures],
  );
  const engine = await openEngine({ device: "litert" });
  await using program = await Program.open(emitTflite(model, int8), "int8", engine);
  const [low, high] = model.integers?.ranges["classifier2"] ?? [0, 0];
  const step = (high - low) / 255;
  const count = { frames: 0, same: 0, sure: 0, sureSame: 0, worst: 0 };
  for (const [i, clip] of clips.entries()) {
    const stream = await program.openStream();
    for (const [t, picture] of clip.entries()) {
      const { logits } = await stream.step(picture);
      const other = said[i]?.[t] ?? [];
      const isSame = likeliest(logits) === likeliest(other);
      const [first = 0, second = 0] = probabilities(logits, model.card.output).toSorted((a, b) => b - a);
      const isSure = first - second >= 0.1;
      count.frames++;
      if (isSame) count.same++;
      if (isSure) count.sure++;
      if (isSure && isSame) count.sureSame++;
      const steps = logits.map((value, c) => Math.abs(value - (other[c] ?? Number.NaN)) / step);
      count.worst = Math.max(count.worst, ...steps);
    }
    await stream[Symbol.asyncDispose]();
  }
  return count;
}

function check({ frames, same, sure, sureSame, worst }: Awaited<ReturnType<typeof compare>>, least: number): void {
  expect(frames).toBeGreaterThan(least);
  expect(sureSame).toBeGreaterThanOrEqual(0.99 * sure);
  // Near ties are decided by a step.
  expect(same / frames).toBeGreaterThanOrEqual(0.97);
  expect(worst).toBeLessThan(8.5);
}

describe.skipIf(obstacle !== "")(`int8 in Python's ONNX Runtime${obstacle}`, () => {
  test("the embedded model on generated scenes", async () => {
    const model = await quantizedOnScenes(readModel(readFileSync(camera), camera));
    check(await compare(model, sceneClips(model.spec, streamLengths)), 30);
  });

  test.skipIf(!hasShared)(`Google's A0 weights on real clips${sharedReason}`, async () => {
    const model = await quantizedOnClips(readModel(readFileSync(officialModel), officialModel), "dataset/yoga6");
    const { fps, input } = model.card;
    const clips: Float32Array[][] = [];
    for (const { file } of readManifest().filter(({ group }) => group === "k600")) {
      const clip: Float32Array[] = [];
      for await (const frame of openVideo(join(sharedFolder, "videos", file), { fps, size: input })) {
        if (clip.push(preprocess(frame, input)) === 10) break;
      }
      clips.push(clip);
    }
    const found = await compare(model, clips);
    check(found, 150);
    expect(found.sure).toBeGreaterThan(100);
  });
});

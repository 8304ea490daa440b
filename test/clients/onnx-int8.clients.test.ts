/** int8 ONNX files in Python's ONNX Runtime: on real clips they say what the int8 TFLite file says in LiteRT.js. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { emitOnnx, emitTflite, readModel } from "movinet/formats";
import { openEngine, Program, preprocess } from "movinet/session";
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

/** How often both name the same class, and the largest difference in steps of the grid of logits. */
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
  let [frames, same, worst] = [0, 0, 0];
  for (const [i, clip] of clips.entries()) {
    const stream = await program.openStream();
    for (const [t, picture] of clip.entries()) {
      const { logits } = await stream.step(picture);
      const other = said[i]?.[t] ?? [];
      frames++;
      if (likeliest(logits) === likeliest(other)) same++;
      worst = Math.max(worst, ...logits.map((value, c) => Math.abs(value - (other[c] ?? Number.NaN)) / step));
    }
    await stream[Symbol.asyncDispose]();
  }
  return { frames, same, worst };
}

describe.skipIf(obstacle !== "")(`int8 in Python's ONNX Runtime${obstacle}`, () => {
  test("the embedded model on generated scenes", async () => {
    const model = await quantizedOnScenes(readModel(readFileSync(camera), camera));
    const { frames, same, worst } = await compare(model, sceneClips(model.spec, streamLengths));
    expect(frames).toBeGreaterThan(30);
    expect(same / frames).toBeGreaterThanOrEqual(0.99);
    expect(worst).toBeLessThan(8.5);
  });

  test.skipIf(!hasShared)(`Google's A0 weights on real clips${sharedReason}`, async () => {
    const model = await quantizedOnClips(readModel(readFileSync(officialModel), officialModel), "dataset/yoga6");
    const { fps, input } = model.card;
    const clips: Float32Array[][] = [];
    for (const { file } of readManifest().filter(({ group }) => group === "k600")) {
      const clip: Float32Array[] = [];
      for await (const frame of openVideo(join(sharedFolder, "videos", file), { fps, size: input })) {
        if (clip.push(preprocess(frame, input)) === 20) break;
      }
      clips.push(clip);
    }
    const { frames, same, worst } = await compare(model, clips);
    expect(frames).toBeGreaterThan(300);
    expect(same / frames).toBeGreaterThanOrEqual(0.99);
    expect(worst).toBeLessThan(8.5);
  });
});

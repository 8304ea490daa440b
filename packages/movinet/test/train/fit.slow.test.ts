import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { buildGraph } from "../../src/arch/build.ts";
import { randomWeights } from "../../src/arch/random-weights.ts";
import { type Spec, specOf } from "../../src/arch/spec.ts";
import { randomOf } from "../../src/common/random.ts";
import { recipes } from "../../src/data/augment.ts";
import { defaultCard } from "../../src/model/card.ts";
import type { Model } from "../../src/model/model.ts";
import { readCheckpoint, writeCheckpoint } from "../../src/train/checkpoint.node.ts";
import { fitModel } from "../../src/train/fit.node.ts";
import type { FitClip, FitOptions } from "../../src/train/fit-options.node.ts";
import type { TrainSettings } from "../../src/train/settings.ts";

const folder = mkdtempSync(join(tmpdir(), "movinet-fit-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

const [side, frames, classes] = [12, 3, 2];
const kernel = { time: 3, space: 3 } as const;
const spec: Spec = {
  ...specOf("a0-stream", { classes, resolution: { height: side, width: side } }),
  stem: 8,
  blocks: [
    { filters: 8, stride: 2, layers: [{ expand: 16, kernel }] },
    { filters: 8, stride: 1, layers: [{ expand: 16, kernel }] },
  ],
  head: 16,
  hidden: 16,
};
const weights = randomWeights(buildGraph(spec, { form: "clip", frames: 1 }), 1);
const model: Model = { spec, weights, card: { ...defaultCard(spec), labels: ["dark", "bright"] } };

/** Clips that are told apart by their brightness. */
const clips: readonly FitClip[] = Array.from({ length: 12 }, (_, i) => {
  const random = randomOf("fit", i);
  const file = join(folder, `${i}.f32`);
  const level = i % 2 === 0 ? 0.2 : 0.6;
  writeFileSync(
    file,
    Float32Array.from({ length: frames * side * side * 3 }, () => level + 0.3 * random.next()),
  );
  const input = { source: { kind: "tensor", file } as const, classes: [i % 2] };
  return { name: `clip ${i}`, varied: () => input, plain: () => input };
});

const settings: TrainSettings = {
  trainable: "all",
  statistics: "stored",
  frames,
  batch: 4,
  group: 1,
  epochs: 4,
  optimizer: "adamw",
  learningRate: 1e-2,
  warmup: 0.1,
  weightDecay: 0.01,
  labelSmoothing: 0.1,
  dropout: 0.2,
  stochasticDepth: 0.1,
  averageDecay: 0.5,
  augment: recipes.none,
  views: 2,
  patience: 0,
  threads: 2,
  seed: 3,
};

const parts = { train: clips.slice(0, 8), validation: clips.slice(8) };
const run = (name: string, changed: Partial<TrainSettings> = {}, options: Partial<FitOptions> = {}) =>
  fitModel(model, parts, { settings: { ...settings, ...changed }, folder: join(folder, name), ...options });

function bytesOf({ weights: learned }: Model): string {
  return [...learned]
    .map(([name, { data }]) => `${name} ${Buffer.from(data.slice().buffer).toString("base64")}`)
    .join("\n");
}

it("what a training thread meets keeps its code", async () => {
  const part = { split: null, group: null, start: null, end: null };
  const sample = { file: join(folder, "gone.mp4"), name: "gone.mp4", classes: [0], ...part };
  const view = { width: side, height: side, fit: "squash", fps: 5 } as const;
  const target = { width: side, height: side, fit: "squash" } as const;
  const kind = "video" as const;
  const source = { kind, sample, view, folder: join(folder, "clips"), frames, fps: 5, target, recipe: null };
  const gone: FitClip = { ...(clips[0] as FitClip), varied: () => ({ source, classes: [0] }) };
  const fitting = fitModel(model, { ...parts, train: [gone] }, { settings, folder: join(folder, "gone") });
  await expect(fitting).rejects.toMatchObject({ name: "DatasetError", code: "E_DATASET_CLIP", subject: sample.file });
});

describe("training by gradients", () => {
  it.each<[string, Partial<TrainSettings>]>([
    ["everything, stored statistics", { learningRate: 3e-2 }],
    ["everything, batch statistics", { statistics: "batch", group: 2 }],
    ["the last block on kept features", { trainable: { lastBlocks: 1 }, learningRate: 3e-2 }],
    ["the head on kept features", { trainable: "head", learningRate: 3e-2 }],
  ])("tells bright clips from dark ones: %s", async (name, changed) => {
    const { history, model: learned } = await run(`learn ${name}`, { epochs: 30, dropout: 0, ...changed });
    expect(history.at(-1)?.validationTop1).toBe(1);
    expect(history.at(-1)?.loss).toBeLessThan((history[0]?.loss ?? 0) - 0.05);
    expect([...learned.weights.keys()]).toEqual([...weights.keys()]);
  });

  it("leaves frozen parameters alone, but for folded norms", async () => {
    const { model: learned } = await run("frozen", { trainable: "classifier", epochs: 2 });
    const again = await run("frozen more", { trainable: "classifier", epochs: 4 });
    for (const [name, { data }] of learned.weights) {
      if (!name.startsWith("classifier2")) expect(again.model.weights.get(name)?.data, name).toEqual(data);
    }
  });

  it.each<[string, Partial<TrainSettings>]>([
    ["all", {}],
    ["batch statistics", { statistics: "batch", group: 2 }],
    ["last block", { trainable: { lastBlocks: 1 } }],
  ])("goes on bit-equal after it was stopped anywhere: %s", async (name, changed) => {
    const whole = await run(`whole ${name}`, changed);
    for (const stopAfter of [2, 5]) {
      const target = `stopped ${name} ${stopAfter}`;
      const abort = new AbortController();
      let steps = 0;
      const stop = ({ phase }: { phase: string }) => {
        if (phase === "training" && ++steps === stopAfter) abort.abort(new Error("stopped"));
      };
      await expect(run(target, changed, { signal: abort.signal, onProgress: stop })).rejects.toThrow("stopped");
      const resumed = await run(target, changed);
      expect(bytesOf(resumed.model)).toBe(bytesOf(whole.model));
      expect(resumed.history).toEqual(whole.history);
    }
  });

  it("that is finished is read again without a step, and keeps nothing else", async () => {
    const changed = { trainable: { lastBlocks: 1 }, learningRate: 3e-2 } as const;
    const first = await run("finished", changed);
    expect(readdirSync(join(folder, "finished"))).toEqual(["finished.safetensors"]);
    const again = await run("finished", changed, {
      onProgress: ({ phase }) => {
        throw new Error(phase);
      },
    });
    expect(bytesOf(again.model)).toBe(bytesOf(first.model));
    expect([...again.model.weights].map(([name, { shape }]) => [name, shape])).toEqual(
      [...first.model.weights].map(([name, { shape }]) => [name, shape]),
    );
    expect({ history: again.history, best: again.bestEpoch }).toEqual({
      history: first.history,
      best: first.bestEpoch,
    });
  });

  it("refuses a saved state of another network", async () => {
    const saved = { state: new Map([["weights/a", Float32Array.of(1)]]), progress: {} };
    mkdirSync(join(folder, "another"));
    await writeCheckpoint(join(folder, "another", "checkpoint.safetensors"), saved);
    await expect(run("another", {})).rejects.toThrow("the saved state does not match at weights/");
  });

  it("tells the learning rate of each epoch's last step", async () => {
    const { history } = await run("rates", { epochs: 4, warmup: 0.5, learningRate: 1 });
    const rates = history.map(({ learningRate }) => learningRate);
    expect(rates[0]).toBeGreaterThan(0);
    expect(rates[1]).toBeGreaterThan(rates[0] as number);
    expect(rates[3]).toBeLessThan(rates[1] as number);
  });

  it("stops with one line where the loss is no number, and keeps the last checkpoint", async () => {
    const failed = run("diverged", { optimizer: "sgd", learningRate: 1e20 });
    await expect(failed).rejects.toMatchObject({ code: "E_TRAIN_DIVERGED" });
  });
});

describe("checkpoints", () => {
  it("are read as they were written, and refused where they are damaged", async () => {
    const file = join(folder, "checkpoint.safetensors");
    const state = new Map([["a", Float32Array.of(1, -0, 3.5)]]);
    await writeCheckpoint(file, { state, progress: { epoch: 3 } });
    expect(await readCheckpoint(file)).toEqual({ state, progress: { epoch: 3 } });
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, bytes.length - 5));
    await expect(readCheckpoint(file)).rejects.toMatchObject({ code: "E_TRAIN_CHECKPOINT" });
    expect(await readCheckpoint(join(folder, "none"))).toBeNull();
  });
});

/**
 * From the real addresses to the reference's logits: each form in which public weights come, over https and under the hosts' own names.
 * The table is the product's own, but for hashes, classes and sizes of the files that stand in for the real ones.
 */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildGraph } from "../../src/arch/build.ts";
import { writePytorch } from "../../src/formats/pytorch/write.ts";
import { crc32c, masked } from "../../src/formats/tensorflow/crc32c.ts";
import { emitTflite } from "../../src/formats/tflite/write/emit.ts";
import { hubKeys } from "../../src/formats/weights/origins/hub.ts";
import type { Model } from "../../src/model/model.ts";
import type { ZooModel } from "../../src/zoo/registry.ts";
import { withoutTexts } from "../formats/pytorch/torch-file.ts";
import { bundleOf, type Stored } from "../formats/tensorflow/bundles.ts";
import { sharedJson, streamLogits } from "../formats/tflite/shared.ts";
import { figuresOf, largestDifference, modelOfFigures } from "../golden/figures.ts";
import { hashedFrames } from "../golden/material.ts";
import { hasShared, sharedFolder, sharedReason } from "../shared.ts";
import { checkLogits, pathOf, rowOf, small, useWorld } from "./golden-world.ts";
import { file, status } from "./server.ts";

const { cache, world, bring, putArchive } = useWorld();
const golden = (path: string) => new Uint8Array(readFileSync(`${sharedFolder}/golden/${path}`));

describe("a raw file of the PyTorch port, pinned by its git blob id", () => {
  const check = async (name: "a0-stream" | "a0-base", figures: string, content: Uint8Array) => {
    const row = rowOf(name, small, content);
    world().paths.set(pathOf(row, 0), file(content));
    const model = await bring(row);
    await checkLogits(model, figures);
    expect(world().asked).toEqual([pathOf(row, 0)]);
    expect(model.card).toMatchObject({ name, licence: "MIT", accuracy: row.accuracy });
    expect(model.card.source).toMatch(/^https:\/\/raw\.githubusercontent\.com\/\S+ \(SHA-256 [0-9a-f]{64}\)$/);
  };

  test.each([
    ["a0-stream", "a0-stream-10classes-gateA"],
    ["a0-base", "a0-base-10classes"],
  ] as const)("%s, as we write it", async (name, figures) => {
    await check(name, figures, withoutTexts(writePytorch(modelOfFigures(figuresOf(figures)))));
  });

  test.skipIf(!hasShared).each([
    ["a0-stream", "a0-stream-10classes-gateA", "pytorch_a0_stream_10classes.pt"],
    ["a0-base", "a0-base-10classes", "pytorch_a0_base_10classes.pt"],
  ] as const)(`%s, the port's own${sharedReason}`, async (name, figures, path) => {
    await check(name, figures, golden(path));
  });
});

describe("an archive of a SavedModel at Kaggle, pinned by what came first", () => {
  const check = async (row: ZooModel, figures: string, entries: Readonly<Record<string, Uint8Array>>) => {
    const at = row.sources.length - 1;
    for (const { url } of row.sources.slice(0, at)) world().paths.set(url.replace("https://", ""), status(404));
    putArchive(pathOf(row, at), { "./saved_model.pb": Uint8Array.of(8, 1), ...entries });
    const model = await bring(row);
    await checkLogits(model, figures);
    expect(model.card).toMatchObject({ name: row.name, licence: "Apache-2.0" });
    const { pins } = JSON.parse(await readFile(join(cache(), "models.lock.json"), "utf8"));
    expect(Object.keys(pins)).toEqual([row.sources[at]?.url]);
  };

  /** Files as the hub's models have them: anonymous keys, here in two shards and a compressed table. */
  const ofHub = ({ spec, weights }: Model) => {
    const { params } = buildGraph(spec, { form: "clip", frames: 1 });
    const stored = [...hubKeys(params)].map(([name, key]): [string, Stored] => {
      const { shape, data } = weights.get(name) as { shape: readonly number[]; data: Float32Array };
      const content = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      return [`${key}/.ATTRIBUTES/VARIABLE_VALUE`, { dtype: 1, shape, content, checksum: masked(crc32c(content)) }];
    });
    const { index, shards } = bundleOf(new Map(stored), { shards: 2, snappy: true });
    const files = [...shards].map(([ending, bytes]) => [`./variables/variables${ending}`, bytes] as const);
    return { "./variables/variables.index": index, ...Object.fromEntries(files) };
  };

  test.each([
    ["a0-stream", "a0-stream-10classes-gateA"],
    ["a0-base", "a0-base-10classes"],
    ["a3-stream", "a3-stream"],
  ] as const)("%s, with the hub's keys", async (name, figures) => {
    const { spec } = modelOfFigures(figuresOf(figures));
    // Figures of A3 are of the gate of today's code.
    const told = { ...small, gate: spec.gate };
    await check(rowOf(name, told), figures, ofHub(modelOfFigures(figuresOf(figures))));
  });

  const bundle = (folder: string) => ({
    "variables/variables.index": golden(`${folder}/variables/variables.index`),
    "variables/variables.data-00000-of-00001": golden(`${folder}/variables/variables.data-00000-of-00001`),
  });

  test.skipIf(!hasShared)(`a0-stream, of the official export${sharedReason}`, async () => {
    const row = rowOf("a0-stream", { ...small, gate: "hard_sigmoid_b" });
    await check(row, "a0-stream-10classes", bundle("savedmodel_a0_stream_10classes"));
  });

  test.skipIf(!hasShared)(`T0 under the keys of the published models${sharedReason}`, async () => {
    const row = { ...rowOf("a0-base", small), spec: "t0-base" } as const;
    await check(row, "t0-base-10classes", bundle("hub_t0_base_10classes"));
  });
});

describe("a TFLite file in an archive", () => {
  test("a0-stream-float16, as we write it", async () => {
    const given = modelOfFigures(figuresOf("a0-stream-10classes"));
    const row = rowOf("a0-stream-float16", {});
    putArchive(pathOf(row, 0), { "2.tflite": emitTflite(given, { form: "official", dtype: "float16" }) });
    const { spec, weights } = await bring(row);
    const frames = hashedFrames(2, 64, 64);
    const [expected, got] = [
      await streamLogits(given.spec, given.weights, frames),
      await streamLogits(spec, weights, frames),
    ];
    expect(largestDifference([...(expected[1] ?? [])], got[1] ?? [])).toBeLessThanOrEqual(0.01);
  });

  test.skipIf(!hasShared)(`a0-stream-float16, of the official export${sharedReason}`, async () => {
    const row = rowOf("a0-stream-float16", {});
    putArchive(pathOf(row, 0), { "2.tflite": golden("tflite/a0_stream_fp16.tflite") });
    const { spec, weights } = await bring(row);
    const { height, width } = spec.resolution;
    const got = await streamLogits(spec, weights, hashedFrames(6, height, width));
    const { logits } = sharedJson("golden/tflite/a0_stream_fp16.json");
    for (const [t, frame] of got.entries()) {
      expect(largestDifference(logits[t] ?? [Number.NaN], frame)).toBeLessThanOrEqual(1e-4);
    }
  });
});

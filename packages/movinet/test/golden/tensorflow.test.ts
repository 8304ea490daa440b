/** Checkpoints of the official code and of the hub say what the reference implementation says: law 1 from SavedModels to the logits. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeEngine } from "../../src/engines/onnxruntime/onnx.node.ts";
import { writeCheckpoint } from "../../src/formats/tensorflow/write/checkpoint.ts";
import { openModel } from "../../src/zoo/lookup.node.ts";
import { tarOf } from "../formats/tar.ts";
import { hasShared, sharedFolder, sharedReason } from "../shared.ts";
import { figuresOf, modelOfFigures } from "./figures.ts";
import { checkBackendParity } from "./parity.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "movinet-tensorflow-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Opens a network of the case, checks what is known of it, and compares its answers. */
async function checkAt(path: string, name: string): Promise<void> {
  const figures = figuresOf(name);
  const expected = modelOfFigures(figures);
  // The figures are of small pictures, and of as many frames as they have.
  const { spec, weights, card } = await openModel(path, { told: { resolution: expected.spec.resolution } });
  expect(spec).toEqual(expected.spec);
  const frames = spec.mode === "base" ? figures.shape[1] : null;
  await checkBackendParity(figures, await nodeEngine({ threads: 1 }), { spec, weights, card: { ...card, frames } });
}

describe.skipIf(!hasShared).each([
  ["savedmodel_a0_stream_10classes", "a0-stream-10classes"],
  ["savedmodel_t0_base_10classes", "t0-base-10classes"],
  ["hub_t0_base_10classes", "t0-base-10classes"],
])(`golden/%s${sharedReason}`, (saved, name) => {
  const at = join(sharedFolder, "golden", saved);
  const variables = join(at, "variables/variables");

  test("as a folder", () => checkAt(at, name));
  test("as a checkpoint's prefix", () => checkAt(variables, name));

  test("written and read again it is the same, to the bit", async () => {
    const { spec, weights, card } = await openModel(at);
    const files = writeCheckpoint({ spec, weights, card });
    for (const [ending, bytes] of files) writeFileSync(join(folder, `${saved}${ending}`), bytes);
    const again = await openModel(join(folder, saved));
    expect({ ...again, weights: null }).toEqual({ spec, weights: null, card, warnings: [] });
    expect(new Set(again.weights.keys())).toEqual(new Set(weights.keys()));
    for (const [ending, bytes] of writeCheckpoint(again)) {
      expect(Buffer.compare(bytes, files.get(ending) as Uint8Array), ending).toBe(0);
    }
  });
});

test.skipIf(!hasShared)(`a hub's archive${sharedReason}`, async () => {
  const names = ["variables/variables.index", "variables/variables.data-00000-of-00001"];
  const files = names.map((name) => ({
    name: `./${name}`,
    content: readFileSync(join(sharedFolder, "golden/hub_t0_base_10classes", name)),
  }));
  const path = join(folder, "t0.tar.gz");
  writeFileSync(path, gzipSync(tarOf([{ name: "./variables/", type: "5" }, ...files]), { level: 1 }));
  await checkAt(path, "t0-base-10classes");
});

test("a checkpoint that we wrote", async () => {
  mkdirSync(join(folder, "own"));
  for (const [ending, bytes] of writeCheckpoint(modelOfFigures(figuresOf("t0-stream-posenc-10classes")))) {
    writeFileSync(join(folder, `own/ckpt-1${ending}`), bytes);
  }
  await checkAt(join(folder, "own"), "t0-stream-posenc-10classes");
});

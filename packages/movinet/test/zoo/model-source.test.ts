/** A model is found by its folder, its prefix, one of its files or its archive; what is missing or too much is told. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeModel } from "../../src/formats/model-file.ts";
import { writeCheckpoint } from "../../src/formats/tensorflow/write/checkpoint.ts";
import { openModel } from "../../src/zoo/lookup.node.ts";
import { ModelSource } from "../../src/zoo/model-source.node.ts";
import { tarOf } from "../formats/tar.ts";
import { hashedModel } from "../laws/models.ts";
import { told } from "../told.ts";

const model = hashedModel("t0-stream", { classes: 3, resolution: { height: 32, width: 32 } });
const files = writeCheckpoint(model);
let folder: string;
const at = (...names: readonly string[]) => join(folder, ...names);
/** The files of the checkpoint under a prefix. */
function put(prefix: string, endings: readonly string[] = [...files.keys()]): void {
  mkdirSync(join(prefix, ".."), { recursive: true });
  for (const ending of endings) writeFileSync(prefix + ending, files.get(ending) as Uint8Array);
}
const archive = (entries: readonly (readonly [string, Uint8Array])[]) =>
  tarOf(entries.map(([name, content]) => ({ name, content })));
const inArchive = (prefix: string) => [...files].map(([ending, bytes]) => [prefix + ending, bytes] as const);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "movinet-source-"));
  put(at("saved/variables/variables"));
  writeFileSync(at("saved/saved_model.pb"), new Uint8Array([8, 1, 18, 2, 10, 0]));
  put(at("run/ckpt-7"));
  writeFileSync(at("run/checkpoint"), 'model_checkpoint_path: "ckpt-7"\n');
  put(at("two/ckpt-1"));
  put(at("two/ckpt-2"));
  put(at("torn/ckpt-1"), [".index"]);
  put(at("headless/ckpt-1"), [".data-00000-of-00001"]);
  mkdirSync(at("hollow"));
  writeFileSync(at("hollow/saved_model.pb"), new Uint8Array([8, 1, 18, 2, 10, 0]));
  writeFileSync(at("m.tar.gz"), gzipSync(archive(inArchive("./variables/variables")), { level: 1 }));
  writeFileSync(at("m.tar"), archive(inArchive("ckpt-1")));
  writeFileSync(at("file.tar.gz"), gzipSync(archive([["1/m.safetensors", writeModel(model)]]), { level: 1 }));
  writeFileSync(at("both.tar"), archive([...inArchive("a"), ...inArchive("b")]));
  writeFileSync(at("none.tar"), archive([["README", new Uint8Array(3)]]));
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  "saved",
  "saved/saved_model.pb",
  "saved/variables",
  "saved/variables/variables",
  "run",
  "run/checkpoint",
  "run/ckpt-7",
  "run/ckpt-7.index",
  "run/ckpt-7.data-00000-of-00001",
  "two/ckpt-2",
  "m.tar.gz",
  "m.tar",
  "file.tar.gz",
])("a model at %s", async (path) => {
  const { spec, weights } = await openModel(at(path));
  expect(spec).toEqual(model.spec);
  expect(weights.get("stem.kernel")).toEqual(model.weights.get("stem.kernel"));
});

describe("a path is refused", () => {
  test.each([
    [
      "two",
      "E_MODEL_FORMAT",
      "it contains 2 checkpoints (ckpt-1, ckpt-2). Pass the path of one of them, without the file extension",
    ],
    ["torn/ckpt-1", "E_MODEL_FORMAT", "the file .data-00000-of-00001, which contains"],
    [
      "headless/ckpt-1.data-00000-of-00001",
      "E_MODEL_FORMAT",
      "it is one file of a TensorFlow checkpoint. Keep all of its files in one folder",
    ],
    ["hollow", "E_MODEL_UNREADABLE", "this SavedModel folder has no weights"],
    ["hollow/saved_model.pb", "E_MODEL_FORMAT", "it is a TensorFlow SavedModel without its weights"],
    ["both.tar", "E_MODEL_FORMAT", "it contains 2 checkpoints (a, b)"],
    ["none.tar", "E_MODEL_FORMAT", "it contains no model"],
    ["nothing/ckpt", "E_MODEL_NOT_FOUND", "no model file or model name matches"],
  ])("%s", async (path, code, message) => {
    await expect(openModel(at(path))).rejects.toEqual(told(code, message));
  });
});

test("the bytes of one file, the model of several", async () => {
  writeFileSync(at("m.safetensors"), writeModel(model));
  expect(await (await ModelSource.at(at("m.safetensors"))).read()).toEqual(writeModel(model));
  expect(await (await ModelSource.at(at("saved"))).read()).toMatchObject({ spec: model.spec, format: "checkpoint" });
  expect(await (await ModelSource.at(at("file.tar.gz"))).read()).toMatchObject({
    spec: model.spec,
    format: "safetensors",
  });
});

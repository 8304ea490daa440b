/** What is no model says what it is, in one line; what cannot be read is not an internal error. */
import { chmod, mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ModelError } from "../../src/common/errors.ts";
import { unreadable } from "../../src/common/read.node.ts";
import { readModel, writeModel } from "../../src/formats/model-file.ts";
import { writeOnnx } from "../../src/formats/onnx/proto.ts";
import { emitOnnx } from "../../src/formats/onnx/write/file.ts";
import { emitTflite } from "../../src/formats/tflite/write/emit.ts";
import { openModel } from "../../src/zoo/lookup.node.ts";
import { hashedModel } from "../laws/models.ts";

const model = hashedModel("t0-stream", { classes: 3, resolution: { height: 32, width: 32 } });
const text = (content: string) => new Uint8Array(Buffer.from(content, "latin1"));
const padded = (content: string) => text(content.padEnd(4000, "\x07\xa1\0z"));

const strangers: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ["nothing", new Uint8Array(), /it is empty/],
  [
    "a Git LFS pointer",
    text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3276048\n"),
    /a Git LFS pointer.*git lfs pull/,
  ],
  ["a web page", text("\n<!DOCTYPE html><html lang=en><title>Sign in"), /a web page/],
  ["a web page with a comment", text("<!-- saved -->\n<HTML>"), /a web page/],
  ["a server's XML", text('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'), /it is XML/],
  ["a server's JSON", text('{"error": "not found"}'), /it is JSON/],
  ["a short text", text("Not Found\n"), /it is text \("Not Found"\)/],
  ["gzip", new Uint8Array(gzipSync("x".repeat(100))), /a gzip archive.*Unpack it/],
  ["tar", text(`model.tflite${"\0".repeat(245)}ustar  \0${"\0".repeat(300)}`), /a tar archive/],
  ["a ZIP archive", padded("PK\x03\x04\x14\0\0\0\0\0model.tflite"), /a ZIP archive.*Unpack it/],
  ["PyTorch", padded("PK\x03\x04\0\0\b\b\0\0archive/data.pkl"), /damaged PyTorch file/],
  ["older PyTorch", padded("\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."), /a PyTorch file/],
  ["a pickle", padded("\x80\x04\x95"), /a Python pickle/],
  ["Keras", padded("PK\x03\x04\x14\0\0\0\0\0metadata.json config.json model.weights.h5"), /a Keras file/],
  ["HDF5", padded("\x89HDF\r\n\x1a\n"), /an HDF5 \(Keras\) file/],
  ["NumPy", padded("\x93NUMPY\x01\0"), /a NumPy array/],
  ["a SavedModel", padded("\b\x01\x12\xd4\x9f\x03\n\xb0\x02\n\x0c"), /a TensorFlow SavedModel/],
  ["a frozen graph", padded("\n\x1e\n\x05input\x12\x0bPlaceholder"), /a frozen TensorFlow graph/],
  ["a checkpoint's index", padded("\0\0\x1b\b\x01\x1a\x02\b\x01"), /one file of a TensorFlow checkpoint/],
  ["Core ML", padded("\b\x07\x12\x8c\x02\n\x1e\n\x05image"), /a Core ML model/],
  ["a video", padded("\0\0\0\x20ftypisom"), /it is a video/],
  ["zeros", new Uint8Array(100_000), /it contains only zeros/],
  ["noise", padded("\xf3\x01\x99"), /unknown model format/],
];

describe("what stands in the place of a model", () => {
  test.each(strangers)("%s", (_, bytes, problem) => {
    expect(() => readModel(bytes, "m.tflite")).toThrow(
      expect.objectContaining({ code: "E_MODEL_FORMAT", message: expect.stringMatching(problem) }),
    );
  });

  test("an ONNX file of another program", () => {
    const graph = { name: "g", nodes: [], initializers: [], inputs: [], outputs: [] };
    expect(() => readModel(writeOnnx(graph), "m.onnx")).toThrow(
      expect.objectContaining({ code: "E_MODEL_SIGNATURE", message: expect.stringMatching(/from another program/) }),
    );
  });

  test.each([
    ["safetensors", writeModel(model)],
    ["tflite", emitTflite(model, { form: "official" })],
    ["onnx", emitOnnx(model)],
  ])("a %s file that was cut off anywhere", (_, bytes) => {
    for (const share of [0.001, 0.01, 0.1, 0.5, 0.9, 0.999, 0.99999]) {
      const cut = bytes.slice(0, Math.floor(share * bytes.length));
      expect(() => readModel(cut, "m"), `${share}`).toThrow(
        expect.objectContaining({
          code: expect.stringMatching(/^E_MODEL_/),
          message: expect.not.stringMatching(/internal/),
        }),
      );
    }
  });
});

describe("what cannot be read", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "movinet-kinds-"));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const refused = (message: RegExp) =>
    expect.objectContaining({ code: "E_MODEL_UNREADABLE", message: expect.stringMatching(message) });

  test("a folder, one of a run, and a SavedModel", async () => {
    for (const [name, inside, message] of [
      ["plain", "other.txt", /plain: it is a folder\. Pass the model file inside it\.$/],
      ["run", "model.safetensors", /run: it is a folder\. Pass \S+model\.safetensors\.$/],
      ["saved", "saved_model.pb", /saved: this SavedModel folder has no weights/],
    ] as const) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, inside), "x");
      await expect(openModel(join(folder, name))).rejects.toThrow(refused(message));
    }
  });

  test.runIf(process.getuid?.() !== 0 && process.platform !== "win32")(
    "a file without the right to read it",
    async () => {
      const file = join(folder, "secret.tflite");
      await writeFile(file, "x", { mode: 0o000 });
      await expect(openModel(file)).rejects.toThrow(refused(/permission denied \(EACCES\)/));
      await chmod(file, 0o600);
    },
  );

  test.each([
    ["EACCES", "permission denied (EACCES)"],
    ["EISDIR", "cannot read it (EISDIR)"],
    ["EIO", "cannot read it (EIO)"],
    ["ENOENT", "no such file"],
  ])("what the file system says: %s", (code, problem) => {
    const refuse = (what: string, remedy: string, cause?: unknown) =>
      new ModelError({ code: "E_MODEL_UNREADABLE", subject: "m", problem: what, remedy, cause });
    expect(unreadable(Object.assign(new Error("x"), { code }), refuse).message).toContain(`m: ${problem}. `);
  });

  test("a file that is too large, of which nothing is read", async () => {
    const file = join(folder, "large.tflite");
    await writeFile(file, "");
    await truncate(file, 10e9);
    await expect(openModel(file)).rejects.toThrow(refused(/the file is too large \(10 GB, limit 1\.07 GB\)/));
  });

  test("nothing under this name: the library speaks of no option", async () => {
    await expect(openModel(join(folder, "nowhere"))).rejects.toThrow(
      expect.objectContaining({ code: "E_MODEL_NOT_FOUND", message: expect.not.stringMatching(/--/) }),
    );
  });
});

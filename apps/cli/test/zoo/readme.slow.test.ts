/** The README's "bring your own weights", line by line: files of each kind under the names that stand there. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { emitTflite, writeModel } from "movinet/formats";
import { buildGraph, specOf } from "movinet/graph";
import { afterAll, beforeAll, expect, test } from "vitest";
import { crc32c, masked } from "../../../../packages/movinet/src/formats/tensorflow/crc32c.ts";
import { hubKeys } from "../../../../packages/movinet/src/formats/weights/origins/hub.ts";
import { withoutTexts } from "../../../../packages/movinet/test/formats/pytorch/torch-file.ts";
import { tarOf } from "../../../../packages/movinet/test/formats/tar.ts";
import { bundleOf, type Stored, storedIn } from "../../../../packages/movinet/test/formats/tensorflow/bundles.ts";
import { hashedModel } from "../../../../packages/movinet/test/laws/models.ts";
import { makeVideo } from "../../../../packages/movinet/test/video/make-video.ts";
import { commandLine } from "../command-line.ts";

const readme = await readFile(new URL("../../../../README.md", import.meta.url), "utf8");
const [, block = ""] = /<!-- own-weights -->\n\n```sh\n([\s\S]*?)```\n\n<!-- \/own-weights -->/.exec(readme) ?? [];
const lines = block.trim().split("\n");
const labels = ["run", "jump", "wave", "sit"];

let folder: string;
const { run } = commandLine(() => folder);

/** Weights of a network, as its makers would have them. */
const networkOf = (name: Parameters<typeof specOf>[0]) => hashedModel(name, { classes: labels.length });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-readme-"));
  const put = (name: string, content: Uint8Array | string) => writeFile(join(folder, name), content);
  makeVideo(join(folder, "clip.mp4"), { count: 50 });
  await put("classes.txt", `${labels.join("\n")}\n`);
  await put("movinet_a0_stream.tflite", emitTflite(networkOf("a0-stream"), { form: "official" }));
  await put("modelA0_stream_statedict_v3", withoutTexts(writeModel(networkOf("a0-stream"), { format: "pt" })));
  const { weights } = networkOf("a2-base");
  const { params } = buildGraph(specOf("a2-base", { classes: labels.length }), { form: "clip", frames: 1 });
  const stored = [...hubKeys(params)].map(([name, key]): [string, Stored] => {
    const { shape, data } = weights.get(name) as { shape: readonly number[]; data: Float32Array };
    const content = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return [`${key}/.ATTRIBUTES/VARIABLE_VALUE`, { dtype: 1, shape, content, checksum: masked(crc32c(content)) }];
  });
  const { index, shards } = bundleOf(new Map(stored));
  const files = [
    ["variables.index", index] as const,
    ...[...shards].map(([ending, bytes]) => [`variables${ending}`, bytes] as const),
  ];
  const entries = files.map(([name, content]) => ({ name: `variables/${name}`, content }));
  await put("a2-base.tar.gz", gzipSync(tarOf([{ name: "saved_model.pb", content: Uint8Array.of(8, 1) }, ...entries])));
  await mkdir(join(folder, "train"));
  // Without what our own checkpoints tell of themselves.
  const written = [...storedIn(writeModel(networkOf("a0-stream"), { format: "checkpoint" }))];
  const foreign = bundleOf(new Map(written.filter(([key]) => !key.startsWith("movinet."))));
  await put("train/ckpt-1000.index", foreign.index);
  for (const [ending, bytes] of foreign.shards) await put(`train/ckpt-1000${ending}`, bytes);
});
afterAll(() => rm(folder, { recursive: true }));

test("there are such lines", () => {
  expect(lines.length).toBeGreaterThanOrEqual(5);
  for (const line of lines) expect(line).toMatch(/^npx movinet \S/);
});

test.each(lines)("%s", async (line) => {
  const args = line
    .replace(/ +#.*$/, "")
    .split(" ")
    .slice(2);
  const { code, stdout, stderr } = await run(...args);
  expect(code, stderr).toBe(0);
  // The four classes by name or index, or the checks of a conversion.
  expect(stdout).toMatch(args[0] === "classify" ? /^clip\.mp4 .*frames[\s\S]*%/ : /agree|same|logits|differ/);
});

/** What the documentation's commands take: clips, a dataset, and models of every kind under the names that stand there. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { emitTflite, writeModel } from "movinet/formats";
import { buildGraph, specOf } from "movinet/graph";
import { writeTinyModel } from "../../apps/cli/test/tiny-model.ts";
import { crc32c, masked } from "../../packages/movinet/src/formats/tensorflow/crc32c.ts";
import { hubKeys } from "../../packages/movinet/src/formats/weights/origins/hub.ts";
import { movingSpot, writeClip } from "../../packages/movinet/test/data/clips.ts";
import { withoutTexts } from "../../packages/movinet/test/formats/pytorch/torch-file.ts";
import { tarOf } from "../../packages/movinet/test/formats/tar.ts";
import { bundleOf, type Stored, storedIn } from "../../packages/movinet/test/formats/tensorflow/bundles.ts";
import { hashedModel } from "../../packages/movinet/test/laws/models.ts";
import { makeVideo } from "../../packages/movinet/test/video/make-video.ts";

const fourLabels = ["run", "jump", "wave", "sit"];
const twoLabels = ["clap", "wave"];
/** Clips of each label. */
const takes = 10;

type SpecName = Parameters<typeof specOf>[0];
type Make = (path: string) => Promise<void> | void;

async function put(path: string, content: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

const video: Make = (path) => makeVideo(path, { count: 50 });
const tiny: Make = (path) => writeTinyModel(path, twoLabels);

/** Weights of a network as its makers would have them; of Kinetics-600 unless it says otherwise. */
const network = (name: SpecName, classes = 600) => hashedModel(name, { classes });

const pytorch: Make = (path) => put(path, withoutTexts(writeModel(network("a0-stream"), { format: "pt" })));

async function dataset(folder: string): Promise<void> {
  for (const [i, label] of twoLabels.entries()) {
    for (let take = 0; take < takes; take++) {
      await writeClip(join(folder, label, `${take}.y4m`), { luma: movingSpot(2 * take + i) });
    }
  }
}

/** Divides the clips of a dataset into parts, which a comparison needs. */
export async function writeManifest(folder: string): Promise<void> {
  const rows = twoLabels.flatMap((label) =>
    Array.from({ length: takes }, (_, take) => `${label}/${take}.y4m,${label},${take % 2 === 0 ? "test" : "train"}`),
  );
  await put(join(folder, "manifest.csv"), `${["file,label,split", ...rows].join("\n")}\n`);
}

/** The files of a SavedModel as TensorFlow Hub has it, without its graph. */
function savedModel(name: SpecName): readonly (readonly [string, Uint8Array])[] {
  const { weights } = network(name);
  const { params } = buildGraph(specOf(name), { form: "clip", frames: 1 });
  const stored = [...hubKeys(params)].map(([name, key]): [string, Stored] => {
    const { shape, data } = weights.get(name) as { shape: readonly number[]; data: Float32Array };
    const content = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return [`${key}/.ATTRIBUTES/VARIABLE_VALUE`, { dtype: 1, shape, content, checksum: masked(crc32c(content)) }];
  });
  const { index, shards } = bundleOf(new Map(stored));
  return [
    ["saved_model.pb", Uint8Array.of(8, 1)],
    ["variables/variables.index", index],
    ...[...shards].map(([ending, bytes]) => [`variables/variables${ending}`, bytes] as const),
  ];
}

const archive = (name: SpecName) => (path: string) =>
  put(path, gzipSync(tarOf(savedModel(name).map(([entry, content]) => ({ name: entry, content })))));

async function folderOfModel(path: string): Promise<void> {
  for (const [entry, content] of savedModel("a2-base")) await put(join(path, entry), content);
}

/** A checkpoint of the official code: without what our own ones have of themselves. */
async function checkpoint(prefix: string): Promise<void> {
  const written = [...storedIn(writeModel(network("a0-stream", fourLabels.length), { format: "checkpoint" }))];
  const foreign = bundleOf(new Map(written.filter(([key]) => !key.startsWith("movinet."))));
  await put(`${prefix}.index`, foreign.index);
  for (const [ending, bytes] of foreign.shards) await put(`${prefix}${ending}`, bytes);
}

/** How each thing is made that a page may name. */
export const material: Readonly<Record<string, Make>> = {
  "clip.mp4": video,
  "new.mp4": video,
  "long.mp4": video,
  "match.mp4": video,
  clips: dataset,
  "classes.txt": (path) => put(path, `${fourLabels.join("\n")}\n`),
  "movinet_a0_stream.tflite": (path) => put(path, emitTflite(network("a0-stream"), { form: "official" })),
  modelA0_stream_statedict_v3: pytorch,
  "checkpoint.pt": pytorch,
  "mine.pt": pytorch,
  "a0_stream.tar.gz": archive("a0-stream"),
  "a2-base.tar.gz": archive("a2-base"),
  movinet_a2_base: folderOfModel,
  "train/ckpt-1000": checkpoint,
  "run/ckpt-1234": checkpoint,
  "mine.safetensors": tiny,
  "model.tflite": async (path) => {
    await put(path, emitTflite(network("a0-stream", fourLabels.length), { form: "step" }));
  },
  "runs/train-1/model.safetensors": tiny,
};

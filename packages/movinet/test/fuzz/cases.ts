/** What is fuzzed, and what counts as a finding: anything but a result or the documented errors, or ten seconds. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { PbfWriter } from "pbf";
import { buildGraph } from "../../src/arch/build.ts";
import type { Spec } from "../../src/arch/spec.ts";
import { MovinetError } from "../../src/common/errors.ts";
import { nodeEngine } from "../../src/engines/onnxruntime/onnx.node.ts";
import { readArchive, readModel, writeModel } from "../../src/formats/model-file.ts";
import { readOnnx } from "../../src/formats/onnx/proto.ts";
import { emitOnnx } from "../../src/formats/onnx/write/file.ts";
import { readCheckpoint } from "../../src/formats/tensorflow/read/checkpoint.ts";
import { writeCheckpoint } from "../../src/formats/tensorflow/write/checkpoint.ts";
import { emitTflite } from "../../src/formats/tflite/write/emit.ts";
import { tfliteForms } from "../../src/formats/tflite/write/lower.ts";
import { Program } from "../../src/session/program.ts";
import { openVideo } from "../../src/video/video.node.ts";
import { withoutTexts } from "../formats/pytorch/torch-file.ts";
import { storedIn, storedInHub } from "../formats/tensorflow/bundles.ts";
import { hashedModel } from "../laws/models.ts";
import { hasShared, sharedFolder } from "../shared.ts";
import { editCase } from "./edits.ts";
import { type Draw, damage, damageJson, drawFrom, pick } from "./mutate.ts";
import { damagePytorch } from "./pytorch.ts";
import { damageArchive, damageCheckpoint } from "./tensorflow.ts";
import { truthCase } from "./truth.ts";

/** Runs one case; resolves to whether the input was accepted. Throws what the code under test throws. */
export type FuzzTarget = (draw: Draw, folder: string) => Promise<boolean>;

const read = (path: string) => new Uint8Array(readFileSync(path));
const filesIn = (folder: string, test: (name: string) => boolean, most: number) =>
  hasShared
    ? readdirSync(join(sharedFolder, folder))
        .filter(test)
        .map((name) => join(sharedFolder, folder, name))
        .filter((path) => statSync(path).size <= most)
    : [];

const lazily = <T>(make: () => T) => {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
};

const small = { resolution: { height: 32, width: 32 }, classes: 5 };
const safetensors = lazily(() => writeModel(hashedModel("t0-stream", small)));
const tfliteFiles = lazily(() => [
  ...filesIn("golden/tflite", (name) => name.endsWith(".tflite"), 8e6).map(read),
  ...tfliteForms.map((form) => emitTflite(hashedModel("t0-stream", small), { form, frames: 2, dtype: "float16" })),
]);
const torch = lazily(() => {
  const ours = writeModel(hashedModel("t0-stream", small), { format: "pt" });
  return [ours, withoutTexts(ours)];
});
const onnx = lazily(() => emitOnnx(hashedModel("t0-stream", small), { dtype: "float16" }));
const videoFiles = lazily(() =>
  [...filesIn("videos/k600", () => true, 5e5), ...filesIn("videos/derived", () => true, 5e5)].map((path) => ({
    bytes: read(path),
    extension: extname(path),
  })),
);

const checkpoints = lazily(() => {
  const model = hashedModel("t0-stream", small);
  const own = storedIn(writeCheckpoint(model));
  const foreign = new Map([...own].filter(([key]) => !key.startsWith("movinet.")));
  return [own, foreign, storedInHub(model)];
});
const archived = lazily(() =>
  [...writeCheckpoint(hashedModel("t0-stream", small))].map(([ending, content]) => ({
    name: `./variables/variables${ending}`,
    content,
  })),
);

/** A video of eight 16 × 16 pictures in the plainest of containers. */
const y4m = lazily(() => {
  const picture = Buffer.concat([Buffer.from("FRAME\n"), Buffer.alloc(384, 90)]);
  return Buffer.concat([Buffer.from("YUV4MPEG2 W16 H16 F5:1 Ip A1:1 C420\n"), ...Array(8).fill(picture)]);
});

function acceptModel(bytes: Uint8Array): boolean {
  return acceptSpec(readModel(bytes, "fuzz.model").spec);
}

function acceptSpec(spec: Spec): boolean {
  buildGraph(spec, { form: spec.mode === "stream" ? "step" : "clip", frames: 1 });
  return true;
}

export const targets = {
  safetensors: async (draw) => {
    const original = safetensors();
    if (draw(2) === 0) return acceptModel(damage(original, draw));
    const length = Number(new DataView(original.buffer, original.byteOffset).getBigUint64(0, true));
    const header = new TextDecoder().decode(original.subarray(8, 8 + length));
    const damaged = draw(2) === 0 ? damageJson(header, draw) : damageMetadata(header, draw);
    const text = new TextEncoder().encode(damaged);
    const bytes = new Uint8Array(8 + text.length + original.length - 8 - length);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
    bytes.set(text, 8);
    bytes.set(original.subarray(8 + length), 8 + text.length);
    return acceptModel(bytes);
  },
  tflite: async (draw) => {
    if (draw(8) > 0) return acceptModel(damage(pick(draw, tfliteFiles()), draw));
    const bytes = Uint8Array.from({ length: 16 + draw(4000) }, () => (draw(3) === 0 ? draw(256) : draw(16)));
    bytes.set([8 + draw(8), 0, 0, 0, 84, 70, 76, 51]);
    return acceptModel(bytes);
  },
  onnx: async (draw) => acceptModel(draw(4) > 0 ? damage(onnx(), draw) : damageTexts(onnx(), draw)),
  pytorch: async (draw) => acceptModel(damagePytorch(pick(draw, torch()), draw)),
  tensorflow: async (draw) => {
    const { spec } = readCheckpoint(damageCheckpoint(pick(draw, checkpoints()), draw), "fuzz.ckpt");
    return acceptSpec(spec);
  },
  archive: async (draw) => {
    const { spec } = await readArchive(damageArchive(archived(), draw), "fuzz.tar.gz");
    return acceptSpec(spec);
  },
  video: async (draw, folder) => {
    const { bytes, extension } =
      draw(8) === 0
        ? { bytes: y4m(), extension: ".y4m" }
        : pick(draw, [...videoFiles(), { bytes: y4m(), extension: ".y4m" }]);
    const path = join(folder, `fuzz${extension}`);
    await writeFile(path, damage(bytes, draw));
    let frames = 0;
    const video = openVideo(path, { fps: 5, size: { width: 32, height: 32, fit: "crop" }, timeoutMs: 10_000 });
    for await (const frame of video) {
      if (frame.data.length !== 32 * 32 * 3) throw new Error(`a frame of ${frame.data.length} bytes`);
      frames++;
    }
    return frames > 0;
  },
  truth: truthCase,
  edits: editCase,
  snapshot: async (draw) => {
    const session = await (await program()).openStream();
    const state = JSON.parse(damageJson(JSON.stringify(await plainState()), draw));
    const typed = Object.fromEntries(
      Object.entries(state as Record<string, { shape?: unknown; data?: unknown } | null>).map(([name, part]) => [
        name,
        part && typeof part === "object" && Array.isArray(part.data)
          ? { ...part, data: Float32Array.from(part.data as number[]) }
          : part,
      ]),
    );
    try {
      await session.restore(typed as never);
      await session.step(new Float32Array(3 * 32 * 32));
      return true;
    } finally {
      await session[Symbol.asyncDispose]();
    }
  },
} satisfies Record<string, FuzzTarget>;

/** A file with another spec, card or export behind what it has: the last entry of a name is the one that counts. */
function damageTexts(original: Uint8Array, draw: Draw): Uint8Array {
  const metadata = readOnnx(original).metadata;
  const key = pick(draw, Object.keys(metadata));
  const more = new PbfWriter();
  more.writeMessage(
    14,
    (value, entry) => {
      entry.writeStringField(1, key);
      entry.writeStringField(2, value);
    },
    damageJson(metadata[key] as string, draw),
  );
  return new Uint8Array(Buffer.concat([original, more.finish()]));
}

function damageMetadata(header: string, draw: Draw): string {
  const parsed = JSON.parse(header) as { __metadata__: Record<string, string> };
  const key = pick(draw, ["movinet.spec", "movinet.card"]);
  parsed.__metadata__[key] = damageJson(parsed.__metadata__[key] as string, draw);
  return JSON.stringify(parsed);
}

const program = lazily(async () => Program.compile(hashedModel("t0-stream", small), await nodeEngine({ threads: 1 })));
const plainState = lazily(async () => {
  const session = await (await program()).openStream();
  await session.step(new Float32Array(3 * 32 * 32).fill(0.5));
  const state = await session.snapshot();
  return Object.fromEntries(
    Object.entries(state).map(([name, { shape, data }]) => [name, { shape, data: Array.from(data) }]),
  );
});

export interface Finding {
  readonly target: string;
  readonly seed: number;
  readonly problem: string;
}

export interface FuzzOutcome {
  accepted: number;
  refused: number;
  readonly findings: Finding[];
}

/** Runs cases `from .. from + count` of one target. */
export async function fuzz(
  target: keyof typeof targets,
  from: number,
  count: number,
  folder: string,
): Promise<FuzzOutcome> {
  const outcome: FuzzOutcome = { accepted: 0, refused: 0, findings: [] };
  for (let seed = from; seed < from + count; seed++) {
    const find = (problem: string) => outcome.findings.push({ target, seed, problem });
    try {
      if (await targets[target](drawFrom(seed), folder)) outcome.accepted++;
      else outcome.refused++;
    } catch (error) {
      outcome.refused++;
      if (!(error instanceof MovinetError))
        find((error as Error).stack?.split("\n").slice(0, 3).join(" ") ?? String(error));
      else if (error.message.includes("\n") || error.message.length > 100_000)
        find(`a message of ${error.message.length}`);
    }
  }
  return outcome;
}

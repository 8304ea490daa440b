/** A server that is the world, and what it takes to fetch from it: for tests that end at the reference's logits. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { nodeEngine } from "../../src/engines/onnxruntime/onnx.node.ts";
import { readModel } from "../../src/formats/model-file.ts";
import type { Told } from "../../src/formats/weights/infer.ts";
import type { Model } from "../../src/model/model.ts";
import { type ZooModel, zooModel } from "../../src/zoo/registry.ts";
import { tarOf } from "../formats/tar.ts";
import { figuresOf } from "../golden/figures.ts";
import { checkBackendParity } from "../golden/parity.ts";
import { startWorld, worldOf } from "./real-hosts.ts";
import { file, redirect, type TestServer } from "./server.ts";

/** The figures' pictures. */
export const small: Told = { resolution: { height: 64, width: 64 } };

/** A row of the zoo's own table, for files of ten classes: `content` stands in for the first source that has a hash. */
export function rowOf(name: string, told: Told, content?: Uint8Array): ZooModel {
  const row = zooModel(name) as ZooModel;
  const blob = createHash("sha1")
    .update(`blob ${content?.length}\0`)
    .update(content ?? "")
    .digest("hex");
  const sources = row.sources.map((source) => (content && source.content ? { ...source, content: { blob } } : source));
  return { ...row, classes: 10, labels: null, told: { ...row.told, ...told }, sources };
}

export const pathOf = (row: ZooModel, at: number) => (row.sources[at]?.url ?? "").replace("https://", "");

/** For each test of a file, a world and an empty cache. */
export function useWorld() {
  let root: string;
  let cache: string;
  let world: TestServer;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "movinet-golden-"));
  });
  afterAll(() => rm(root, { recursive: true }));
  beforeEach(async () => {
    cache = await mkdtemp(join(root, "cache-"));
    world = await startWorld();
  });
  afterEach(() => world[Symbol.asyncDispose]());
  return {
    cache: () => cache,
    world: () => world,

    /** Fetches a row in a process of its own that takes the server for the world. */
    async bring(row: ZooModel): Promise<Model> {
      const child = fileURLToPath(new URL("pull-child.ts", import.meta.url));
      const env = { ...process.env, ...worldOf(world) };
      const { stdout } = await promisify(execFile)(process.execPath, [child, cache, JSON.stringify([row])], { env });
      return readModel(await readFile(stdout.trim()), "kept");
    },

    /** Puts an archive where Kaggle puts them: behind a redirect to another host, as a `.tar.gz`. */
    putArchive(path: string, entries: Readonly<Record<string, Uint8Array>>): void {
      const archive = "storage.googleapis.com/kagglesdsdata/models/1/2/archive.tar.gz?X-Goog-Signature=abc";
      const tar = tarOf(Object.entries(entries).map(([name, content]) => ({ name, content })));
      world.paths.set(path, redirect(`https://${archive}`));
      world.paths.set(archive, file(new Uint8Array(gzipSync(tar))));
    },
  };
}

export async function checkLogits(model: Model, name: string): Promise<void> {
  const figures = figuresOf(name);
  const frames = model.spec.mode === "base" ? figures.shape[1] : null;
  await checkBackendParity(figures, await nodeEngine({ threads: 1 }), { ...model, card: { ...model.card, frames } });
}

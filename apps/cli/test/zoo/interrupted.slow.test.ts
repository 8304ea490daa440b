/** Pulls that are killed at any moment, and several at once: the right file comes of them, once, and nothing else is left. */
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeCheckpoint } from "../../../../packages/movinet/src/formats/tensorflow/write/checkpoint.ts";
import { tarOf } from "../../../../packages/movinet/test/formats/tar.ts";
import { hashedModel } from "../../../../packages/movinet/test/laws/models.ts";
import { startWorld, worldOf } from "../../../../packages/movinet/test/zoo/real-hosts.ts";
import { file, redirect, type TestServer } from "../../../../packages/movinet/test/zoo/server.ts";
import { commandLine } from "../command-line.ts";

const kills = 20;
const archive = "storage.googleapis.com/kagglesdsdata/archive.tar.gz";
const source =
  "www.kaggle.com/api/v1/models/google/movinet/tensorFlow2/a0-stream-kinetics-600-classification/2/download";

let folder: string;
let world: TestServer;
let packed: Uint8Array;
const { start, finish, run } = commandLine(
  () => folder,
  () => worldOf(world),
);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-killed-"));
  world = await startWorld({ [source]: redirect(`https://${archive}`) });
  const files = writeCheckpoint(hashedModel("a0-stream"));
  const entries = [...files].map(([ending, content]) => ({ name: `variables/variables${ending}`, content }));
  packed = new Uint8Array(gzipSync(tarOf(entries), { level: 1 }));
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const cached = async () => (await readdir(join(folder, "cache")).catch(() => [])).sort();
const model = async () =>
  createHash("sha256")
    .update(await readFile(join(folder, "cache/a0-stream.safetensors")))
    .digest("hex");

test(`killed at ${kills} random moments and gone on with`, async () => {
  world.paths.set(archive, file(packed, { rate: packed.length / 60 }));
  const began = performance.now();
  expect(await run("pull", "a0-stream", "--quiet")).toMatchObject({ code: 0, stderr: "" });
  const wholeMs = performance.now() - began;
  const right = await model();
  await run("cache", "clear");
  expect(await cached()).toEqual(["models.lock.json"]);

  let [finished, parts] = [0, 0];
  for (let kill = 0; kill < kills; kill++) {
    const child = start("pull", "a0-stream", "--quiet");
    const outcome = finish(child);
    await sleep(Math.random() * wholeMs);
    child.kill("SIGKILL");
    await outcome;
    const names = await cached();
    // A model is there whole, or not at all.
    expect(["a0-stream.safetensors", "models.lock.json", "parts"]).toEqual(expect.arrayContaining(names));
    if (names.includes("parts")) parts++;
    if (!names.includes("a0-stream.safetensors")) continue;
    expect(await model()).toBe(right);
    finished++;
    expect((await run("pull", "a0-stream", "--quiet")).code).toBe(0);
    expect(await cached()).toEqual(["a0-stream.safetensors", "models.lock.json"]);
    await rm(join(folder, "cache/a0-stream.safetensors"));
  }
  console.log(
    `${wholeMs.toFixed(0)} ms for a whole pull; of ${kills} killed ones ${parts} left a part, ${finished} were done`,
  );
  expect(parts).toBeGreaterThan(0);

  expect(await run("pull", "a0-stream", "--quiet")).toMatchObject({ code: 0, stderr: "" });
  expect(await model()).toBe(right);
  expect(await cached()).toEqual(["a0-stream.safetensors", "models.lock.json"]);
  // What had come was not asked for again.
  expect(world.asked.some((asked) => asked.includes("bytes="))).toBe(true);
  expect((await run("cache", "verify")).code).toBe(0);
});

test("three processes at once fetch it once", async () => {
  await run("cache", "clear");
  world.asked.splice(0);
  world.paths.set(archive, file(packed, { rate: packed.length / 30 }));
  const outcomes = await Promise.all([run("pull", "a0-stream"), run("pull", "a0-stream"), run("pull", "a0-stream")]);
  expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(world.asked.filter((asked) => asked.startsWith(archive))).toEqual([archive]);
  const waited = outcomes.filter(({ stderr }) =>
    /a0-stream: waiting for process \d+ on .*, which is downloading it/.test(stderr),
  );
  expect(waited.length).toBeGreaterThan(0);
  expect(await cached()).toEqual(["a0-stream.safetensors", "models.lock.json"]);
});

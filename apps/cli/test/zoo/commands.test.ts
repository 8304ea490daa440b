/** The commands of the zoo: what there is, what is here, whether it is right, and how it goes. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { writeModel } from "movinet/formats";
import { buildGraph, defaultCard, randomWeights, specOf } from "movinet/graph";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startWorld, worldOf } from "../../../../packages/movinet/test/zoo/real-hosts.ts";
import { file, status, type TestServer } from "../../../../packages/movinet/test/zoo/server.ts";
import { commandLine } from "../command-line.ts";
import { writeTinyModel } from "../tiny-model.ts";

let root: string;
let folder: string;
let world: TestServer;
let content: Uint8Array;
const { run } = commandLine(
  () => folder,
  () => ({ ...worldOf(world), MOVINET_MIRROR: "https://mirror.example/models" }),
);
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "movinet-zoo-"));
  world = await startWorld();
  const spec = specOf("a0-stream", { classes: 8 });
  const weights = randomWeights(buildGraph(spec, { form: "clip", frames: 1 }), 1);
  content = writeModel({ spec, weights, card: defaultCard(spec) });
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});
beforeEach(async () => {
  folder = await mkdtemp(join(root, "run-"));
  world.paths.set("mirror.example/models/a0-stream.safetensors", file(content));
  world.asked.splice(0);
});
afterEach(() => world.paths.clear());

const lines = (text: string) =>
  text
    .trim()
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
const cache = (name = "") => join(folder, "cache", name);
const url = "https://mirror.example/models/a0-stream.safetensors";

test("models: what there is, and what is here", async () => {
  const { code, stdout, stderr } = await run("models");
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.split("\n").slice(0, 3)).toEqual([
    "name               licence       input  fps    top-1     size  cached",
    "a0-stream          MIT         172×172    5  72.05 %  15.1 MB",
    "a0-base            MIT         172×172    5  72.28 %  12.5 MB",
  ]);
  for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
  await run("pull", "a0-stream");
  const listed = lines((await run("models", "--json")).stdout);
  expect(listed).toHaveLength(18);
  expect(listed[0]).toEqual({
    type: "zoo",
    name: "a0-stream",
    network: "a0-stream",
    weights: "float32",
    bytes: 15_063_932,
    input: { width: 172, height: 172 },
    fps: 5,
    licence: "MIT",
    accuracy: { dataset: "Kinetics-600", top1: 0.7205, top5: 0.9063 },
    cached: cache("a0-stream.safetensors"),
    sources: [
      "https://raw.githubusercontent.com/Atze00/MoViNet-pytorch/c2d1edf48fc6c5259707f9d833f22171b4f63493/weights/modelA0_stream_statedict_v3",
      "https://www.kaggle.com/api/v1/models/google/movinet/tensorFlow2/a0-stream-kinetics-600-classification/2/download",
    ],
  });
  expect(listed[1].cached).toBeNull();
});

describe("pull", () => {
  test("tells what, from where, how large and under which licence; then it is here", async () => {
    const first = await run("pull", "a0-stream");
    expect(first.stderr).toBe(
      "a0-stream: downloading a0-stream.safetensors of your mirror from mirror.example, about 15.1 MB, licence MIT\n",
    );
    expect(first.stdout).toBe(
      `a0-stream  ${(content.length / 1e6).toFixed(1)} MB  ${cache("a0-stream.safetensors")}\n`,
    );
    const second = await run("pull", "a0-stream", "--json", "--offline");
    expect(second).toEqual({
      code: 0,
      stdout: `${JSON.stringify({ type: "pulled", name: "a0-stream", path: cache("a0-stream.safetensors"), bytes: content.length })}\n`,
      stderr: "",
    });
    expect(world.asked).toHaveLength(1);
  });

  test("several: what fails does not stop the others", async () => {
    const { code, stdout, stderr } = await run("pull", "nowhere", "a0-stream-int8", "a0-stream", "--json", "--quiet");
    expect([code, lines(stdout).map(({ type, code, name }) => [type, name, code])]).toEqual([
      1,
      [
        ["error", "nowhere", "E_MODEL_NOT_FOUND"],
        ["error", "a0-stream-int8", "E_MODEL_DOWNLOAD"],
        ["pulled", "a0-stream", undefined],
      ],
    ]);
    expect(stderr).toMatch(
      /^movinet: nowhere: unknown model\. Use one of a0-stream, .*\nmovinet: a0-stream-int8: download failed \(mirror\.example: file not found on the server \(404\); /,
    );
  });

  test.each([
    [["pull"], "movinet: pull: missing NAMES. Usage: movinet pull [options] NAMES…"],
    [["pull", "nowhere"], "movinet: nowhere: there is no model of this name in the zoo."],
    [["pull", "a0-stream", "--offline"], "movinet: a0-stream: the cache holds none; nothing may be fetched (offline)."],
    [["models", "a0-stream"], 'movinet: models: unexpected argument "a0-stream". Usage: movinet models [options].'],
    [["cache", "empty"], 'movinet: cache: unknown command "empty". Run movinet cache --help.'],
  ])("wrong usage %j", async (args, line) => {
    const { code, stdout, stderr } = await run(...args);
    expect(stderr.startsWith(line), stderr).toBe(true);
    expect([code, stdout]).toEqual([2, ""]);
  });
});

describe("cache", () => {
  test("an empty one", async () => {
    expect(await run("cache", "list")).toEqual({
      code: 0,
      stdout: `0 models in ${cache()}\n`.replace("/\n", "\n"),
      stderr: "",
    });
    expect(await run("cache", "verify")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await run("cache", "clear")).toEqual({ code: 0, stdout: "0 models, 0 kB\n", stderr: "" });
    expect(await readdir(folder)).toEqual([]);
  });

  test("lists what was fetched, and what was put there", async () => {
    await run("pull", "a0-stream");
    await writeTinyModel(cache("mine.safetensors"), null);
    await mkdir(cache("clips"));
    const { stdout } = await run("cache", "list");
    expect(stdout).toMatch(
      /^file +size +downloaded +licence +source\na0-stream\.safetensors +1\d\.\d MB +\d{4}-\d\d-\d\d +MIT +https:\/\/mirror\.example\/models\/a0-stream\.safetensors\nmine\.safetensors +\d+(\.\d)? kB +added by hand\n2 models in /,
    );
    const [first, second] = lines((await run("cache", "list", "--json")).stdout);
    expect(first).toMatchObject({
      type: "cached",
      path: cache("a0-stream.safetensors"),
      pulled: { url, licence: "MIT" },
    });
    expect(second).toMatchObject({ path: cache("mine.safetensors"), pulled: null });
  });

  test("a name with a line break or a colour is one line without it", async () => {
    await mkdir(cache());
    await writeFile(cache("a\u001b[31m\n0 models.pt"), "");
    expect((await run("cache", "list")).stdout).toMatch(
      /^file .*\na�\[31m 0 models\.pt +0 kB +added by hand\n1 model /,
    );
    expect((await run("cache", "verify")).stdout).toBe("a�[31m 0 models.pt: it is empty\n");
  });

  test("verify finds what changed, and what cannot be read", async () => {
    await run("pull", "a0-stream");
    await writeTinyModel(cache("mine.safetensors"), null);
    const fine = await run("cache", "verify");
    expect(fine).toEqual({
      code: 0,
      stdout: "a0-stream.safetensors: ok\nmine.safetensors: readable; added by hand, no checksum\n",
      stderr: "",
    });
    const changed = content.slice();
    changed[changed.length - 1] = 1 + (changed.at(-1) ?? 0);
    await writeFile(cache("a0-stream.safetensors"), changed);
    await writeFile(cache("mine.safetensors"), "");
    await writeFile(cache("more.tflite"), content.subarray(0, 100));
    const wrong = await run("cache", "verify");
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).toBe(
      "a0-stream.safetensors: its content has changed since it was downloaded\nmine.safetensors: it is empty\nmore.tflite: it is a truncated .safetensors file\n",
    );
    expect(wrong.stderr).toBe(
      "movinet: a0-stream.safetensors, mine.safetensors, more.tflite: damaged or replaced. Remove the file; a model that has a name is downloaded again when it is used.\n",
    );
    await writeFile(cache("a0-stream.safetensors"), "short");
    const [checked] = lines((await run("cache", "verify", "--json", "--quiet")).stdout);
    expect(checked).toMatchObject({
      type: "checked",
      problem: `it has 5 bytes, but had ${content.length} when downloaded`,
    });
  });

  test("clear removes what was fetched, and what downloads have left; the pins stay", async () => {
    await run("pull", "a0-stream");
    await writeTinyModel(cache("mine.safetensors"), null);
    await mkdir(cache("parts"));
    await writeFile(cache("parts/a1-stream-01234567.part"), "x");
    await writeFile(cache("parts/a1-stream.lock"), `999999999 ${hostname()}\n`);
    const { code, stdout } = await run("cache", "clear");
    expect([code, stdout]).toEqual([
      0,
      `removed ${cache("a0-stream.safetensors")}\n1 model, ${(content.length / 1e6).toFixed(1)} MB; 1 model left in ${cache()}\n`.replace(
        "/\n",
        "\n",
      ),
    ]);
    expect((await readdir(cache())).sort()).toEqual(["mine.safetensors", "models.lock.json"]);
    const ledger = JSON.parse(await readFile(cache("models.lock.json"), "utf8"));
    expect([Object.keys(ledger.models), Object.keys(ledger.pins)]).toEqual([[], [url]]);
    const named = await run("cache", "clear", "mine", "--json");
    expect(lines(named.stdout)).toMatchObject([{ type: "removed", path: cache("mine.safetensors"), pulled: null }]);
  });
});

test("Ctrl-C ends a pull, says how to go on, and it goes on", async () => {
  world.paths.set("mirror.example/models/a0-stream.safetensors", file(content, { rate: content.length / 150 }));
  const { start, finish } = commandLine(
    () => folder,
    () => ({ ...worldOf(world), MOVINET_MIRROR: "https://mirror.example/models" }),
  );
  const child = start("pull", "a0-stream");
  const outcome = finish(child);
  while (world.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  await new Promise((resolve) => setTimeout(resolve, 500));
  child.kill("SIGINT");
  const { code, stderr } = await outcome;
  expect([code, stderr.trim().split("\n").at(-1)]).toEqual([
    130,
    "movinet: interrupted. Repeat the command to continue the download.",
  ]);
  expect(await readdir(cache("parts"))).toEqual([expect.stringMatching(/^a0-stream-[0-9a-f]{8}\.part$/)]);
  world.paths.set("mirror.example/models/a0-stream.safetensors", file(content));
  expect((await run("pull", "a0-stream", "--quiet")).code).toBe(0);
  expect(world.asked.at(-1)).toMatch(/ bytes=\d+-$/);
});

test("a server that is away for a moment is waited for", async () => {
  let asked = 0;
  world.paths.set("mirror.example/models/a0-stream.safetensors", (response, request) =>
    (asked++ < 2 ? status(503) : file(content))(response, request),
  );
  expect((await run("pull", "a0-stream", "--quiet")).code).toBe(0);
});

/** A model of the zoo comes into the cache whole, right and once, or one line says why not. */
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type PullOptions, pull } from "../../src/zoo/pull.ts";
import type { PullEvent } from "../../src/zoo/pull-event.ts";
import type { ZooModel } from "../../src/zoo/registry.ts";
import { nodeFetch } from "../../src/zoo/request.node.ts";
import { NodeStore } from "../../src/zoo/store.node.ts";
import { told } from "../told.ts";
import { rowOf, safetensors, tflite } from "./models.ts";
import { file, redirect, startServer, status, type TestServer } from "./server.ts";

const pace = { pauseMs: 5, windowMs: 300, leastBytes: 5000 };
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const blob = (bytes: Uint8Array) => createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
const wrong = safetensors.map((byte, at) => (at === safetensors.length - 1 ? byte ^ 1 : byte));

let root: string;
let cache: string;
let server: TestServer;
let events: PullEvent[];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "movinet-pull-"));
});
afterAll(() => rm(root, { recursive: true }));
beforeEach(async () => {
  cache = await mkdtemp(join(root, "cache-"));
  server = await startServer();
  events = [];
});
afterEach(() => server[Symbol.asyncDispose]());

const store = () => new NodeStore(cache);
const bring = (model: ZooModel, more: Partial<PullOptions> = {}) =>
  pull(model, { store: store(), fetch: nodeFetch, onProgress: (event) => events.push(event), pace, ...more });
const at = (path: string) => `${server.base}${path}`;
/** What a killed or failed download may leave: nothing but what it goes on with. */
const kept = async () => (await readdir(cache, { recursive: true })).sort();
const holds = async (name: string, content: Uint8Array) =>
  expect(sha256(await readFile(join(cache, name)))).toBe(sha256(content));

test("the events are those of transformers.js, in their order", async () => {
  server.paths.set("/a/weights", file(safetensors));
  const model = rowOf([{ url: at("/a/weights"), content: { sha256: sha256(safetensors) } }]);
  expect(await bring(model)).toBe("t0-stream.safetensors");
  const names = events.map((event) => event.status);
  expect(names.filter((name, i) => name !== names[i - 1])).toEqual([
    "initiate",
    "download",
    "progress",
    "done",
    "ready",
  ]);
  expect(events[0]).toEqual({
    status: "initiate",
    name: "t0-stream",
    file: "weights",
    url: at("/a/weights"),
    origin: "somebody",
    licence: "MIT",
    bytes: safetensors.length,
  });
  expect(events.findLast((event) => event.status === "progress")).toEqual({
    status: "progress",
    name: "t0-stream",
    file: "weights",
    progress: 100,
    loaded: safetensors.length,
    total: safetensors.length,
  });
  await holds("t0-stream.safetensors", safetensors);
  expect(await kept()).toEqual(["models.lock.json", "t0-stream.safetensors"]);
});

test("what is there is not asked for", async () => {
  await writeFile(join(cache, "t0-stream.tflite"), tflite);
  expect(await bring(rowOf([{ url: at("/a") }]))).toBe("t0-stream.tflite");
  expect(events).toEqual([{ status: "ready", name: "t0-stream" }]);
  expect(server.asked).toEqual([]);
});

test("a git blob id is checked without knowing the length", async () => {
  server.paths.set("/a", file(safetensors));
  await bring(rowOf([{ url: at("/a"), content: { blob: blob(safetensors) } }]));
  await holds("t0-stream.safetensors", safetensors);
});

test("a TFLite file is kept as it is, and its own hash is checked", async () => {
  server.paths.set("/a", file(tflite));
  const known = { sha256: sha256(tflite), bytes: tflite.length };
  const row = (known: ZooModel["file"]) => rowOf([{ url: at("/a") }], { ending: "tflite", file: known });
  await expect(bring(row({ ...known, sha256: "0".repeat(64) }))).rejects.toThrow(
    told("E_MODEL_INTEGRITY", /its content differs from the published file/),
  );
  expect(await bring(row(known))).toBe("t0-stream.tflite");
  await holds("t0-stream.tflite", tflite);
});

describe("sources are asked in their order, until one gives what it should", () => {
  const right = () => ({ url: at("/right"), content: { sha256: sha256(safetensors) } });

  test.each([404, 403, 503])("after a %i", async (code) => {
    server.paths.set("/bad", status(code)).set("/right", file(safetensors));
    await bring(rowOf([{ url: at("/bad") }, right()]));
    await holds("t0-stream.safetensors", safetensors);
    expect(events.filter((event) => event.status === "skip")).toMatchObject([
      { url: at("/bad"), problem: expect.stringContaining(String(code)) },
    ]);
  });

  test.each<[string, Uint8Array, RegExp]>([
    ["wrong bytes", wrong, /its content differs from the published file \(SHA-256 \w{64} instead of SHA-256 \w{64}\)/],
    [
      "a web page",
      new TextEncoder().encode("<!doctype html><title>Sign in</title>"),
      /it is a web page, not the file itself/,
    ],
    ["nothing", new Uint8Array(), /its content differs from the published file/],
  ])("after %s", async (_, content, problem) => {
    server.paths.set("/bad", file(content)).set("/right", file(safetensors));
    await bring(rowOf([{ url: at("/bad"), content: { sha256: sha256(safetensors) } }, right()]));
    await holds("t0-stream.safetensors", safetensors);
    expect(events.find((event) => event.status === "skip")).toMatchObject({ problem: expect.stringMatching(problem) });
    expect(await kept()).toEqual(["models.lock.json", "t0-stream.safetensors"]);
  });

  test("after another network", async () => {
    server.paths.set("/bad", file(tflite)).set("/right", file(safetensors));
    const row = rowOf([{ url: at("/bad") }, right()], { spec: "a0-stream" });
    await expect(bring(row)).rejects.toThrow(told("E_MODEL_INTEGRITY", /it contains t0-stream, not a0-stream/));
  });

  test("where none does, one line says all of it, and how to get it by hand", async () => {
    server.paths.set("/bad", status(403)).set("/wrong", file(new TextEncoder().encode("hello")));
    const row = rowOf([{ url: at("/bad") }, { url: at("/none") }]);
    const host = server.base.slice("http://".length);
    const message = `t0-stream: download failed (${host}: access denied by the server (403); ${host}: file not found on the server (404)). Download ${at("/bad")} on a machine with network access, and save it as ${join(cache, "t0-stream.pt")}.`;
    await expect(bring(row)).rejects.toMatchObject({ code: "E_MODEL_DOWNLOAD", message });
    await expect(bring(rowOf([{ url: at("/wrong") }]))).rejects.toThrow(told("E_MODEL_DOWNLOAD", /it is text/));
    expect(await kept()).toEqual([]);
  });

  test("a mirror is the first", async () => {
    server.paths.set("/models/t0-stream.tflite", file(tflite));
    expect(await bring(rowOf([right()]), { mirror: `${at("/models")}/` })).toBe("t0-stream.tflite");
    expect(server.asked).toEqual(["/models/t0-stream.safetensors", "/models/t0-stream.tflite"]);
    expect(events.at(-2)).toMatchObject({ status: "done" });
  });

  test("a mirror that fails is not the last", async () => {
    server.paths.set("/right", file(safetensors));
    await bring(rowOf([right()]), { mirror: "http://127.0.0.1:9" });
    await holds("t0-stream.safetensors", safetensors);
  });

  test("what a mirror says of both of its files is told once", async () => {
    const host = server.base.slice("http://".length);
    const said = `t0-stream: download failed (${host}: file not found on the server (404)). Download `;
    await expect(bring(rowOf([{ url: at("/none") }]), { mirror: at("/models") })).rejects.toThrow(said);
  });
});

describe("where no hash is published, the first that comes is pinned", () => {
  const row = () => rowOf([{ url: at("/a") }]);

  test("the same is taken again, something else refused, in one line that says where the pin is", async () => {
    server.paths.set("/a", file(tflite));
    await bring(row());
    await rm(join(cache, "t0-stream.tflite"));
    await bring(row());
    await rm(join(cache, "t0-stream.tflite"));
    server.paths.set("/a", file(safetensors));
    await expect(bring(row())).rejects.toThrow(
      told(
        "E_MODEL_INTEGRITY",
        /its content has changed since \d{4}-\d\d-\d\d, when it was pinned in .*models\.lock\.json \(SHA-256 \w{64} instead of \w{64}\)/,
      ),
    );
    expect(await kept()).toEqual(["models.lock.json"]);
  });

  test("a password in an address is not written down", async () => {
    server.paths.set("/a?token=secret", file(tflite));
    await bring(rowOf([{ url: at("/a?token=secret").replace("//", "//user:pass@") }]));
    const ledger = await readFile(join(cache, "models.lock.json"), "utf8");
    expect(ledger).not.toMatch(/secret|pass/);
    expect(JSON.stringify(events)).not.toMatch(/secret|pass/);
  });

  test.each(["{", "[]", '{"models":{},"pins":{"a":{"sha256":"x","since":""}}}', '{"models":{}}'])(
    "a damaged list of pins is told before anything is asked: %s",
    async (text) => {
      await writeFile(join(cache, "models.lock.json"), text);
      await expect(bring(row())).rejects.toThrow(
        told("E_MODEL_INTEGRITY", /models\.lock\.json: this is not a model list written by movinet\. Delete it/),
      );
      expect(server.asked).toEqual([]);
    },
  );
});

describe("what was left from before", () => {
  const halfWay = async (etag: string | null, content = wrong) => {
    server.paths.set("/a", file(content, { cut: 3_000_000, etag }));
    const stop = new AbortController();
    const onProgress = (event: PullEvent) => {
      if (event.status === "progress" && event.loaded >= 3_000_000) stop.abort(new Error("stopped"));
    };
    const row = rowOf([{ url: at("/a"), content: { sha256: sha256(safetensors) } }]);
    await expect(bring(row, { signal: stop.signal, onProgress })).rejects.toThrow("stopped");
    expect(await kept()).toEqual(["parts", expect.stringMatching(/^parts\/t0-stream-[0-9a-f]{8}\.part$/)]);
    server.asked.splice(0);
    return row;
  };

  test("is gone on with by another process", async () => {
    const row = await halfWay('"one"');
    server.paths.set("/a", file(safetensors));
    await bring(row);
    expect(server.asked).toEqual([expect.stringMatching(/^\/a bytes=3\d{6}-$/)]);
    await holds("t0-stream.safetensors", safetensors);
    expect(await kept()).toEqual(["models.lock.json", "t0-stream.safetensors"]);
  });

  test("is fetched once more from the beginning where it gives wrong bytes", async () => {
    const damaged = safetensors.map((byte, at) => (at === 1_000_000 ? byte ^ 1 : byte));
    const row = await halfWay(null, damaged);
    server.paths.set("/a", file(safetensors, { etag: null }));
    await bring(row);
    expect(server.asked).toEqual([expect.stringMatching(/^\/a bytes=3\d{6}-$/), "/a"]);
    await holds("t0-stream.safetensors", safetensors);
  });

  test("a part that is damaged is no part", async () => {
    await halfWay('"one"');
    const [part = ""] = await readdir(join(cache, "parts"));
    await writeFile(join(cache, "parts", part), "x".repeat(5000));
    server.paths.set("/a", file(safetensors));
    await bring(rowOf([{ url: at("/a"), content: { sha256: sha256(safetensors) } }]));
    await holds("t0-stream.safetensors", safetensors);
  });
});

test("two at once: one fetches, the other waits, and says for whom", async () => {
  server.paths.set("/a", file(safetensors, { rate: 500_000 }));
  const row = rowOf([{ url: at("/a"), content: { sha256: sha256(safetensors) } }]);
  expect(await Promise.all([bring(row), bring(row), bring(row)])).toEqual(Array(3).fill("t0-stream.safetensors"));
  expect(server.asked).toEqual(["/a"]);
  const waits = events.filter((event) => event.status === "wait");
  expect(waits).toHaveLength(2);
  expect(waits[0]).toMatchObject({ for: expect.stringMatching(new RegExp(`^process ${process.pid} on `)) });
  expect(await kept()).toEqual(["models.lock.json", "t0-stream.safetensors"]);
});

test("two names at once share the folder", async () => {
  server.paths
    .set("/a", file(safetensors, { rate: 500_000 }))
    .set("/b", redirect("/c"))
    .set("/c", file(tflite));
  const rows = [
    rowOf([{ url: at("/a") }]),
    rowOf([{ url: at("/b") }], { name: "t0-stream-float16", ending: "tflite" }),
  ];
  await Promise.all(rows.map((row) => bring(row)));
  expect(await kept()).toEqual(["models.lock.json", "t0-stream-float16.tflite", "t0-stream.safetensors"]);
  const { models, pins } = await store().ledger();
  expect(Object.keys(models).sort()).toEqual(["t0-stream-float16.tflite", "t0-stream.safetensors"]);
  expect(Object.keys(pins).sort()).toEqual([at("/a"), at("/b")].sort());
});

describe.skipIf(process.getuid?.() === 0)("a folder that may not be written (not as root)", () => {
  test("is told in one line", async () => {
    await mkdir(join(cache, "own"));
    await chmod(join(cache, "own"), 0o500);
    const own = new NodeStore(join(cache, "own"));
    await expect(bring(rowOf([{ url: at("/a") }]), { store: own })).rejects.toThrow(told("E_OUTPUT_WRITE", /parts/));
  });
});

test("a cache that is no folder is told in one line", async () => {
  await writeFile(join(cache, "file"), "");
  const own = new NodeStore(join(cache, "file"));
  await expect(bring(rowOf([{ url: at("/a") }]), { store: own })).rejects.toThrow(
    told("E_OUTPUT_WRITE", /cannot write \(E/),
  );
});

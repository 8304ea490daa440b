/** The cache folder: what killed processes and other machines leave is no obstacle, and no model. */
import { mkdir, mkdtemp, open, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { openModel } from "../../src/zoo/lookup.node.ts";
import { ModelCache } from "../../src/zoo/model-cache.node.ts";
import { FilePart } from "../../src/zoo/part.node.ts";
import { proxyOf } from "../../src/zoo/request.node.ts";
import { NodeStore } from "../../src/zoo/store.node.ts";
import { told } from "../told.ts";
import { safetensors } from "./models.ts";

let root: string;
let cache: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "movinet-store-"));
});
afterAll(() => rm(root, { recursive: true }));
beforeEach(async () => {
  cache = await mkdtemp(join(root, "cache-"));
  await mkdir(join(cache, "parts"));
});
const parts = (...names: string[]) => join(cache, "parts", ...names);
const there = async () => (await readdir(cache, { recursive: true })).sort();

describe("a lock of another machine", () => {
  const lock = () => parts("a0-stream.lock");

  test("that gives no sign of life is taken over, and what its process still writes is nobody's", async () => {
    await writeFile(lock(), "1 elsewhere\n");
    await writeFile(parts("a0-stream-01234567.part"), "x");
    await writeFile(parts("a0-stream-int8-01234567.part"), "x");
    const waits: string[] = [];
    const store = new NodeStore(cache, { deadMs: 300 });
    const seen = await store.alone("a0-stream", there, { onWait: (who) => waits.push(who) });
    expect(waits).toEqual(["process 1 on elsewhere"]);
    expect(seen).toEqual(["parts", "parts/a0-stream-int8-01234567.part", "parts/a0-stream.lock"]);
    expect(await there()).toEqual(["parts", "parts/a0-stream-int8-01234567.part"]);
  });

  test("that gives one is waited for", async () => {
    await writeFile(lock(), "1 elsewhere\n");
    const beat = setInterval(() => utimes(lock(), new Date(), new Date()).catch(() => {}), 50);
    const store = new NodeStore(cache, { deadMs: 300 });
    const waiting = store.alone("a0-stream", async () => {}, { signal: AbortSignal.timeout(1000) });
    await expect(waiting).rejects.toMatchObject({ name: "TimeoutError" });
    expect(await readFile(lock(), "utf8")).toBe("1 elsewhere\n");
    clearInterval(beat);
  });

  test("the own process shows that it lives", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    try {
      await new NodeStore(cache).alone("a0-stream", async () => {
        await utimes(lock(), 0, 0);
        await vi.advanceTimersByTimeAsync(5000);
        await vi.waitFor(async () => {
          const { stat } = await import("node:fs/promises");
          expect((await stat(lock())).mtimeMs).toBeGreaterThan(0);
        });
      });
    } finally {
      vi.useRealTimers();
    }
  });
});

test("what a pull that was killed at its end has left goes when its model is opened", async () => {
  await writeFile(join(cache, "a0-stream.safetensors"), safetensors);
  await writeFile(parts("a0-stream-01234567.part"), "x");
  await writeFile(parts("a0-stream.lock"), `999999999 ${hostname()}\n`);
  vi.stubEnv("MOVINET_CACHE", cache);
  try {
    const events: string[] = [];
    const { spec } = await openModel("a0-stream", { onProgress: ({ status }) => events.push(status) });
    expect([spec.variant, events]).toEqual(["t0", ["ready"]]);
    expect(await there()).toEqual(["a0-stream.safetensors"]);
  } finally {
    vi.unstubAllEnvs();
  }
});

describe("proxies of an environment", () => {
  test.each<[NodeJS.ProcessEnv, string | null, string | null]>([
    [{}, null, null],
    [{ HTTPS_PROXY: "http://a:1" }, "http://a:1", null],
    [{ HTTP_PROXY: "http://a:1", https_proxy: "b:2" }, "http://b:2", "http://a:1"],
    [{ ALL_PROXY: "http://a:1", HTTPS_PROXY: "" }, "http://a:1", "http://a:1"],
    [{ https_proxy: "http://a:1", HTTPS_PROXY: "http://b:2" }, "http://a:1", null],
  ])("%j", (env, secure, plain) => {
    expect([proxyOf(env, true), proxyOf(env, false)]).toEqual([secure, plain]);
  });

  test.each<[NodeJS.ProcessEnv, boolean, RegExp]>([
    [
      { HTTPS_PROXY: "socks5://me:secret@a:1" },
      true,
      /^HTTPS_PROXY is not an http proxy URL \(socks5:\/\/\*\*\*@a:1\)$/,
    ],
    [{ https_proxy: "http://" }, true, /^https_proxy is not an http proxy URL/],
    [
      { HTTPS_PROXY: "http://a:1" },
      false,
      /^HTTPS_PROXY is set, but Node v[\d.]+ does not support proxies \(Node 22\.21, 24\.5 and newer do\)$/,
    ],
  ])("%j is told", (env, known, message) => {
    expect(() => proxyOf(env, true, known)).toThrow(message);
  });
});

test.each([
  ["a0-stream.pt", "a0-stream"],
  ["a3-stream.tar.gz", "a3-stream"],
])("%s, put where an error has said to, is the model of its name", async (file, name) => {
  await writeFile(join(cache, file), "x");
  vi.stubEnv("MOVINET_CACHE", cache);
  expect(await new ModelCache().pull(name, { offline: true })).toBe(join(cache, file));
  const listed = await new ModelCache().zoo();
  expect(listed.find((model) => model.name === name)?.cached).toBe(join(cache, file));
});

test("a disk that is full is told as such", async () => {
  const part = await FilePart.open(join(cache, "part"));
  const handle = await open(join(cache, "part"));
  const write = vi.spyOn(Object.getPrototypeOf(handle), "write");
  const problem = told("E_OUTPUT_WRITE", /part: cannot write: the disk is full \(ENOSPC\)/);
  try {
    for (const work of [
      () => part.append(Uint8Array.of(1)),
      () => part.begin({ url: "", validator: null, total: null }),
    ]) {
      write.mockRejectedValueOnce(Object.assign(new Error("no space left"), { code: "ENOSPC", syscall: "write" }));
      await expect(work()).rejects.toThrow(problem);
    }
  } finally {
    write.mockRestore();
    await handle.close();
    await part.close();
  }
});

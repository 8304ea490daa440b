/** A file comes whole or not at all, whatever the line and the server do, and is not waited for forever. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MemoryPart } from "../../src/zoo/memory-part.ts";
import { nodeFetch } from "../../src/zoo/request.node.ts";
import { type Pace, type TransferOptions, transfer } from "../../src/zoo/transfer.ts";
import { file, type Give, inTurn, redirect, startServer, status, type TestServer } from "./server.ts";

const pace: Pace = { pauseMs: 5, windowMs: 300, leastBytes: 5000 };
const content = Uint8Array.from({ length: 1_000_000 }, (_, i) => (i * 2654435761) >>> 24);
const other = content.map((byte) => byte ^ 1);

let server: TestServer;
let part: MemoryPart;
beforeEach(async () => {
  server = await startServer();
  part = new MemoryPart();
});
afterEach(() => server[Symbol.asyncDispose]());

function bring(give: Give, options: Partial<TransferOptions> = {}): Promise<void> {
  server.paths.set("/m", give);
  const url = `${server.base}/m`;
  return transfer({ fetch: nodeFetch, url, part, most: 2e6, hashed: false, pace, ...options });
}
const isWhole = async () => expect(Buffer.from(await part.bytes()).equals(content)).toBe(true);

test("a file that comes at once, and how far it is", async () => {
  const told: number[] = [];
  await bring(file(content), {
    onProgress(loaded, total) {
      expect(total).toBe(content.length);
      told.push(loaded);
    },
  });
  await isWhole();
  expect(told.at(-1)).toBe(content.length);
  expect(told).toEqual(told.toSorted((a, b) => a - b));
  expect(server.asked).toEqual(["/m"]);
});

test("a connection that breaks is gone on with where it broke, as often as something comes", async () => {
  await bring(file(content, { cut: 300_000 }));
  await isWhole();
  expect(server.asked).toEqual(["/m", "/m bytes=300000-", "/m bytes=600000-", "/m bytes=900000-"]);
});

test("where nothing more comes it is given up after five tries", async () => {
  await expect(bring(inTurn(file(content, { cut: 300_000 }), file(content, { cut: 0 })))).rejects.toThrow(/ECONNRESET/);
  expect(server.asked).toEqual(["/m", ...Array.from({ length: 4 }, () => "/m bytes=300000-")]);
  expect(part.length).toBe(300_000);
});

test("what is there already is not asked for again, and a whole file not at all", async () => {
  await part.begin({ url: `${server.base}/m`, validator: '"one"', total: content.length });
  await part.append(content.subarray(0, 400_000));
  await bring(file(content));
  await isWhole();
  await bring(file(content));
  expect(server.asked).toEqual(["/m bytes=400000-"]);
});

describe("a part of another version is not gone on with", () => {
  test.each<[string, Give]>([
    ["the server knows versions", file(content, { etag: '"two"' })],
    ["the server gives no ranges", file(content, { ranges: false })],
    ["the server knows none", file(content, { etag: null })],
  ])("%s", async (_, give) => {
    await part.begin({ url: `${server.base}/m`, validator: '"one"', total: content.length });
    await part.append(other.subarray(0, 400_000));
    await bring(give);
    await isWhole();
  });

  test("nothing tells versions apart: only where a hash will", async () => {
    await bring(file(content, { etag: null, cut: 400_000 })).catch(() => {});
    expect(server.asked.every((asked) => asked === "/m")).toBe(true);
    await bring(file(content, { etag: null }), { hashed: true });
    await isWhole();
    expect(server.asked.at(-1)).toMatch(/^\/m bytes=\d+-$/);
  });

  test.each<[string, Give]>([
    ["another length", (response) => response.writeHead(206, { "content-range": "bytes 400000-9/900000" }).end()],
    ["another place", (response) => response.writeHead(206, { "content-range": "bytes 7-999999/1000000" }).end()],
    ["no place", (response) => response.writeHead(206).end()],
    ["no such range", status(416)],
  ])("the server goes on with %s", async (_, wrong) => {
    await part.begin({ url: `${server.base}/m`, validator: '"one"', total: content.length });
    await part.append(other.subarray(0, 400_000));
    await bring(inTurn(wrong, file(content)));
    await isWhole();
    expect(server.asked).toEqual(["/m bytes=400000-", "/m"]);
  });
});

describe("what a server announces", () => {
  test("less than it sends: no byte more is taken", async () => {
    await bring(file(content, { length: 1000 }));
    expect(part.length).toBe(1000);
  });

  test("more than it sends", async () => {
    const give: Give = (response) => {
      response.writeHead(200, { "content-length": content.length + 1000 });
      response.write(content);
      setTimeout(() => response.destroy(), 20);
    };
    await expect(bring(give)).rejects.toThrow(/after 1 MB of 1 MB/);
    expect(server.asked).toHaveLength(5);
  });

  test("more than is ever taken: nothing is taken", async () => {
    await expect(bring(file(content, { length: 1e12 }))).rejects.toThrow("too large: at least 1000 GB (limit 2 MB)");
    expect(part.length).toBe(0);
    expect(server.asked).toHaveLength(1);
  });

  test("nothing: what comes is taken, up to the limit", async () => {
    await bring((response) => response.writeHead(200).end(content));
    await isWhole();
    const endless: Give = (response) => {
      const more = () => {
        while (!response.destroyed && response.write(content));
        response.once("drain", more);
      };
      response.writeHead(200);
      more();
    };
    await expect(bring(endless)).rejects.toThrow("(limit 2 MB)");
    expect(part.length).toBeLessThanOrEqual(2e6);
  });
});

describe("statuses", () => {
  test.each<[number, string, number]>([
    [404, "file not found on the server (404)", 1],
    [410, "file not found on the server (410)", 1],
    [401, "access denied by the server (401)", 1],
    [403, "access denied by the server (403)", 1],
    [418, "the server answered 418", 1],
    [429, "the server is busy (429)", 4],
    [500, "the server is busy (500)", 4],
    [503, "the server is busy (503)", 4],
  ])("%i", async (code, message, tries) => {
    await expect(bring(status(code))).rejects.toThrow(message);
    expect(server.asked).toHaveLength(tries);
  });

  test("a server that was busy is asked again, when it says", async () => {
    const started = performance.now();
    await bring(inTurn(status(503, { "retry-after": "1" }), status(429), file(content)));
    await isWhole();
    expect(performance.now() - started).toBeGreaterThan(900);
  });

  test("one that wants to be left alone for long is", async () => {
    await expect(bring(status(429, { "retry-after": "3600" }))).rejects.toThrow("later (429, in 3600 s)");
    const date = new Date(Date.now() + 7_200_000).toUTCString();
    await expect(bring(status(503, { "retry-after": date }))).rejects.toThrow(/later \(503, in 7\d\d\d s\)/);
    expect(server.asked).toHaveLength(2);
  });
});

describe("redirects", () => {
  test("are followed, with the range, each time from the beginning", async () => {
    server.paths.set("/there", file(content, { cut: 600_000 }));
    await bring(redirect("/there"));
    await isWhole();
    expect(server.asked).toEqual(["/m", "/there", "/m bytes=600000-", "/there bytes=600000-"]);
  });

  test.each([
    ["/m", "too many redirects (10)"],
    ["file:///etc/passwd", "it redirects away from https (file:///etc/passwd)"],
    ["http://", "it redirects away from https (http://)"],
  ])("not to %s", async (location, message) => {
    await expect(bring(redirect(location))).rejects.toThrow(message);
  });
});

describe("time", () => {
  test("a slow trickle is given up", async () => {
    await expect(bring(file(content, { rate: 10 }))).rejects.toThrow(
      /^the download is too slow \(\d+(\.\d+)? (B|kB) in 0.3 s\)$/,
    );
    expect(server.asked).toHaveLength(2);
  });

  test("a slow line that gets somewhere is not", async () => {
    await bring(file(content, { rate: 20_000 }));
    await isWhole();
  });

  test("a server that never answers is given up", async () => {
    await expect(bring(() => {})).rejects.toThrow(/^the download is too slow/);
  });

  test("nobody there: asked twice", async () => {
    let asked = 0;
    const url = "http://127.0.0.1:9/m";
    const fetch: typeof nodeFetch = (...args) => {
      asked++;
      return nodeFetch(...args);
    };
    await expect(transfer({ fetch, url, part, most: 1e6, hashed: false, pace })).rejects.toThrow(
      "no response (ECONNREFUSED)",
    );
    expect(asked).toBe(2);
  });
});

describe("its end by the caller", () => {
  const reason = new Error("enough");

  test.each<[string, Give]>([
    ["while it comes", file(content, { rate: 1000 })],
    ["while nothing comes", () => {}],
    ["while it waits to ask again", status(503, { "retry-after": "20" })],
  ])("%s", async (_, give) => {
    const ending = new AbortController();
    setTimeout(() => ending.abort(reason), 100);
    await expect(bring(give, { signal: ending.signal })).rejects.toBe(reason);
  });

  test("before it begins", async () => {
    await expect(bring(file(content), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(server.asked).toEqual([]);
  });
});

/**
 * The web app's first visit compared with a blank page whose module worker answers: `node bench/first-visit.ts [ROUNDS]`. Both come
 * from one server on loopback, compressed as usual, to a browser that has seen neither; rounds alternate. A visit ends when the
 * page gets the worker's first answer.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { loadavg } from "node:os";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { percentile } from "movinet/files";
import { build } from "vite";
import { policyFor } from "../apps/web/vite.config.ts";
import { launch } from "../packages/movinet/test/browser/chromium.ts";
import { machine, pathOf, processor, row, temporaryFolder } from "./material.ts";

const rounds = Number(process.argv[2] ?? 15);
const folder = temporaryFolder();
await build({ root: pathOf("../apps/web"), logLevel: "error", build: { outDir: folder, emptyOutDir: true } });

const blank: Readonly<Record<string, string>> = {
  "/blank.html": "<!doctype html><meta charset=utf-8><script type=module src=/blank.js></script>",
  "/blank.js": `const worker = new Worker(new URL("/blank-worker.js", location.href), { type: "module" });
    worker.onmessage = () => console.debug(performance.now());`,
  "/blank-worker.js": "postMessage(0);",
};
const texts: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/** What the server sends for a path: compressed if it is text. */
const bodies = new Map<string, Buffer>();
function bodyOf(path: string): Buffer {
  const known = bodies.get(path);
  if (known !== undefined) return known;
  const plain = Buffer.from(blank[path] ?? readFileSync(join(folder, path)));
  const body = extname(path) in texts ? gzipSync(plain, { level: 9 }) : plain;
  bodies.set(path, body);
  return body;
}

/** Bytes since the visit began: all, and those that are neither the model nor the sample. */
let bytes = { all: 0, own: 0 };
const server = createServer(({ url = "/" }, response) => {
  if (url === "/favicon.ico") {
    response.writeHead(404).end();
    return;
  }
  const path = url === "/" ? "/index.html" : url;
  const body = bodyOf(path);
  const type = texts[extname(path)];
  bytes = { all: bytes.all + body.length, own: bytes.own + (type === undefined ? 0 : body.length) };
  response.writeHead(200, {
    "content-type": type ?? (extname(path) === ".mp4" ? "video/mp4" : "application/octet-stream"),
    "content-length": body.length,
    "content-security-policy": policyFor(""),
    ...(type === undefined ? {} : { "content-encoding": "gzip" }),
  });
  response.end(body);
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const browser = await launch();

/** Prints when the page gets the first answer, in milliseconds since the navigation began. */
const noting = `{
  let told = false;
  globalThis.Worker = class extends Worker {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        if (told || data.kind !== "answer") return;
        told = true;
        console.debug(performance.now());
      });
    }
  };
}`;

async function visit(path: string): Promise<number> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await page.addInitScript(noting);
  const answer = page.waitForEvent("console", { predicate: (message) => message.type() === "debug", timeout: 60_000 });
  await page.goto(origin + path, { waitUntil: "commit" });
  const ms = Number((await answer).text());
  await context.close();
  return ms;
}

try {
  const [loadBefore = 0] = loadavg();
  const times: Record<"blank" | "app", number[]> = { blank: [], app: [] };
  // The first visit also starts the browser's own parts.
  await visit("/blank.html");
  for (let round = 0; round < rounds; round++) {
    times.blank.push(await visit("/blank.html"));
    bytes = { all: 0, own: 0 };
    times.app.push(await visit("/"));
  }
  const [loadAfter = 0] = loadavg();
  const ratios = times.app.map((ms, round) => ms / (times.blank[round] ?? Number.NaN));
  const least = { blank: Math.min(...times.blank), app: Math.min(...times.app) };
  row(
    "machine,processor,browser,rounds,blankMs,appMs,ratio,leastBlankMs,leastAppMs,leastRatio,bytes,ownBytes,loadBefore,loadAfter",
  );
  row(
    ...[machine, `"${processor}"`, `Chromium ${browser.version()}`, rounds],
    ...[times.blank, times.app].map((values) => percentile(values, 50).toFixed(0)),
    percentile(ratios, 50).toFixed(2),
    ...[least.blank, least.app].map((ms) => ms.toFixed(0)),
    (least.app / least.blank).toFixed(2),
    ...[bytes.all, bytes.own, loadBefore.toFixed(1), loadAfter.toFixed(1)],
  );
} finally {
  await browser.close();
  server.close();
}

/** The measuring page: built, opened in Chromium as a file and from a server, run in its short form. */
import { mkdtempSync, rmSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addPeers, buildPage } from "../bench/web/build.ts";
import { hasChromium, launch, where } from "../packages/movinet/test/browser/chromium.ts";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".wasm": "application/wasm",
};

describe.skipIf(!hasChromium)(`the measuring page ${where}`, () => {
  let folder: string;
  let file: string;
  let browser: Browser;
  let server: Server;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "movinet-web-bench-"));
    file = await buildPage(folder, ["a0"]);
    await addPeers(folder);
    server = createServer(async (request, response) => {
      const path = new URL(request.url ?? "/", "http://localhost").pathname;
      const body = await readFile(join(folder, path)).catch(() => null);
      const type = types[extname(path)] ?? "text/javascript";
      response.writeHead(body ? 200 : 404, { "content-type": type }).end(body ?? "");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function measured(
    url: string,
    { before = "", rounds = "1" } = {},
  ): Promise<{ page: Page; row: Record<string, unknown> }> {
    const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
    await page.addInitScript(before);
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(`${url}?rounds=${rounds}&models=a0`);
    await page.fill("#device", "a test");
    await page.click("#start");
    await page.waitForSelector("#result:not([hidden])", { timeout: 300_000 });
    expect(errors).toEqual([]);
    return { page, row: JSON.parse(await page.inputValue("#json")) };
  }

  const one = (engine: string) => ({
    model: "a0",
    engine,
    p50Ms: expect.any(Number),
    p95Ms: expect.any(Number),
    meanMs: expect.any(Number),
    receipt: expect.any(Number),
  });

  test("as a file it measures what is ours, and says what it lacks", async () => {
    const { page, row } = await measured(pathToFileURL(file).href);
    const why = "its files are not beside this page";
    expect(row).toMatchObject({
      ...{ device: "a test", hidden: false, rounds: 1, relaxedSimd: true },
      results: [one("movinet"), one("movinet without classifier")],
      missing: { "LiteRT.js": why, "onnxruntime-web": why },
    });
    expect(row["browser"]).toMatch(/Chrome/);
    expect(row["cores"]).toBeGreaterThan(0);
    for (const { receipt } of row["results"] as { receipt: number }[]) expect(receipt).toBeLessThan(1e-5);
    expect(await page.innerText("#body")).toMatch(/^movinet\s+[\d.]+\s+[\d.]+\s+movinet without classifier/);
    expect(await page.innerText("#missing")).toContain(`LiteRT.js: not measured, ${why}`);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
  });

  test("from a server it measures the engines beside it, too", async () => {
    const { page, row } = await measured(
      `http://127.0.0.1:${(server.address() as AddressInfo).port}/movinet-bench.html`,
    );
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.click("#copy");
    await expect.poll(() => page.innerText("#copy")).toBe("Copied");
    expect(await page.evaluate("navigator.clipboard.readText().then(JSON.parse)")).toEqual(row);
    expect(row["missing"]).toEqual({});
    const names = ["movinet", "movinet without classifier", "LiteRT.js", "onnxruntime-web"];
    expect(row["results"]).toEqual(names.map(one));
    for (const { receipt } of row["results"] as { receipt: number }[]) expect(receipt).toBeLessThan(1e-5);
  });

  test("an engine that fails on the way is left out, the others are measured, and the row can be copied without a clipboard", async () => {
    const { page, row } = await measured(pathToFileURL(file).href, {
      rounds: "many",
      before: `
        const { grow } = WebAssembly.Memory.prototype;
        WebAssembly.Memory.prototype.grow = function (pages) {
          if (/^Warming up/.test(document.querySelector("#status").textContent)) throw new RangeError("no memory");
          return grow.call(this, pages);
        };
        navigator.clipboard.writeText = () => Promise.reject(new Error("not allowed"));`,
    });
    expect(row).toMatchObject({ results: [], rounds: 10 });
    for (const engine of ["movinet a0", "movinet without classifier a0"]) {
      expect(row["missing"]).toMatchObject({ [engine]: expect.stringMatching(/exhausted at \d+ MB/) });
    }
    await page.click("#copy");
    await expect.poll(() => page.innerText("#copy")).toMatch(/^(Copied|Copy the marked text)$/);
  });

  test("an engine whose logits are off is not shown as a fast one", async () => {
    const other = join(folder, "other.html");
    const page = await readFile(file, "utf8");
    await writeFile(other, page.replace(/("a0":")[^"]{8}/, "$1AACAPwAA"));
    const { row } = await measured(pathToFileURL(other).href);
    expect(row["results"]).toEqual([]);
    expect(row["missing"]).toMatchObject({ "movinet a0": expect.stringMatching(/^its logits are off by \d/) });
  });
});

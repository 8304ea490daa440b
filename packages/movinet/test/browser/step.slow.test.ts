/** The library in a real browser: a model steps in Chromium with onnxruntime-web and gives the reference's logits. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeModel } from "../../src/model/model.ts";
import { figuresOf, largestDifference, modelOfFigures } from "../golden/figures.ts";
import { hashedFrames } from "../golden/material.ts";

const candidates = [
  process.env["CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];
const executablePath = candidates.find((path) => path && existsSync(path));
const title = executablePath ? "in Chromium" : "in Chromium (skipped: none is installed; set CHROMIUM to its path)";

describe.skipIf(!executablePath)(title, () => {
  const figures = figuresOf("t0-stream-posenc-10classes");
  const [, frames, height, width] = figures.shape;
  let folder: string;
  let server: Server;
  let browser: Browser;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "movinet-browser-"));
    const entry = fileURLToPath(new URL("./page.web.ts", import.meta.url));
    const lib = { entry, formats: ["es" as const], fileName: "page" };
    await build({
      configFile: false,
      logLevel: "error",
      build: { outDir: folder, lib, emptyOutDir: true, target: "es2024" },
    });
    const ort = dirname(fileURLToPath(import.meta.resolve("onnxruntime-web/wasm")));
    const images = hashedFrames(frames, height, width);
    const served: Record<string, Uint8Array | string> = {
      "/": "<!doctype html><meta charset=utf-8><script type=module src=/page.js></script>",
      "/model.safetensors": writeModel(modelOfFigures(figures)),
      "/frames.bin": new Uint8Array(images.buffer),
    };
    server = createServer(async (request, response) => {
      const path = request.url ?? "/";
      const type = path.endsWith("js") ? "text/javascript" : path.endsWith(".wasm") ? "application/wasm" : "text/html";
      const file = path.startsWith("/ort/") ? join(ort, basename(path)) : join(folder, basename(path));
      const body = served[path] ?? (await readFile(file).catch(() => null));
      response.writeHead(body === null ? 404 : 200, { "content-type": type }).end(body ?? "");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const args = [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
    ];
    browser = await chromium.launch({ executablePath: executablePath as string, args });
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test("a stream model steps frame by frame like the reference", async () => {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction("globalThis.step !== undefined");
    const logits = (await page.evaluate(`step(${frames})`)) as number[];
    expect(errors).toEqual([]);
    expect(largestDifference(figures.logits[frames - 1] as number[], logits)).toBeLessThanOrEqual(1e-4);
  });
});

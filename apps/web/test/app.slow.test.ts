/** The built app in Chromium, from a sub-folder: the sample, a camera, files, models, what fails, and that nothing leaves the page. */

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Download, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { readModel } from "../../../packages/movinet/src/formats/model-file.ts";
import { emitTflite } from "../../../packages/movinet/src/formats/tflite/write/emit.ts";
import { hasChromium, launch, softwareGpu, where } from "../../../packages/movinet/test/browser/chromium.ts";
import { carvingIce, hasShared, officialModel, sharedReason } from "../../../packages/movinet/test/shared.ts";
import { motionVideo } from "../../../packages/movinet/test/video/make-motion.ts";
import { makeVideo } from "../../../packages/movinet/test/video/make-video.ts";
import { policyFor } from "../vite.config.ts";
import { type ServedApp, serveApp } from "./app-page.ts";
import { writeY4m } from "./y4m.ts";

const embedded = fileURLToPath(new URL("../../cli/models/camera-motion.safetensors", import.meta.url));
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const patience = { timeout: 60_000 };

describe.skipIf(!hasChromium)(`the web app ${where}`, () => {
  let app: ServedApp;
  let folder: string;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  /** Of the page that is open. */
  let errors: string[];
  let requests: string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "movinet-app-"));
    const camera = join(folder, "camera.y4m");
    writeY4m(camera, "zoom in", 3);
    app = await serveApp();
    const fake = ["--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${camera}`];
    browser = await launch(...fake, ...softwareGpu);
  });
  afterAll(async () => {
    await browser?.close();
    await app?.close();
    if (folder) await rm(folder, { recursive: true });
  });
  afterEach(() => context?.close());

  async function openApp({
    width = 1440,
    height = 900,
    permissions = [] as string[],
    bypassCSP = false,
  } = {}): Promise<void> {
    context = await browser.newContext({ viewport: { width, height }, permissions, bypassCSP });
    page = await context.newPage();
    [errors, requests] = [[], []];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    context.on("request", (request) => requests.push(request.url()));
    await page.goto(app.url);
  }
  const named = (label: string) => page.locator(".verdict-name", { hasText: label }).waitFor(patience);
  const titled = (title: string) => page.getByRole("alert").getByText(title).waitFor(patience);
  const textOf = async (download: Promise<Download>) => readFile(await (await download).path());

  test("says what the camera of the sample does, keeps events, and asks nobody else", async () => {
    await openApp();
    for (const label of ["zoom in", "roll clockwise"]) await named(label);
    await page.locator(".event-name", { hasText: "zoom in" }).first().waitFor(patience);

    const csv = page.waitForEvent("download");
    await page.getByRole("button", { name: "CSV" }).click();
    expect(String(await textOf(csv))).toMatch(
      /^label,start,end,peak\r\n([\w ]+,[\d.]+,[\d.]*,0\.\d+\r\n)*zoom in,[\d.]+,[\d.]+,0\.\d+\r\n/m,
    );
    const jsonl = page.waitForEvent("download");
    await page.getByRole("button", { name: "JSONL" }).click();
    const lines = String(await textOf(jsonl))
      .trim()
      .split("\n");
    expect(Object.keys(JSON.parse(lines[0] as string))).toEqual(["label", "start", "end", "peak"]);
    const png = page.waitForEvent("download");
    await page.getByRole("button", { name: "Save a snapshot" }).click();
    const picture = await textOf(png);
    expect([picture.toString("latin1", 1, 4), picture.readUInt32BE(16), picture.readUInt32BE(20)]).toEqual([
      "PNG",
      640,
      416,
    ]);

    expect(errors).toEqual([]);
    const origin = new URL(app.url).origin;
    expect(requests.length).toBeGreaterThan(5);
    expect(requests.filter((url) => !url.startsWith(app.url) && !url.startsWith(`blob:${origin}`))).toEqual([]);
  });

  test("obeys one policy, of the page and of the server, which lets nothing out", async () => {
    await openApp();
    const meta = await page.locator("meta[http-equiv=Content-Security-Policy]").getAttribute("content");
    expect(meta).toBe(policyFor(""));
    const { headers } = await page.request.get(app.url).then((response) => ({ headers: response.headers() }));
    expect(headers["content-security-policy"]).toBe(policyFor(""));
    await page.locator(".verdict-score").waitFor(patience);
    const fetching = "fetch('https://example.com/').then(() => 'sent', (error) => error.name)";
    expect(await page.evaluate(fetching)).toBe("TypeError");
    expect(await page.workers()[0]?.evaluate(fetching)).toBe("TypeError");
    expect(requests.filter((url) => url.startsWith("https:"))).toEqual([]);
    expect(errors.some((text) => text.includes("Content Security Policy"))).toBe(true);
  });

  test("names what a camera sees, at the rates that it gives, mirrored for the user alone", async () => {
    await openApp({ permissions: ["camera"] });
    await page.getByRole("button", { name: "Camera", exact: true }).click();
    const mirror = page.getByRole("button", { name: "Mirror" });
    await mirror.waitFor(patience);
    await named("zoom in");
    expect(await mirror.getAttribute("aria-pressed")).toBe("true");
    const rates = page.locator(".field-wide option");
    expect(await rates.allTextContents()).toEqual(["10 fps", "20 fps (2 streams)"]);
    await page.locator(".field-wide").selectOption("2");
    await page.locator(".event-name", { hasText: "zoom in" }).first().waitFor(patience);
    // As when it is unplugged.
    await page.evaluate("document.querySelector('video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))");
    await titled("The camera was disconnected");
    await page.getByRole("button", { name: "Play the sample" }).click();
    await page.locator(".verdict-score").waitFor(patience);
    expect(errors).toEqual([]);
  });

  test("reads a camera frame by frame where the browser has no streams of frames", async () => {
    await openApp({ permissions: ["camera"] });
    await page.addInitScript("delete globalThis.MediaStreamTrackProcessor; delete globalThis.VideoFrame");
    await page.reload();
    await page.getByRole("button", { name: "Camera", exact: true }).click();
    await page.getByRole("button", { name: "Mirror" }).waitFor(patience);
    await named("zoom in");
    expect(errors).toEqual([]);
  });

  test("says that a camera is blocked, and goes on with the sample", async () => {
    await openApp();
    await page.getByRole("button", { name: "Camera", exact: true }).click();
    await titled("The camera is blocked");
    await page.getByRole("button", { name: "Play the sample" }).click();
    await page.locator(".verdict-score").waitFor(patience);
    expect(errors).toEqual([]);
  });

  test("plays a file live, once", async () => {
    const clip = join(folder, "clip.webm");
    makeVideo(clip, motionVideo({ label: "pan left", fps: 20, count: 60, width: 320, height: 180 }));
    await openApp();
    await page.locator("input[type=file]").first().setInputFiles(clip);
    await page.getByRole("button", { name: "Play live" }).click();
    await named("pan left");
    await page.getByRole("button", { name: "Play again" }).waitFor(patience);
    // Its end ends the event.
    await page.locator(".event", { hasText: /pan left[\d.]+ s/ }).waitFor(patience);
    expect(await page.locator(".event-open").count()).toBe(0);
    expect(errors).toEqual([]);
  });

  test("opens a model of the user's, and goes on with the old one where a file or a download is none", async () => {
    const tflite = emitTflite(readModel(await readFile(embedded), "camera-motion"), { form: "official" });
    await writeFile(join(folder, "mine.tflite"), tflite);
    await writeFile(join(folder, "labels.txt"), Array.from({ length: 10 }, (_, i) => `move ${i}`).join("\n"));
    await writeFile(join(folder, "none.safetensors"), "no model");
    await openApp();
    await page.locator(".verdict-score").waitFor(patience);
    const openModel = async (...names: string[]) => {
      await page.locator(".model-button").click();
      await page.locator("dialog input[type=file]").setInputFiles(names.map((name) => join(folder, name)));
    };
    await openModel("mine.tflite", "labels.txt");
    await page.locator(".model-button-name", { hasText: "mine.tflite" }).waitFor(patience);
    await named("move");
    await openModel("none.safetensors");
    await titled("This is not a model file");
    expect(errors).toEqual([]);
    await context.route(/^https:/, (route) => route.fulfill({ status: 404 }));
    await page.getByRole("button", { name: "Choose a model" }).click();
    await page.getByRole("button", { name: /a0-stream/ }).click();
    await titled("The model could not be downloaded");
    await page.getByRole("button", { name: "Use the built-in model" }).click();
    await page.locator(".model-button-name", { hasText: "camera-motion" }).waitFor(patience);
  });

  test("runs on the engine of the user's choice, and goes on with WebAssembly when the GPU is lost", async () => {
    const tflite = emitTflite(readModel(await readFile(embedded), "camera-motion"), { form: "official" });
    await writeFile(join(folder, "motion.tflite"), tflite);
    await openApp();
    // A processor is no GPU to the app; here it takes its place.
    await page.addInitScript("Object.defineProperty(GPUAdapterInfo.prototype, 'isFallbackAdapter', { value: false })");
    await page.reload();
    const note = (text: RegExp) => page.locator(".engine-note", { hasText: text }).waitFor({ timeout: 300_000 });
    const choose = (engine: string) => page.getByLabel("Engine").selectOption(engine);
    const offers = page.getByLabel("Engine").locator("option");
    await note(/^WebAssembly: checked, answers within \de-\d\.$/);
    expect(await page.evaluate("crossOriginIsolated")).toBe(true);
    expect(await offers.allTextContents()).toEqual([
      "WebAssembly",
      expect.stringMatching(/^WebAssembly, [2-4] threads$/),
      "WebGPU (loads 27 MB)",
      "Fastest (loads 27 MB)",
      "LiteRT (for .tflite files)",
    ]);
    expect(await offers.last().isDisabled()).toBe(true);
    await choose("threads");
    await note(/^WebAssembly threads: checked/);
    await named("");
    expect(requests.filter((url) => url.includes("/engines/"))).toEqual([]);

    await page.locator(".model-button").click();
    await page.locator("dialog input[type=file]").setInputFiles(join(folder, "motion.tflite"));
    await page.locator(".model-button-name", { hasText: "motion.tflite" }).waitFor(patience);
    await choose("litert");
    await note(/^LiteRT: checked.*Per step: LiteRT [\d.]+ ms, WebAssembly [\d.]+ ms\.$/);
    await page.locator(".verdict-score").waitFor(patience);

    await page.workers()[0]?.evaluate(`{
      const request = GPUAdapter.prototype.requestDevice;
      GPUAdapter.prototype.requestDevice = async function (...args) {
        return (globalThis.device = await request.apply(this, args));
      };
    }`);
    await choose("webgpu");
    await note(/^WebGPU: checked/);
    await page.workers()[0]?.evaluate("device.destroy()");
    await titled("The engine was lost");
    await note(/^WebAssembly: checked/);
    await page.getByRole("button", { name: "Dismiss" }).click();
    await page.locator(".verdict-score").waitFor(patience);
    expect(errors).toEqual([]);
    expect(requests.filter((url) => !url.startsWith(app.url) && !url.startsWith("blob:"))).toEqual([]);
    expect(requests.some((url) => url.endsWith("/engines/litert/litert_wasm_internal.wasm"))).toBe(true);
  });

  test("lists the models that the browser keeps, with their sizes, and removes them", async () => {
    await openApp();
    await page.evaluate(`(async () => {
      const cache = await caches.open("movinet");
      const sizes = { "a0-stream": 15063932, "a1-stream": 25926240 };
      const models = Object.fromEntries(Object.entries(sizes).map(([name, bytes]) => {
        return [name + ".safetensors", { sha256: "0".repeat(64), bytes, url: "https://example.org", licence: "MIT", since: "2026-11-28" }];
      }));
      for (const file of Object.keys(models)) await cache.put("/.movinet/" + file, new Response("x"));
      await cache.put("/.movinet/models.lock.json", new Response(JSON.stringify({ models, pins: {} })));
    })()`);
    await page.locator(".model-button").click();
    await page.getByText("Kept in this browser: 41.0 MB").waitFor(patience);
    await page.getByRole("button", { name: "Remove a0-stream" }).click();
    await page.getByText("Kept in this browser: 25.9 MB").waitFor(patience);
    await page.getByRole("button", { name: "Remove a1-stream" }).click();
    await page.locator(".kept").waitFor({ state: "detached" });
    const files = "caches.open('movinet').then((cache) => cache.keys()).then((keys) => keys.map(({ url }) => url))";
    expect(await page.evaluate(files)).toEqual([expect.stringMatching(/models\.lock\.json$/)]);
    expect(errors).toEqual([]);
  });

  test("says that memory is short, and goes on with the model before", async () => {
    await openApp();
    await page.locator(".verdict-score").waitFor(patience);
    await page.workers()[0]?.evaluate(`{
      const { Memory } = WebAssembly;
      WebAssembly.Memory = function () {
        WebAssembly.Memory = Memory;
        throw new RangeError("WebAssembly.Memory(): could not allocate memory");
      };
    }`);
    await page.locator(".model-button").click();
    await page.locator("dialog input[type=file]").setInputFiles(embedded);
    await titled("Not enough memory");
    await page.getByRole("button", { name: "Dismiss" }).click();
    await page.locator(".verdict-score").waitFor(patience);
    expect(errors).toEqual([]);
  });

  test.skipIf(!hasShared)(`names a real clip with the official A0${sharedReason}`, async () => {
    await openApp();
    await page.locator(".model-button").click();
    await page.locator("dialog input[type=file]").setInputFiles(officialModel);
    await page.locator(".model-button-name", { hasText: ".tflite" }).waitFor(patience);
    await page.locator("input[type=file]").first().setInputFiles(carvingIce);
    await page.getByRole("button", { name: "Play live" }).click();
    await named("carving ice");
    const rates = await page.locator(".field-wide option").allTextContents();
    expect(rates.slice(0, 2)).toEqual(["5 fps", "10 fps (2 streams)"]);
    expect(errors).toEqual([]);
  });

  test("says that WebAssembly is blocked", async () => {
    await openApp();
    await page.route(/worker-.*\.js$/, async (route) => {
      const response = await route.fetch();
      const policy = policyFor("").replace(" 'wasm-unsafe-eval'", "");
      await route.fulfill({ response, headers: { ...response.headers(), "content-security-policy": policy } });
    });
    await page.reload();
    await titled("WebAssembly is not available");
  });

  test("pauses while nobody looks", async () => {
    await openApp();
    await named("pan right");
    const look = (hidden: boolean) =>
      page.evaluate(`Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"))`);
    await look(true);
    await page.getByRole("button", { name: "Play" }).waitFor();
    expect(await page.evaluate("document.querySelector('video').paused")).toBe(true);
    await look(false);
    await page.getByRole("button", { name: "Pause" }).waitFor();
    expect(await page.evaluate("document.querySelector('video').paused")).toBe(false);
  });

  test.each([
    [360, 740],
    [768, 1024],
    [740, 360],
    [1440, 900],
  ])("fits into %i × %i pixels, and axe finds nothing", async (width, height) => {
    await openApp({ width, height, bypassCSP: true });
    await page.locator(".verdict-score").waitFor(patience);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
    const { width: shown = 0 } = (await page.locator("video").boundingBox()) ?? {};
    expect(shown).toBeGreaterThan(0.5 * Math.min(width, 900));
    await page.addScriptTag({ path: axe });
    const found =
      "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + nodes.map((n) => n.target)))";
    expect(await page.evaluate(found)).toEqual([]);
    await page.locator(".model-button").click();
    expect(await page.evaluate(found)).toEqual([]);
  });
});

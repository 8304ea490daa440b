/**
 * The web app's live view in Chromium: the official A0 in float32, on a fake camera of 640 × 480 pixels that plays real clips in turn
 * at 30 frames per second.
 */
import { join } from "node:path";
import type { Browser, CDPSession, Page } from "playwright-core";
import { serveApp } from "../apps/web/test/app-page.ts";
import { writeVideosAsY4m } from "../apps/web/test/y4m.ts";
import { launch } from "../packages/movinet/test/browser/chromium.ts";
import { officialModel } from "../packages/movinet/test/shared.ts";
import { labelledClips, temporaryFolder } from "./material.ts";

export interface LivePage {
  readonly browser: Browser;
  readonly page: Page;
  readonly session: CDPSession;
  readonly errors: readonly string[];
  close(): Promise<void>;
}

/** An answer that the page got. Milliseconds, all but `frame` on the system's clock. */
export interface Said {
  /** On the camera's clock. */
  readonly frame: number;
  /** When the worker read the frame. */
  readonly read: number;
  /** When the page got the answer. */
  readonly got: number;
  /** When the page had drawn it, for every fifth answer and every new label; else null. */
  readonly drawn: number | null;
  readonly label: number | null;
}

/** In the worker: notes which frame an answer belongs to. */
const inWorker = `{
  const { read } = ReadableStreamDefaultReader.prototype;
  let frame = null;
  ReadableStreamDefaultReader.prototype.read = async function () {
    const result = await read.call(this);
    if (result.value instanceof VideoFrame) {
      frame = { frame: result.value.timestamp / 1000, read: performance.timeOrigin + performance.now() };
    }
    return result;
  };
  const send = self.postMessage.bind(self);
  self.postMessage = (message, ...more) => {
    if (message.kind === "answer") message.bench = { ...frame, label: message.answer.named?.index ?? null };
    send(message, ...more);
  };
}`;

/** In the page: notes long tasks, and when answers were drawn. */
const inPage = `{
  Object.assign(globalThis, { said: [], longTasks: [] });
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) longTasks.push({ startTime, duration });
  }).observe({ entryTypes: ["longtask"] });
  const now = () => performance.timeOrigin + performance.now();
  const painted = () => new Promise((resolve) => {
    requestAnimationFrame(() => {
      // The next task comes after the frame is painted.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => { port1.close(); resolve(); };
      port2.postMessage(null);
    });
  });
  let label = null;
  globalThis.Worker = class extends Worker {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", async ({ data: { bench } }) => {
        if (!bench) return;
        const entry = { ...bench, got: now(), drawn: null };
        said.push(entry);
        const isNew = label !== bench.label;
        label = bench.label;
        if (!isNew && said.length % 5 !== 0) return;
        await painted();
        entry.drawn = now();
      });
    }
  };
}`;

/** Opens the built app on the camera and waits for a first name. `streams` take turns at the model's 5 frames per second. */
export async function openLive(streams: number): Promise<LivePage> {
  const camera = join(temporaryFolder(), "camera.y4m");
  const clips = labelledClips().filter(({ named, file }) => named && file.endsWith(".mp4"));
  const shape = { width: 640, height: 480, fps: 30 };
  await writeVideosAsY4m(
    camera,
    clips.slice(0, 4).map(({ file }) => file),
    shape,
    3,
  );
  const app = await serveApp();
  const browser = await launch("--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${camera}`);
  const close = async () => {
    await browser.close();
    await app.close();
  };
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, permissions: ["camera"] });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on(
      "console",
      (message) =>
        message.type() === "error" &&
        errors.push(`${new Date().toISOString()} ${message.text()} ${JSON.stringify(message.location())}`),
    );
    page.on("worker", (worker) => worker.evaluate(inWorker));
    await page.addInitScript(inPage);
    const session = await context.newCDPSession(page);
    await page.goto(app.url);
    await page.locator(".verdict-score").waitFor({ timeout: 60_000 });
    await page.locator(".model-button").click();
    await page.locator("dialog input[type=file]").setInputFiles(officialModel);
    await page.locator(".model-button-name", { hasText: ".tflite" }).waitFor();
    await page.getByRole("button", { name: "Camera", exact: true }).click();
    await page.getByRole("button", { name: "Mirror" }).waitFor();
    await page.locator(".field-wide").selectOption(String(streams));
    await page.locator(".verdict-score").waitFor({ timeout: 60_000 });
    return { browser, page, session, errors, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The File view of the built app in Chromium: whole clips, the timeline, what is saved, what fails, and that nothing goes on. */

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { openVideo } from "movinet/video";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { hasChromium, launch, where } from "../../../packages/movinet/test/browser/chromium.ts";
import { hasShared, officialModel, sharedFolder, sharedReason } from "../../../packages/movinet/test/shared.ts";
import { motionVideo } from "../../../packages/movinet/test/video/make-motion.ts";
import { makeVideo } from "../../../packages/movinet/test/video/make-video.ts";
import { type ServedApp, serveApp } from "./app-page.ts";
import { classifyInNode, wav } from "./clips.ts";

const embedded = fileURLToPath(new URL("../../cli/models/camera-motion.safetensors", import.meta.url));
const sample = fileURLToPath(new URL("../generated/sample.mp4", import.meta.url));
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const patience = { timeout: 60_000 };

describe.skipIf(!hasChromium)(`the File view ${where}`, () => {
  let app: ServedApp;
  let folder: string;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  /** Of the page that is open. */
  let errors: string[];
  let requests: string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "movinet-file-"));
    app = await serveApp();
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await app?.close();
    if (folder) await rm(folder, { recursive: true });
  });
  afterEach(() => context?.close());

  interface PageSettings {
    readonly viewport?: { readonly width: number; readonly height: number };
    readonly colorScheme?: "dark" | "light";
    readonly bypassCSP?: boolean;
    /** Runs in the page before its own scripts. */
    readonly before?: string;
  }
  async function openApp({ viewport = { width: 1440, height: 900 }, before = "", ...more }: PageSettings = {}) {
    context = await browser.newContext({ viewport, ...more });
    page = await context.newPage();
    [errors, requests] = [[], []];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    context.on("request", (request) => requests.push(request.url()));
    await page.addInitScript(before);
    await page.goto(app.url);
  }
  const choose = (...files: string[]) => page.locator("input[type=file]").first().setInputFiles(files);
  const done = () => page.locator(".answers").waitFor(patience);
  const textsOf = (selector: string) => page.locator(selector).allTextContents();
  const titled = (title: string) => page.getByRole("alert").getByText(title).waitFor(patience);
  const button = (name: string) => page.getByRole("button", { name, exact: true });
  async function save(name: string): Promise<{ readonly name: string; readonly bytes: Buffer }> {
    const download = page.waitForEvent("download", patience);
    await button(name).click();
    const file = await download;
    return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
  }

  async function drop(file: string): Promise<void> {
    const bytes = (await readFile(file)).toString("base64");
    await page.evaluate(`(async () => {
      const files = new DataTransfer();
      const bytes = Uint8Array.from(atob("${bytes}"), (character) => character.charCodeAt(0));
      files.items.add(new File([bytes], "${basename(file)}"));
      window.dispatchEvent(new DragEvent("drop", { dataTransfer: files, cancelable: true }));
    })()`);
  }

  test("classifies the sample as Node does, seeks, and saves everything; nothing leaves the page", async () => {
    await openApp();
    await button("File").click();
    await button("Use the sample").click();
    await done();
    const inNode = await classifyInNode(sample, embedded);

    const jsonl = await save("JSONL");
    const lines = String(jsonl.bytes)
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const [answer] = lines.filter(({ type }) => type === "result");
    expect(Object.keys(answer)).toEqual(
      ["type", "source", "model", "arithmetic", "frames", "duration", "predictions", "timings"].concat("warnings"),
    );
    expect([jsonl.name, answer.source, answer.model, answer.frames]).toEqual([
      "sample.jsonl",
      "sample.mp4",
      "camera-motion",
      inNode.frames,
    ]);
    expect(answer.duration).toBeCloseTo(18, 1);
    expect(lines.filter(({ type }) => type === "frame").length).toBe(inNode.frames);
    for (const [i, { label, score }] of inNode.predictions.entries()) {
      expect(answer.predictions[i].label).toBe(label);
      expect(Math.abs(answer.predictions[i].score - score)).toBeLessThan(0.01);
    }
    const segments = lines.filter(({ type }) => type === "segment");
    expect(segments.map(({ predictions }) => predictions[0].label)).toEqual(inNode.segments.map(({ label }) => label));
    for (const [i, { start }] of inNode.segments.entries()) {
      expect(Math.abs(segments[i].start - start)).toBeLessThan(0.11);
    }
    expect(await textsOf(".segment-row .event-name")).toEqual(inNode.segments.map(({ label }) => label));

    // The timeline, by pointer and by keys.
    const track = page.getByRole("slider", { name: "Position in the clip" });
    const { x = 0, y = 0, width = 0 } = (await track.boundingBox()) ?? {};
    await page.mouse.click(x + width / 2, y + 20);
    const shownAt = () => page.evaluate<number>("document.querySelector('.file video').currentTime");
    const near = async (time: number) => {
      await expect.poll(shownAt, patience).toBeCloseTo(time, 1);
      expect(Number(await track.getAttribute("aria-valuenow"))).toBeCloseTo(time, 1);
    };
    await near(9);
    await page.keyboard.press("ArrowRight");
    await near(9.1);
    await page.keyboard.press("PageUp");
    await near(segments.findLast(({ start }) => start < 9).start);
    expect(await track.getAttribute("aria-valuetext")).toMatch(/^0:\d\d\.\d, [a-z ]+ [<>]?\d+ %$/);
    await page.mouse.move(x + width / 4, y + 20);
    await page.mouse.down();
    await page.mouse.move(x + width / 3, y + 20, { steps: 5 });
    await page.mouse.up();
    await near(6);
    await page.locator(".segment-row").last().click();
    await near(segments.at(-1).start);
    await button("Play").click();
    await button("Pause").click();
    await track.press(" ");
    await button("Pause").click();
    expect(await shownAt()).toBeGreaterThan(segments.at(-1).start);

    const csv = await save("CSV");
    const rows = String(csv.bytes).trim().split("\n");
    expect(rows[0]).toBe(
      "source,type,start,end,label,score,label2,score2,label3,score3,label4,score4,label5,score5,notes",
    );
    expect(rows.length).toBe(1 + inNode.frames + segments.length + 1);
    const vtt = await save("VTT");
    expect(String(vtt.bytes)).toMatch(/^WEBVTT\n\n00:00:00\.000 --> 00:00:\d\d\.\d{3}\npan right \(\d+ %\)\n/);
    const srt = await save("SRT");
    expect(String(srt.bytes).match(/^\d+\n00:00:\d\d,\d{3} --> 00:00:\d\d,\d{3}\n[a-z ]+ \(\d+ %\)$/gm)?.length).toBe(
      segments.length,
    );
    const png = await save("PNG");
    expect([png.name, png.bytes.toString("latin1", 1, 4), png.bytes.readUInt32BE(16)]).toEqual([
      "sample.png",
      "PNG",
      1200,
    ]);

    const annotated = await save("Annotated video");
    expect(annotated.name).toMatch(/^sample-annotated\.(mp4|webm)$/);
    const written = join(folder, annotated.name);
    await writeFile(written, annotated.bytes);
    const video = openVideo(written, { fps: 1 });
    let orange = 0;
    for await (const { data, width, height } of video) {
      expect([width, height]).toEqual([640, 360]);
      for (let i = 0; i < data.length; i += 3) {
        const [red, green, blue] = [data[i] as number, data[i + 1] as number, data[i + 2] as number];
        if (red > 220 && green > 110 && green < 175 && blue < 130) orange++;
      }
    }
    expect(video.duration).toBeCloseTo(18, 1);
    expect(video.frames).toBe(18);
    // The bars of confidence.
    expect(orange).toBeGreaterThan(18 * 100);

    expect(errors).toEqual([]);
    const origin = new URL(app.url).origin;
    expect(requests.filter((url) => !url.startsWith(app.url) && !url.startsWith(`blob:${origin}`))).toEqual([]);
  });

  test("stops when asked to, starts again, and another clip replaces the one that is read", async () => {
    const [long, short] = [join(folder, "long.webm"), join(folder, "short.webm")];
    makeVideo(long, {
      codec: "libvpx",
      count: 2000,
      fps: 25,
      width: 320,
      height: 180,
      encoderOptions: { deadline: "realtime" },
    });
    makeVideo(short, motionVideo({ label: "pan left", fps: 20, count: 40, width: 320, height: 180 }));
    await openApp();
    await choose(long);
    await page.locator(".segment-row").first().waitFor(patience);
    await button("Cancel").click();
    await page.getByText(/^Stopped at/).waitFor(patience);
    const known = await page.locator(".panel-timeline").textContent();
    expect(await button("JSONL").isDisabled()).toBe(true);
    await page.waitForTimeout(500);
    expect(await page.locator(".panel-timeline").textContent()).toBe(known);
    await button("Start again").click();
    await page.locator(".segment-row").first().waitFor(patience);
    await drop(short);
    await done();
    expect(await page.locator(".answer-facts").textContent()).toBe("20 frames, 2.0 s");
    expect(await textsOf(".segment-row .event-name")).toEqual(["pan left"]);
    await page.waitForTimeout(500);
    expect(await page.locator(".answer-facts").textContent()).toBe("20 frames, 2.0 s");
    // The live view goes on with the sample; the clip is still there afterwards.
    await button("Live").click();
    await page.locator(".live .verdict-score").first().waitFor(patience);
    await button("File").click();
    await done();
    expect(await page.locator(".clip-name").textContent()).toBe("short.webm");
    expect(errors).toEqual([]);
  });

  test("says what is wrong with a file, and how to go on", async () => {
    const [old, notes, sound] = [join(folder, "old.mp4"), join(folder, "notes.mp4"), join(folder, "sound.wav")];
    makeVideo(old, { codec: "mpeg4", ticks: 25, count: 10 });
    await writeFile(notes, "no video");
    await writeFile(sound, wav());
    await openApp();
    for (const [file, said] of [
      [old, /MPEG-4 Part 2/],
      [notes, /text file/],
      [sound, /audio|sound/],
    ] as const) {
      await choose(file);
      await titled("This video cannot be classified");
      expect(await page.locator(".notice-text").textContent()).toMatch(said);
      await page.getByRole("alert").getByRole("button", { name: "Open a video" }).waitFor();
    }
    await choose(sample);
    await done();
    expect(await page.getByRole("alert").count()).toBe(0);
    expect(errors).toEqual([]);
  });

  test("says that an annotated video has lost its sound, and stops writing one", async () => {
    const odd = join(folder, "odd.mkv");
    const sound = { codec: "wmav2", seconds: 2 };
    makeVideo(odd, { ...motionVideo({ label: "zoom in", fps: 20, count: 40, width: 320, height: 180 }), sound });
    await openApp();
    await choose(odd);
    await done();
    const { name } = await save("Annotated video");
    expect(name).toMatch(/^odd-annotated\./);
    expect(await page.locator(".export-outcome").textContent()).toBe(
      "Saved without sound: this browser cannot decode its format.",
    );
    await choose(sample);
    await page.locator(".answer-facts", { hasText: "18.0 s" }).waitFor(patience);
    expect(await page.locator(".export-outcome").textContent()).toBe("");
    await button("Annotated video").click();
    await page.getByRole("progressbar", { name: "Writing the annotated video" }).waitFor(patience);
    await expect.poll(() => page.workers().length, patience).toBe(2);
    await button("Cancel").click();
    await expect.poll(() => page.workers().length, patience).toBe(1);
    expect(await button("Annotated video").isEnabled()).toBe(true);
    expect(errors).toEqual([]);
  });

  test("says that the browser cannot decode, and plays the clip live", async () => {
    await openApp({ before: "delete globalThis.VideoDecoder" });
    await page.route(/worker-.*\.js$/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `delete globalThis.VideoDecoder;${await response.text()}` });
    });
    await page.reload();
    await choose(sample);
    await titled("This browser cannot read video files");
    await page.getByRole("alert").getByRole("button", { name: "Play it live" }).click();
    await page.locator(".live .verdict-score").first().waitFor(patience);
  });

  test.skipIf(!hasShared)(`names a real clip with sound as Node does${sharedReason}`, async () => {
    const clip = `${sharedFolder}/videos/k600/juris_squat.mp4`;
    await openApp();
    await choose(clip);
    await page.locator(".segment-row").first().waitFor(patience);
    // Another model begins anew.
    await page.locator(".model-button").click();
    await page.locator("dialog input[type=file]").setInputFiles(officialModel);
    await page.locator(".model-button-name", { hasText: ".tflite" }).waitFor(patience);
    await done();
    const inNode = await classifyInNode(clip, officialModel);
    const [best] = inNode.predictions;
    expect(await page.locator(".answer .rank-name").first().textContent()).toBe(best?.label);
    const annotated = await save("Annotated video");
    const written = join(folder, annotated.name);
    await writeFile(written, annotated.bytes);
    const video = openVideo(written, { fps: 2 });
    for await (const _ of video);
    expect(video.duration).toBeCloseTo(14.47, 1);
    expect(annotated.bytes.includes("mp4a") || annotated.bytes.includes("A_OPUS")).toBe(true);
    expect(await page.locator(".export-outcome").textContent()).toBe("");
    expect(errors).toEqual([]);
  });

  test.each([
    [
      [360, 740],
      [740, 360],
    ],
    [
      [1440, 900],
      [768, 1024],
    ],
  ] as const)("fits into %j and %j pixels without shifts, and axe finds nothing", async (first, other) => {
    const before = `globalThis.shift = 0;
      new PerformanceObserver((list) => {
        for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) shift += value;
      }).observe({ type: "layout-shift", buffered: true });`;
    const found =
      "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + nodes.map((n) => n.target)))";
    const sizeOf = ([width, height]: readonly [number, number]) => ({ width, height });
    await openApp({ viewport: sizeOf(first), colorScheme: "light", bypassCSP: true, before });
    await page.addScriptTag({ path: axe });
    await button("File").click();
    await button("Use the sample").waitFor(patience);
    expect(await page.evaluate(found)).toEqual([]);
    await choose(sample);
    await done();
    expect(await page.evaluate("shift")).toBeLessThanOrEqual(0.05);
    for (const size of [first, other]) {
      await page.setViewportSize(sizeOf(size));
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(size[0]);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await page.evaluate(found), `${size} ${colorScheme}`).toEqual([]);
      }
    }
  });
});

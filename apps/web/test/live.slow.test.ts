/** The live view of the built app in Chromium: what a first visit takes, the curve, a shared screen, a worker that does not start. */
import { extname } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { hasChromium, launch, where } from "../../../packages/movinet/test/browser/chromium.ts";
import { type ServedApp, serveApp } from "./app-page.ts";

const patience = { timeout: 60_000 };

describe.skipIf(!hasChromium)(`the live view ${where}`, () => {
  let app: ServedApp;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    app = await serveApp();
    // The tab with this title is chosen without asking.
    browser = await launch("--auto-select-tab-capture-source-by-title=Shared");
  });
  afterAll(async () => {
    await browser?.close();
    await app?.close();
  });
  afterEach(() => context?.close());

  async function newPage(options: BrowserContextOptions = {}): Promise<void> {
    context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    page = await context.newPage();
    errors = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  }
  const titled = (title: string) => page.getByRole("alert").getByText(title).waitFor(patience);

  test("a first visit takes at most 1.5 MB until the first name, 250 kB of it ours", async () => {
    await newPage();
    const asked = new Set<string>();
    context.on("request", (request) => asked.add(request.url()));
    await page.goto(app.url);
    await page.locator(".verdict-score").waitFor(patience);
    const files = await Promise.all(
      Array.from(asked, async (url) => ({ path: new URL(url).pathname, body: await (await fetch(url)).bytes() })),
    );
    const isMaterial = (path: string) => [".safetensors", ".mp4"].includes(extname(path));
    const sizes = files.map(({ path, body }) => ({
      path,
      bytes: isMaterial(path) ? body.length : gzipSync(body).length,
    }));
    const sum = (list: typeof sizes) => list.reduce((all, { bytes }) => all + bytes, 0);
    expect([...new Set(sizes.map(({ path }) => extname(path)))].sort()).toEqual(
      expect.arrayContaining(["", ".css", ".js", ".mp4", ".safetensors"]),
    );
    expect(sum(sizes.filter(({ path }) => !isMaterial(path)))).toBeLessThan(250_000);
    expect(sum(sizes)).toBeLessThan(1_500_000);
    expect(errors).toEqual([]);
  });

  test("the curve is magnified by buttons, keys and the wheel, moved, and shown whole again", async () => {
    await newPage();
    await page.goto(app.url);
    await page.locator(".curve-plot canvas").waitFor(patience);
    const title = page.locator("#curve-title");
    const shows = (text: string | RegExp) => expect.poll(() => title.textContent(), patience).toMatch(text);
    await page.getByRole("button", { name: "Zoom in" }).click();
    await shows(/^Last 15 seconds$/);
    await page.locator(".curve-box").focus();
    for (const key of ["+", "=", "+", "-"]) await page.keyboard.press(key);
    await shows(/^Last 4 seconds$/);
    // It stands still once it is moved, and follows again at its end.
    await page.locator(".event").nth(1).waitFor(patience);
    await page.keyboard.press("ArrowLeft");
    await shows(/^\d:\d\d\.\d to \d:\d\d\.\d$/);
    const still = await title.textContent();
    await page.waitForTimeout(500);
    expect(await title.textContent()).toBe(still);
    for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowRight");
    await shows(/^Last 4 seconds$/);
    await page.getByRole("button", { name: "All 30 s" }).click();
    await shows(/^Last 30 seconds$/);
    expect(await page.getByRole("button", { name: "Zoom out" }).getAttribute("aria-disabled")).toBe("true");
    // The wheel alone scrolls the page, until the curve is clicked; with Ctrl it zooms, as pinching a touchpad does.
    await page.locator(".brand").click();
    const { x = 0, y = 0, width = 0 } = (await page.locator(".curve-plot").boundingBox()) ?? {};
    await page.mouse.move(x + width - 20, y + 60);
    await page.mouse.wheel(0, -200);
    await page.waitForTimeout(200);
    await shows(/^Last 30 seconds$/);
    await page.keyboard.down("Control");
    await page.mouse.wheel(0, -200);
    await page.keyboard.up("Control");
    await shows(/^Last 15 seconds$|to/);
    await page.mouse.dblclick(x + width / 2, y + 60);
    await page.mouse.wheel(0, 2000);
    await shows(/^Last 30 seconds$/);
    expect(errors).toEqual([]);
  });

  test("two fingers magnify the curve, one moves it", async () => {
    await newPage({ hasTouch: true });
    await page.goto(app.url);
    await page.locator(".event").nth(1).waitFor(patience);
    const session = await context.newCDPSession(page);
    const { x = 0, y = 0, width = 0 } = (await page.locator(".curve-plot").boundingBox()) ?? {};
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", ...shares: number[]) =>
      session.send("Input.dispatchTouchEvent", {
        type,
        touchPoints: shares.map((share, id) => ({ x: x + share * width, y: y + 60, id })),
      });
    const title = page.locator("#curve-title");
    for (let i = 0; i < 2; i++) {
      await touch("touchStart", 0.5, 0.7);
      await touch("touchMove", 0.4, 0.8);
      await touch("touchMove", 0.3, 0.9);
      await touch("touchEnd");
    }
    await expect.poll(() => title.textContent(), patience).toMatch(/ to /);
    await touch("touchStart", 0.8);
    for (const share of [0.7, 0.5, 0.3, 0.1]) await touch("touchMove", share);
    await touch("touchEnd");
    await expect.poll(() => title.textContent(), patience).toMatch(/^Last \d+ seconds$/);
    expect(errors).toEqual([]);
  });

  test("a screen is shared: nothing was chosen, another tab, and its end", async () => {
    await newPage();
    await page.goto(app.url);
    const share = page.getByRole("button", { name: "Screen", exact: true });
    const asking = "navigator.mediaDevices.getDisplayMedia";
    await page.evaluate(`${asking} = async () => { throw new DOMException("Permission denied", "NotAllowedError"); }`);
    await share.click();
    await titled("Nothing is shared");
    await page.evaluate(`delete ${asking}`);
    const sample = await page.evaluate(
      "performance.getEntriesByType('resource').find(({ name }) => name.endsWith('.mp4')).name",
    );
    const other = await context.newPage();
    await other.setContent(
      `<title>Shared</title><video src="${sample}" style="width: 100%" autoplay loop muted></video>`,
    );
    await page.bringToFront();
    await page.getByRole("button", { name: "Share again" }).click();
    await page.locator(".verdict-name", { hasText: /pan|tilt|zoom|roll/ }).waitFor(patience);
    expect(await page.getByRole("button", { name: "Mirror" }).count()).toBe(0);
    // It goes on while the other tab is looked at.
    const look = (hidden: boolean) =>
      page.evaluate(`Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"))`);
    await look(true);
    expect(await page.evaluate("document.querySelector('video').paused")).toBe(false);
    await look(false);
    await other.close();
    await titled("Sharing has ended");
    await page.getByRole("button", { name: "Play the sample" }).click();
    await page.locator(".verdict-score").waitFor(patience);
    expect(errors).toEqual([]);
  });

  test("says that the worker did not start, and starts it anew", async () => {
    await newPage();
    await page.route(/worker-.*\.js$/, (route) => route.abort());
    await page.goto(app.url);
    await titled("The recognizer could not start");
    await page.unroute(/worker-.*\.js$/);
    await page.getByRole("button", { name: "Reload" }).click();
    await page.locator(".verdict-score").waitFor(patience);
  });
});

/** The library's WebAssembly engine and the built app in Firefox. */
import type { Browser, Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeModel } from "../../../packages/movinet/src/formats/model-file.ts";
import { servePage } from "../../../packages/movinet/test/browser/chromium.ts";
import { hasFirefox, inFirefox, launchFirefox } from "../../../packages/movinet/test/browser/firefox.ts";
import { figuresOf, largestDifference, modelOfFigures } from "../../../packages/movinet/test/golden/figures.ts";
import { hashedFrames } from "../../../packages/movinet/test/golden/material.ts";
import { serveApp } from "./app-page.ts";

describe.skipIf(!hasFirefox)(`the browser's side ${inFirefox}`, () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchFirefox();
  });
  afterAll(() => browser?.close());

  async function open(url: string): Promise<{ page: Page; errors: string[] }> {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    await page.setViewport({ width: 1280, height: 900 });
    await page.goto(url);
    return { page, errors };
  }

  test("our WebAssembly gives the reference's logits", async () => {
    const figures = figuresOf("t0-stream-posenc-10classes");
    const [, frames, height, width] = figures.shape;
    const served = await servePage({
      entry: new URL("../../../packages/movinet/test/browser/page.web.ts", import.meta.url),
      global: "step",
      served: {
        "/model.safetensors": writeModel(modelOfFigures(figures)),
        "/frames.bin": new Uint8Array(hashedFrames(frames, height, width).buffer),
      },
    });
    try {
      const { page, errors } = await open(served.url);
      await page.waitForFunction("'step' in globalThis");
      for (const device of ["auto", "wasm without relaxed SIMD"]) {
        const logits = (await page.evaluate(`step(${frames}, "${device}")`)) as number[];
        expect(largestDifference(figures.logits[frames - 1] as number[], logits)).toBeLessThanOrEqual(1e-4);
      }
      expect(errors).toEqual([]);
    } finally {
      await served.close();
    }
  });

  test("the app names what the sample does, and reads a camera", async () => {
    const app = await serveApp();
    try {
      const { page, errors } = await open(app.url);
      await page.waitForSelector(".verdict-score", { timeout: 60_000 });
      await page.waitForSelector(".event-name", { timeout: 60_000 });
      await page.waitForSelector(".curve-plot canvas", { timeout: 60_000 });
      await page.click(".sources .segment:nth-child(2)");
      await page.waitForSelector("[aria-label=Mirror]", { timeout: 60_000 });
      // The model has seen two seconds of the camera.
      await page.waitForFunction("document.querySelector('.figure:nth-child(4) dd').textContent.startsWith('2')", {
        timeout: 60_000,
      });
      expect(errors).toEqual([]);
    } finally {
      await app.close();
    }
  });
});

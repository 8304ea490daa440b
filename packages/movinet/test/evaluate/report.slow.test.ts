/** The report in a real browser: it fits a phone and a wide screen, in light and dark, and nothing in it runs. */
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderReport } from "../../src/evaluate/report.node.ts";
import { nasty, sampleReport } from "./report-sample.ts";

const candidates = [
  process.env["CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];
const executablePath = candidates.find((path) => path && existsSync(path));
const title = executablePath ? "in Chromium" : "in Chromium (skipped: none is installed; set CHROMIUM to its path)";

describe.skipIf(!executablePath)(title, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: executablePath as string,
      args: ["--no-sandbox", "--disable-gpu"],
    });
  });
  afterAll(() => browser?.close());

  const many = Array.from({ length: 45 }, (_, i) => `a class whose name is rather long, number ${i}`);
  const reports = {
    "few classes": sampleReport(["cobra", "lotus", nasty, "tree"]),
    "many classes": sampleReport(many, { clips: 100 }),
    "one very long name": sampleReport(["x".repeat(300), "y"], { output: "sigmoid" }),
  };

  describe.each(Object.entries(reports))("%s", (_, report) => {
    test.each([
      [360, "light"],
      [768, "dark"],
      [1280, "light"],
    ] as const)("%i pixels wide, %s", async (width, colorScheme) => {
      const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
      const said: string[] = [];
      page.on("console", (message) => said.push(message.text()));
      page.on("pageerror", (error) => said.push(String(error)));
      page.on("request", (request) => {
        if (!request.url().startsWith("data:")) said.push(request.url());
      });
      await page.setContent(await renderReport(report));
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
      expect(await page.evaluate("document.querySelectorAll('script').length")).toBe(0);
      const ink = await page.evaluate("getComputedStyle(document.body).color");
      expect(ink).toBe(colorScheme === "light" ? "rgb(27, 29, 33)" : "rgb(233, 234, 236)");
      const line = await page.evaluate("getComputedStyle(document.querySelector('figure > svg text.fill-faint')).fill");
      expect(line).toBe(colorScheme === "light" ? "rgb(91, 97, 107)" : "rgb(167, 173, 183)");
      expect(said).toEqual([]);
      await page.close();
    });
  });
});

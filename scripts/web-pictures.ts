/**
 * `node scripts/web-pictures.ts [FOLDER]`: the pictures of the web app in the texts, from its sample. With FOLDER: what it looks like
 * in every state, at 360, 768 and 1440 pixels, dark and light, to be looked at before a change of its looks is committed.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { BrowserContextOptions, Page } from "playwright-core";
import { serveApp } from "../apps/web/test/app-page.ts";
import { launch } from "../packages/movinet/test/browser/chromium.ts";

const [folder] = process.argv.slice(2);
const app = await serveApp();
const browser = await launch();

/** Opens the app and takes a picture when `until` has happened. */
async function picture(file: string, options: BrowserContextOptions, until: (page: Page) => Promise<unknown>) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.goto(app.url);
  await until(page);
  const format = file.endsWith(".jpg") ? ({ type: "jpeg", quality: 85 } as const) : { fullPage: true };
  await page.screenshot({ path: file, ...format });
  await context.close();
}

/** Waits until the sample has shown so many motions, and has a name. */
const named = (count: number) => async (page: Page) => {
  await page
    .locator(".event")
    .nth(count - 1)
    .waitFor({ timeout: 120_000 });
  await page.locator(".verdict-score", { hasText: "9" }).waitFor();
};
/** Classifies the sample in the File view, and moves the playhead into its middle. */
const looked = async (page: Page) => {
  await page.getByRole("button", { name: "File", exact: true }).click();
  await page.getByRole("button", { name: "Use the sample" }).click();
  await page.locator(".answers").waitFor({ timeout: 60_000 });
  await page.locator(".segment-row").nth(2).click();
  await page.locator(".track").focus();
  for (let i = 0; i < 12; i++) await page.keyboard.press("ArrowRight");
  await page.locator(".track").blur();
  // The frame at the playhead.
  await page.waitForTimeout(500);
};
const states: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
  live: named(4),
  first: (page) => page.locator(".verdict-name").waitFor(),
  file: looked,
  nofile: async (page) => {
    await page.getByRole("button", { name: "File", exact: true }).click();
    await page.getByRole("button", { name: "Use the sample" }).waitFor();
  },
  notvideo: async (page) => {
    const text = { name: "notes.mp4", mimeType: "video/mp4", buffer: Buffer.from("no video") };
    await page.locator("input[type=file]").first().setInputFiles(text);
    await page.getByRole("alert").waitFor({ timeout: 60_000 });
  },
  denied: async (page) => {
    await page.getByRole("button", { name: "Camera", exact: true }).click();
    await page.getByRole("alert").waitFor();
  },
  models: async (page) => {
    await page.locator(".verdict-score").waitFor({ timeout: 60_000 });
    await page.route(/^https:/, () => {}); // a download that goes on
    await page.locator(".model-button").click();
    await page.getByRole("button", { name: /a0-stream/ }).click();
    await page.locator(".progress").waitFor();
  },
  offline: async (page) => {
    await page.route(/^https:/, (route) => route.abort());
    await page.locator(".model-button").click();
    await page.getByRole("button", { name: /a0-stream/ }).click();
    await page.getByRole("alert").waitFor({ timeout: 60_000 });
  },
};
const sizes = { phone: [360, 740], tablet: [768, 1024], desktop: [1440, 900] } as const;

try {
  const wide = { viewport: { width: 1280, height: 890 }, colorScheme: "dark" } as const;
  if (folder === undefined) {
    await picture("docs/web.jpg", wide, named(8));
    await picture("docs/web-file.jpg", wide, looked);
  } else {
    mkdirSync(folder, { recursive: true });
    const wanted = process.env["STATES"]?.split(",") ?? Object.keys(states);
    for (const [name, [width, height]] of Object.entries(sizes)) {
      for (const colorScheme of ["dark", "light"] as const) {
        for (const state of wanted) {
          const file = join(folder, `${state}-${name}-${colorScheme}.png`);
          await picture(file, { viewport: { width, height }, colorScheme }, states[state] as (typeof states)[string]);
        }
      }
    }
  }
} finally {
  await browser.close();
  await app.close();
}

/** The folders of `examples/`, copied elsewhere, with the packed package installed: in Vite's dev server, its build, and as plain files. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer as createFileServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { build, createServer, preview } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasChromium, launch, where } from "../../packages/movinet/test/browser/chromium.ts";
import { model, obstacle, openWorkplace, type Workplace, writeClip } from "./javascript.ts";

const examples = fileURLToPath(new URL("../../examples/", import.meta.url));
const types: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript" };

describe.skipIf(obstacle !== "" || !hasChromium)(`the folders of the examples ${where}${obstacle}`, () => {
  let workplace: Workplace;
  let browser: Browser;
  let clip: string;

  beforeAll(async () => {
    workplace = await openWorkplace();
    clip = join(workplace.folder, "clip.webm");
    writeClip(clip);
    const installed = await workplace.project("installed", ["npm i movinet"]);
    for (const name of ["vite", "static", "worker"]) {
      const folder = join(workplace.folder, name);
      cpSync(join(examples, name), folder, { recursive: true });
      cpSync(join(installed, "node_modules"), join(folder, "node_modules"), { recursive: true });
      // The model that is here, instead of one of the zoo.
      cpSync(model, join(folder, "public/model.safetensors"));
      cpSync(model, join(folder, "model.safetensors"));
      const file = join(folder, name === "worker" ? "worker.js" : "main.js");
      const text = readFileSync(file, "utf8");
      expect(text).toContain('open("a0-stream")');
      writeFileSync(file, text.replace('"a0-stream"', 'new URL("/model.safetensors", location.href)'));
    }
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    workplace?.close();
  });

  /** Chooses the clip and waits until the page says this. */
  async function expectWords(url: string, words: RegExp): Promise<void> {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(url);
    await page.locator("input").setInputFiles(clip);
    await page.locator("p", { hasText: words }).waitFor({ timeout: 120_000 });
    expect(errors).toEqual([]);
    await page.close();
  }

  test.each([
    ["vite", /^1\.\d s: pan left \(9\d %\), finished$/],
    ["worker", /^pan left \(\d\d %\)$/],
  ] as const)("%s, in Vite's dev server and its build", async (name, words) => {
    const common = { root: join(workplace.folder, name), configFile: false, logLevel: "error" } as const;
    const dev = await createServer({ ...common, server: { port: 0 } });
    try {
      await dev.listen();
      await expectWords(dev.resolvedUrls?.local[0] ?? "", words);
    } finally {
      await dev.close();
    }
    await build(common);
    const built = await preview({ ...common, preview: { port: 0 } });
    try {
      await expectWords(built.resolvedUrls?.local[0] ?? "", words);
    } finally {
      await built.close();
    }
  });

  test("static, as files of any server", async () => {
    const root = join(workplace.folder, "static");
    const server = createFileServer(async ({ url = "/" }, response) => {
      const path = url === "/" ? "/index.html" : url;
      const body = await readFile(join(root, path)).catch(() => null);
      response.writeHead(body === null ? 404 : 200, {
        "content-type": types[extname(path)] ?? "application/octet-stream",
      });
      response.end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      await expectWords(`http://127.0.0.1:${port}/`, /^1\.\d s: pan left \(9\d %\), finished$/);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

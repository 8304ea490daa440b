/** `examples/video.html`, built by Vite with `movinet` and nothing else, in Chromium: it names what Node names. */
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type Model, open } from "movinet";
import { readModel, writeModel } from "movinet/formats";
import { build, type PreviewServer, preview } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kinetics600 } from "../packages/movinet/src/zoo/kinetics600.ts";
import { zooModel } from "../packages/movinet/src/zoo/registry.ts";
import { hasChromium, launch, where } from "../packages/movinet/test/browser/chromium.ts";
import { tarOf } from "../packages/movinet/test/formats/tar.ts";
import { hashedModel } from "../packages/movinet/test/laws/models.ts";
import { carvingIce, hasShared, officialModel, sharedReason } from "../packages/movinet/test/shared.ts";
import { motionVideo } from "../packages/movinet/test/video/make-motion.ts";
import { makeVideo } from "../packages/movinet/test/video/make-video.ts";

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
/** Scripts of its own and WebAssembly; models from where the zoo has them. */
const policy =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' https://raw.githubusercontent.com https://www.kaggle.com";
const kaggle = zooModel("a0-stream")?.sources.find(({ url }) => url.includes("kaggle"))?.url;

describe.skipIf(!hasChromium)(`the page of the examples ${where}`, () => {
  let folder: string;
  let server: PreviewServer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "movinet-page-"));
    await mkdir(join(folder, "public"));
    await copyFile(path("../examples/video.html"), join(folder, "index.html"));
    await mkdir(join(folder, "node_modules"));
    await symlink(path("../node_modules/movinet"), join(folder, "node_modules/movinet"), "junction");
    const options = { root: folder, configFile: false, logLevel: "error" } as const;
    await build(options);
    server = await preview({ ...options, preview: { port: 0, headers: { "content-security-policy": policy } } });
  });
  afterAll(async () => {
    await server?.close();
    if (folder) await rm(folder, { recursive: true });
  });

  /** What the page says at last of a clip, with the zoo's hosts answering a model. */
  async function lastLine(model: Model, clip: string, until: string): Promise<string> {
    await copyFile(clip, join(folder, "dist/clip.mp4"));
    const entries = [...writeModel(model, { format: "checkpoint" })].map(([ending, content]) => ({
      name: `./variables/variables${ending}`,
      content,
    }));
    const headers = { "access-control-allow-origin": "*" };
    const browser = await launch();
    try {
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(String(error)));
      page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
      await page.route(/^https:/, (route) => {
        if (route.request().url() === kaggle)
          return route.fulfill({ status: 200, headers, body: gzipSync(tarOf(entries)) });
        return route.fulfill({ status: 404, headers });
      });
      await page.goto(server.resolvedUrls?.local[0] ?? "");
      await Promise.race([
        page.locator("p", { hasText: until }).waitFor({ timeout: 120_000 }),
        page.waitForEvent("pageerror", { timeout: 0 }).catch(() => {}),
      ]);
      expect(errors.filter((text) => !text.includes("404"))).toEqual([]);
      return (await page.textContent("p")) ?? "";
    } finally {
      await browser.close();
    }
  }

  async function inNode(model: Model, clip: string) {
    await using recognizer = await open(model);
    const last = (await Array.fromAsync(recognizer.classify(clip, { top: 1 }))).at(-1);
    return { time: last?.time ?? 0, ...last?.predictions[0] };
  }

  test("a clip that is made here, with a network of random weights", async () => {
    const clip = join(folder, "pan.webm");
    makeVideo(clip, motionVideo({ label: "pan left", fps: 25, count: 48, codec: "libvpx" }));
    const model = hashedModel("a0-stream", { gate: "hard_sigmoid_a" });
    const { time, index = -1 } = await inNode(model, clip);
    expect(await lastLine(model, clip, `${time.toFixed(1)} s`)).toContain(` s: ${kinetics600[index]} (`);
  });

  test.skipIf(!hasShared)(`a real clip is named${sharedReason}`, async () => {
    const model = readModel(await readFile(officialModel), "a0-stream");
    const { time } = await inNode(model, carvingIce);
    expect(await lastLine(model, carvingIce, `${time.toFixed(1)} s`)).toMatch(/^4\.2 s: carving ice \(9\d %\)$/);
  });
});

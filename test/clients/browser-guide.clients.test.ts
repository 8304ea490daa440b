/** docs/browsers.md in Vite's dev server and its build: its lines run as they stand, and name what the command line names. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { emitTflite, readModel, writeModel } from "movinet/formats";
import { buildGraph, defaultCard, randomWeights, specOf } from "movinet/graph";
import type { Browser } from "playwright-core";
import { build, createServer, preview } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasChromium, launch, where } from "../../packages/movinet/test/browser/chromium.ts";
import { lastLines, run } from "./environment.ts";
import { model, obstacle, openWorkplace, type Workplace, writeClip } from "./javascript.ts";

const guide = readFileSync(new URL("../../docs/browsers.md", import.meta.url), "utf8");
const blocks = (language: string) =>
  Array.from(guide.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm")), ([, block = ""]) => block);
const pages = ["video", "zoo", "file", "camera", "litert"] as const;
const cli = fileURLToPath(new URL("../../apps/cli/bin/movinet.js", import.meta.url));
/** What the pages print. */
const printed = /^([\d.]+) (.+) ([\d.e-]+)$/;
/** A browser makes RGB of a video's colours in another way than FFmpeg. */
const tolerance = 0.01;

/** Makes the model unsure: a score near 1 would not tell of small differences. */
const doubt = 0.3;

/** The embedded model as Google's file would be (600 classes without names, cropped pictures), and one under a name of the zoo. */
function writeModels(folder: string): void {
  const { spec, weights, card } = readModel(readFileSync(model), "camera-motion");
  const [hidden, classes] = [spec.hidden, 600];
  const { data: kernel } = weights.get("classifier2.kernel") as { readonly data: Float32Array };
  const { data: bias } = weights.get("classifier2.bias") as { readonly data: Float32Array };
  const wide = Float32Array.from({ length: hidden * classes }, (_, i) => {
    const [row, column] = [Math.floor(i / classes), i % classes];
    return column < spec.classes ? doubt * (kernel[row * spec.classes + column] as number) : 0;
  });
  const padded = Float32Array.from({ length: classes }, (_, i) => doubt * (bias[i] ?? -100));
  const enlarged = {
    spec: { ...spec, classes },
    weights: new Map([
      ...weights,
      ["classifier2.kernel", { shape: [1, 1, 1, hidden, classes], data: wide }],
      ["classifier2.bias", { shape: [classes], data: padded }],
    ] as const),
    card: { ...card, labels: null, accuracy: null, input: { ...card.input, fit: "crop" as const } },
  };
  mkdirSync(folder, { recursive: true });
  for (const [ending, dtype] of [
    ["", "float32"],
    ["_int8", "dynamic_int8"],
  ] as const) {
    const file = join(folder, `movinet_a0_stream${ending}.tflite`);
    writeFileSync(file, emitTflite(enlarged, { form: "official", dtype }));
  }
  const network = specOf("a3-stream", { classes: 10, resolution: { height: 64, width: 64 } });
  const untrained = {
    spec: network,
    weights: randomWeights(buildGraph(network, { form: "clip", frames: 1 }), 1),
    card: { ...defaultCard(network), licence: "of the mirror's file" },
  };
  writeFileSync(join(folder, "a3-stream.safetensors"), writeModel(untrained));
}

describe.skipIf(obstacle !== "" || !hasChromium)(`the guide to browsers, ${where}${obstacle}`, () => {
  let workplace: Workplace;
  let project: string;
  let browser: Browser;
  const inProject = (...path: readonly string[]) => join(project, ...path);

  beforeAll(async () => {
    workplace = await openWorkplace();
    project = await workplace.project("project", blocks("sh"));
    cpSync(project, join(workplace.folder, "alone"), { recursive: true });
    // What the guide says in words: what reads files, another engine, its files, the models.
    await workplace.sh("npm i mediabunny @litertjs/core", project);
    cpSync(inProject("node_modules/@litertjs/core/wasm"), inProject("public/litert"), { recursive: true });
    writeModels(inProject("public/models"));
    writeClip(inProject("public/clip.webm"));
    expect(blocks("ts")).toHaveLength(pages.length);
    for (const [i, name] of pages.entries()) {
      writeFileSync(inProject(`${name}.ts`), blocks("ts")[i] ?? "");
      const body = `<video muted src="/clip.webm"></video><input type="file"><script type="module" src="/${name}.ts"></script>`;
      writeFileSync(inProject(`${name}.html`), `<!doctype html><meta charset="utf-8"><body>${body}`);
    }
    for (const name of ["public", "video.ts", "video.html"]) {
      cpSync(inProject(name), join(workplace.folder, "alone", name), { recursive: true });
    }
    browser = await launch("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream");
  });
  afterAll(async () => {
    await browser?.close();
    workplace?.close();
  });

  /** What a page prints, until it is enough. */
  async function open(url: string, isEnough: (lines: readonly string[]) => boolean): Promise<readonly string[]> {
    const page = await browser.newPage();
    try {
      return await new Promise((resolve, reject) => {
        const lines: string[] = [];
        page.on("pageerror", reject);
        page.on("console", (message) => {
          if (message.type() !== "log") return;
          lines.push(message.text());
          if (isEnough(lines)) resolve(lines);
        });
        setTimeout(() => reject(new Error(`only: ${lines.join("\n")}`)), 60_000);
        const input = page.locator("input");
        page
          .goto(url)
          .then(() => input.setInputFiles(inProject("public/clip.webm")))
          .catch(reject);
      });
    } finally {
      await page.close();
    }
  }

  /** The last time, and the likeliest class then, that the command line gives for the clip. */
  async function commandLine(fit: "crop" | "squash") {
    const options = ["--labels", "kinetics-600", "--fit", fit, "--every", "frame", "--json", "--quiet"];
    const file = inProject("public/models/movinet_a0_stream.tflite");
    const outcome = await run(process.execPath, [
      cli,
      "classify",
      inProject("public/clip.webm"),
      "--model",
      file,
      ...options,
    ]);
    if (outcome.code !== 0) throw new Error(lastLines(outcome));
    const results = outcome.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const { time, predictions } = results.findLast((result) => result.type === "frame");
    return { time: time as number, ...(predictions[0] as { readonly label: string; readonly score: number }) };
  }

  async function expectSameAnswer(url: string): Promise<void> {
    const expected = await commandLine("crop");
    const squashed = await commandLine("squash");
    expect(Math.abs(squashed.score - expected.score), "cropping is not seen").toBeGreaterThan(2 * tolerance);
    const isLast = (lines: readonly string[]) => Number(printed.exec(lines.at(-1) ?? "")?.[1]) >= expected.time;
    const [, time, label, score] = printed.exec((await open(url, isLast)).at(-1) ?? "") ?? [];
    expect([Number(time), label]).toEqual([expected.time, expected.label]);
    expect(Math.abs(Number(score) - expected.score)).toBeLessThan(tolerance);
  }

  async function expectPages(address: (page: string) => string): Promise<void> {
    await expectSameAnswer(address("video"));
    await expectSameAnswer(address("file"));
    expect(await open(address("zoo"), ({ length }) => length >= 1)).toEqual(["of the mirror's file"]);
    const lines = await open(address("camera"), ({ length }) => length >= 3);
    for (const line of lines) expect(line).toMatch(/^[a-z ]+/);
    const [line] = await open(address("litert"), ({ length }) => length >= 1);
    expect(line).toContain("64");
  }

  async function inDevServer(root: string, work: (address: (page: string) => string) => Promise<void>): Promise<void> {
    const server = await createServer({ root, configFile: false, logLevel: "error", server: { port: 0 } });
    try {
      await server.listen();
      await work((page) => `${server.resolvedUrls?.local[0]}${page}.html`);
    } finally {
      await server.close();
    }
  }

  test("in the dev server", () => inDevServer(project, expectPages));

  test("in the dev server, with what its first lines install and no more", () =>
    inDevServer(join(workplace.folder, "alone"), (address) => expectSameAnswer(address("video"))));

  test("in its build", async () => {
    const input = Object.fromEntries(pages.map((name) => [name, inProject(`${name}.html`)]));
    const common = { root: project, configFile: false, logLevel: "error" } as const;
    await build({ ...common, build: { target: "es2024", rolldownOptions: { input } } });
    const server = await preview({ ...common, preview: { port: 0 } });
    try {
      await expectPages((page) => `${server.resolvedUrls?.local[0]}${page}.html`);
    } finally {
      await server.close();
    }
  });
});

/** Pages that bundlers make of the packed package, alone or with one other engine installed, classify own frames in Chromium. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasChromium, openFolder, where } from "../../packages/movinet/test/browser/chromium.ts";
import { largestDifference } from "../../packages/movinet/test/golden/figures.ts";
import { installCommands } from "../package/project.ts";
import {
  expectedScores,
  model,
  obstacle,
  openWorkplace,
  ownFrames,
  ownPictures,
  tools,
  type Workplace,
} from "./javascript.ts";

const pins = [
  "@rollup/plugin-node-resolve@16.0.3",
  "esbuild@0.28.2",
  "rollup@4.68.8",
  "vite@8.4.0",
  "webpack@5.113.0",
  "webpack-cli@7.3.1",
];

/** The scores after the last of one's own frames, or the error. */
const page = `
import { open } from "movinet";

globalThis.classify = async (device, width, height, threads) => {
  try {
    const options = device === "auto" ? { threads } : { wasmPaths: "/" + device + "/" };
    const recognizer = await open("/model.safetensors", { device, ...options });
    const stream = await recognizer.stream();
    const pictures = new Uint8Array(await (await fetch("/pictures.rgb")).arrayBuffer());
    const size = 3 * width * height;
    let scores = [];
    for (let at = 0; at < pictures.length; at += size) {
      scores = [...(await stream.step({ data: pictures.subarray(at, at + size), width, height })).scores];
    }
    return scores;
  } catch ({ code, message }) {
    return code + " " + message;
  }
};
`;

/** Of each device: the package beside `movinet`, how both are installed, and where its WebAssembly is. */
const engines = {
  auto: { peer: null, install: installCommands("docs/browsers.md")[0] ?? "", folder: null },
  onnxruntime: {
    peer: "onnxruntime-web",
    install: "npm i movinet onnxruntime-web",
    folder: "node_modules/onnxruntime-web/dist",
  },
  litert: {
    peer: "@litertjs/core",
    install: "npm i movinet @litertjs/core",
    folder: "node_modules/@litertjs/core/wasm",
  },
} as const;
type Device = keyof typeof engines;
const devices = Object.keys(engines) as readonly Device[];

/** What makes `OUT/page.js` of `page.mjs`; the packages of the tools are in `TOOLS`. */
const bundlers = {
  esbuild: "TOOLS/esbuild/bin/esbuild page.mjs --bundle --format=esm --outfile=OUT/page.js",
  "esbuild in parts":
    "TOOLS/esbuild/bin/esbuild page.mjs=page.mjs --bundle --format=esm --splitting --outdir=OUT --entry-names=page",
  rollup:
    "TOOLS/rollup/dist/bin/rollup page.mjs --silent --dir OUT --entryFileNames page.js --chunkFileNames [name].js -p 'TOOLS/@rollup/plugin-node-resolve/dist/cjs/index.js={browser:true}'",
  webpack:
    "TOOLS/webpack-cli/bin/cli.js --mode production --no-optimization-minimize --entry ./page.mjs -o OUT --output-filename page.js",
  "vite build": "TOOLS/vite/bin/vite.js build -c vite.config.js --outDir OUT",
} as const;

const viteConfig = `
export default { build: { lib: { entry: "page.mjs", formats: ["es"], fileName: "page" } } };
`;

describe.skipIf(obstacle !== "" || !hasChromium)(`bundlers, ${where}${obstacle}`, () => {
  let workplace: Workplace;
  let tool: (path: string) => string;
  let expected: readonly number[];
  const projects = new Map<Device, string>();

  beforeAll(async () => {
    workplace = await openWorkplace();
    tool = await tools("bundlers", pins);
    expected = await expectedScores(ownPictures());
    for (const device of devices) {
      const project = await workplace.project(device, [engines[device].install]);
      writeFileSync(join(project, "page.mjs"), page);
      writeFileSync(join(project, "vite.config.js"), viteConfig);
      projects.set(device, project);
    }
  });
  afterAll(() => workplace?.close());

  describe.each(devices)("with what %s needs and no more", (device) => {
    test.each(Object.entries(bundlers))("%s", async (name, line) => {
      const project = projects.get(device) as string;
      const out = join(project, name.replaceAll(" ", "-"));
      await workplace.sh(line.replaceAll("OUT", out).replaceAll("TOOLS", tool("")), project);
      const { folder } = engines[device];
      const folders = folder === null ? {} : { [device]: join(project, folder) };
      const served = { "/model.safetensors": readFileSync(model), "/pictures.rgb": ownPictures() };
      const isolated = device === "auto";
      const options = { served, folders, isolated, workers: "blob:" };
      const opened = await openFolder(out, { global: "classify", ...options });
      try {
        const classify = (name: Device, threads = 1) =>
          opened.page.evaluate(`classify("${name}", ${ownFrames.width}, ${ownFrames.height}, ${threads})`);
        for (const name of devices) {
          const { peer } = engines[name];
          const answer = await classify(name);
          if (name === device || peer === null) {
            const scores = answer as readonly number[];
            expect(largestDifference(expected, scores), String(scores)).toBeLessThan(1e-4);
          } else {
            expect(answer).toMatch(new RegExp(`^E_DEPENDENCY_MISSING ${peer}: .*Run npm i ${peer}@.* to install it`));
          }
        }
        if (isolated) expect(await classify("auto", 2)).toEqual(await classify("auto"));
        expect(opened.errors).toEqual([]);
      } finally {
        await opened.close();
      }
    });
  });
});

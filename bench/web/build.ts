/**
 * `npm run web:bench`: builds the measuring page, `dist/web-bench/movinet-bench.html`, one file with all of our code.
 * LiteRT.js and onnxruntime-web are placed next to it; without them the page measures only the rest.
 */
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Program } from "movinet/session";
import { build } from "rolldown";
import { referenceEngine } from "../../packages/movinet/src/engines/reference.ts";
import { litertFolder, ortFolder } from "../../packages/movinet/test/browser/chromium.ts";
import { type Facts, knownFrames, modelOf, pictureOf, type Variant, variants } from "./material.ts";

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** Third-party packages, and their files: each is a module and a folder next to the page. */
const peers = {
  litertjs: { module: "@litertjs/core", folder: litertFolder, files: /^litert_wasm(_compat)?_internal\.(js|wasm)$/ },
  "onnxruntime-web": {
    module: "onnxruntime-web/wasm",
    folder: ortFolder,
    files: /^ort-wasm-simd-threaded\.(mjs|wasm)$/,
  },
};

/** Writes the page into a folder. */
export async function buildPage(folder: string, models: readonly Variant[] = variants): Promise<string> {
  const paths = Object.fromEntries(Object.entries(peers).map(([name, { module }]) => [module, `./${name}/index.js`]));
  const script = await bundle(here("page.web.ts"), paths);
  const expected: Partial<Record<Variant, string>> = {};
  for (const model of models) expected[model] = await expectedOf(model);
  const { version } = JSON.parse(readFileSync(here("../../packages/movinet/package.json"), "utf8")) as Facts;
  const facts: Facts = { version, build: createHash("sha256").update(script).digest("hex").slice(0, 12), expected };
  const page = readFileSync(here("page.html"), "utf8")
    .replace('"FACTS"', () => JSON.stringify(facts))
    .replace("SCRIPT;", () => script.replaceAll("</script", "<\\/script"));
  const file = join(folder, "movinet-bench.html");
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, page);
  return file;
}

/** Puts the other engines next to the page. */
export async function addPeers(folder: string): Promise<void> {
  for (const [name, { module, folder: from, files }] of Object.entries(peers)) {
    const to = join(folder, name);
    rmSync(to, { recursive: true, force: true });
    cpSync(from, to, { recursive: true, filter: (path) => path === from || files.test(path.slice(from.length + 1)) });
    writeFileSync(join(to, "index.js"), await bundle(module, {}));
  }
}

/** One module; those in `paths` are loaded from their paths on demand. */
async function bundle(input: string, paths: Readonly<Record<string, string>>): Promise<string> {
  const external = Object.keys(paths);
  const output = { paths, codeSplitting: false, minify: true };
  const built = await build({ input, platform: "browser", external, output, write: false, logLevel: "warn" });
  return built.output[0].code;
}

/** Logits of the reference interpreter. */
async function expectedOf(variant: Variant): Promise<string> {
  const model = modelOf(variant);
  await using program = await Program.compile(model, referenceEngine);
  const session = await program.openStream();
  const rows: Buffer[] = [];
  for (let t = 0; t < knownFrames; t++) {
    const { logits } = await session.step(pictureOf(t, model.spec.resolution));
    rows.push(Buffer.from(logits.buffer, logits.byteOffset, logits.byteLength));
  }
  return Buffer.concat(rows).toString("base64");
}

if (import.meta.main) {
  const folder = here("../../dist/web-bench");
  const file = await buildPage(folder);
  await addPeers(folder);
  console.log(`${file}\nOpen it, or serve its folder: from a file, browsers load no engines of others.`);
}

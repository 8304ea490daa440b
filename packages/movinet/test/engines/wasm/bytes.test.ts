/** What a page loads to step a model with our WebAssembly: our own file is read, and nothing of other formats or engines. */
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";

const stepping = `
  export { openEngine } from "./engines/device.web.ts";
  export { openSafetensors } from "./formats/safetensors.ts";
  export { readMetadata } from "./model/metadata.ts";
  export { Program } from "./session/program.ts";
`;
const opening = `export { open } from "./flow/open.web.ts";`;
/** Chunks that are loaded on demand, and the kernels that the faster ones make needless. */
const others = [
  "file-facts",
  "emit",
  "onnx.web",
  "litert.web",
  "reference",
  "kernels-simd",
  "kernels-threads",
  "crew.web",
];
/** What `open` loads for files of other formats and for names, and `classify` for files of videos. */
const readers = ["model", "model-file", "pull.web", "kinetics600", "video.web"];

test.each([
  ["steps", stepping, others, 45_000],
  ["opens a file of ours, and steps", opening, [...others, ...readers], 65_000],
])("what %s is small, compressed", async (_, entry, left, most) => {
  const source = fileURLToPath(new URL("../../../src/entry.ts", import.meta.url));
  const bundle = await rolldown({
    input: source,
    platform: "browser",
    external: /^(onnxruntime-web|@litertjs|mediabunny)/,
    logLevel: "silent",
    plugins: [
      { name: "entry", resolveId: (id) => (id === source ? id : null), load: (id) => (id === source ? entry : null) },
    ],
  });
  const { output } = await bundle.generate({ minify: true });
  const code = new Map(output.flatMap((part) => (part.type === "chunk" ? [[part.name, part] as const] : [])));
  const loaded = new Set<string>();
  const load = (fileName: string) => {
    const chunk = output.find((part) => part.fileName === fileName);
    if (chunk?.type !== "chunk" || loaded.has(fileName)) return;
    loaded.add(fileName);
    for (const name of chunk.imports) load(name);
    for (const name of chunk.dynamicImports) {
      const found = output.find((part) => part.fileName === name);
      if (found?.type === "chunk" && !left.includes(found.name)) load(name);
    }
  };
  load(code.get("entry")?.fileName ?? "");
  expect(code.size).toBeGreaterThan(left.length);
  const bytes = output.map((part) =>
    part.type === "chunk" && loaded.has(part.fileName) ? gzipSync(part.code, { level: 9 }).length : 0,
  );
  expect(bytes.reduce((sum, one) => sum + one)).toBeLessThanOrEqual(most);
  for (const other of left) expect(loaded).not.toContain(code.get(other)?.fileName);
});

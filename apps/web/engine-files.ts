/** Puts the files that other engines load next to the page, where they are loaded only if such an engine is chosen. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Plugin } from "vite";

const { resolve } = createRequire(import.meta.url);

/** Files by folder. LiteRT loads one of its two builds. */
export const engineFiles: Readonly<Record<string, { readonly from: string; readonly files: readonly string[] }>> = {
  litert: {
    from: join(dirname(resolve("@litertjs/core")), "../wasm"),
    files: ["litert_wasm_internal", "litert_wasm_compat_internal"].flatMap((name) => [`${name}.js`, `${name}.wasm`]),
  },
  onnxruntime: {
    from: dirname(resolve("onnxruntime-web/webgpu")),
    files: ["ort-wasm-simd-threaded.asyncify.mjs", "ort-wasm-simd-threaded.asyncify.wasm"],
  },
};

const types: Readonly<Record<string, string>> = {
  wasm: "application/wasm",
  js: "text/javascript",
  mjs: "text/javascript",
};

export function engineFilesPlugin(): Plugin {
  return {
    name: "engine-files",
    generateBundle() {
      if (this.environment.name !== "client") return;
      for (const [folder, { from, files }] of Object.entries(engineFiles)) {
        for (const file of files) {
          this.emitFile({
            type: "asset",
            fileName: `engines/${folder}/${file}`,
            source: readFileSync(join(from, file)),
          });
        }
      }
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const [, folder = "", file = ""] = /\/engines\/(\w+)\/([\w.-]+)$/.exec(request.url ?? "") ?? [];
        const known = Object.hasOwn(engineFiles, folder) ? engineFiles[folder] : undefined;
        if (!known?.files.includes(file)) return next();
        response.setHeader("content-type", types[file.split(".").at(-1) ?? ""] ?? "");
        response.end(readFileSync(join(known.from, file)));
      });
    },
  };
}

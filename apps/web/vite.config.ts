import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { defaultClientConditions, defineConfig, type Plugin } from "vite";
import { engineFilesPlugin } from "./engine-files.ts";

/** Host of the zoo's models (docs/browsers.md). */
const modelHosts = "https://raw.githubusercontent.com";

/**
 * The page may run its own scripts and WebAssembly, and fetch models. Threads of our WebAssembly are workers made of a Blob, which have
 * this policy, too. Vite's dev server also needs inline styles.
 */
export const policyFor = (styles: string) =>
  [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self' blob:",
    `style-src 'self'${styles}`,
    "img-src 'self' blob:",
    "media-src 'self' blob:",
    `connect-src 'self' ${modelHosts}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");

/** Adds the policy to the page, for servers that send no headers. */
function policyInPage(): Plugin {
  return {
    name: "content-security-policy",
    transformIndexHtml(html, { server }) {
      const content = policyFor(server ? " 'unsafe-inline'" : "");
      const attrs = { "http-equiv": "Content-Security-Policy", content };
      return { html, tags: [{ tag: "meta", attrs, injectTo: "head-prepend" }] };
    },
  };
}

/** The page asks for what draws it at once, though the script that starts the worker comes first. */
function drawingInPage(): Plugin {
  const link = (rel: string, file: string) => ({ tag: "link", attrs: { rel, crossorigin: true, href: `./${file}` } });
  return {
    name: "drawing-in-page",
    transformIndexHtml: {
      order: "post",
      handler(_, { bundle = {} }) {
        const main = Object.values(bundle).find((file) => file.type === "chunk" && file.name === "main");
        if (main?.type !== "chunk") return [];
        const styles = [...(main.viteMetadata?.importedCss ?? [])];
        return [
          ...[main.fileName, ...main.imports].map((file) => link("modulepreload", file)),
          ...styles.map((file) => link("stylesheet", file)),
        ];
      },
    },
  };
}

/** Makes the sample in a child process, since FFmpeg's encoder writes to stderr. */
function makeSample(): void {
  const script = "import { ensureSample } from './sample.ts'; ensureSample();";
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { cwd });
  if (status !== 0) throw new Error(`the sample clip could not be made: ${stderr}`);
}

/** With these a page is cross-origin isolated, so that threads may share memory. */
export const isolation = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** An engine that the app does not use. Its import never runs. */
const otherEngines = ["onnxruntime-web/wasm"];
/** ONNX Runtime without its `.wasm`, which `engineFilesPlugin` serves. */
const withoutFiles = "onnxruntime-web-use-extern-wasm";

/** What the built-in model needs, in one file: it would come in four requests, one after the other. */
const firstOfWorker = {
  name: "engine",
  test: /rolldown.runtime|src\/engines\/wasm\/inference\/(?!kernels-(simd|threads)|crew\.web)|src\/graph\/(params|interpret)/,
};

export default defineConfig(({ command, isPreview }) => {
  if (!isPreview) makeSample();
  const policy = policyFor(command === "serve" && !isPreview ? " 'unsafe-inline'" : "");
  const headers = { "content-security-policy": policy, ...isolation };
  return {
    base: "./",
    assetsInclude: ["**/*.safetensors"],
    plugins: [policyInPage(), drawingInPage(), engineFilesPlugin()],
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    resolve: { dedupe: ["preact"], conditions: [withoutFiles, ...defaultClientConditions] },
    optimizeDeps: { exclude: ["movinet", "onnxruntime-web", "@litertjs/core"] },
    server: { headers, fs: { allow: ["../.."] } },
    preview: { headers },
    worker: {
      format: "es",
      rolldownOptions: { external: otherEngines, output: { codeSplitting: { groups: [firstOfWorker] } } },
    },
    build: { target: "es2023", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  };
});

/** A page of ours in Debian's Chromium: built by vite, served on loopback, driven by playwright-core. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { build } from "vite";

const candidates = [
  process.env["CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];
const executablePath = candidates.find((path) => path && existsSync(path));
export const hasChromium = executablePath !== undefined;
/** For the titles of suites that need it. */
export const where = hasChromium ? "in Chromium" : "in Chromium (skipped: none is installed; set CHROMIUM to its path)";

/** The files that a page needs for ONNX Runtime and for LiteRT.js. */
export const ortFolder = dirname(fileURLToPath(import.meta.resolve("onnxruntime-web/wasm")));
export const litertFolder = join(dirname(createRequire(import.meta.url).resolve("@litertjs/core")), "../wasm");

export interface FolderOptions {
  /** The script of the page, `page.js` of the folder, has run when this is defined. */
  readonly global: string;
  /** Bodies by path; a path that begins with `/whole/` gives no parts of them. */
  readonly served?: Readonly<Record<string, Uint8Array>>;
  /** Folders on disk by the first part of a path: `ort` for `/ort/file.wasm`. */
  readonly folders?: Readonly<Record<string, string>>;
  /** Other origins that the page may ask. */
  readonly others?: string;
  /** What its Content-Security-Policy allows of scripts beside those of its origin. Default: WebAssembly. */
  readonly scripts?: string;
  /** What it allows of workers. Default: nothing. */
  readonly workers?: string;
  /** More flags for the browser. */
  readonly flags?: readonly string[];
  /** Whether the page is cross-origin isolated, so that its threads may share memory. Default false. */
  readonly isolated?: boolean;
}

export interface PageOptions extends FolderOptions {
  /** What is built as the script of the page. */
  readonly entry: URL;
}

export interface OpenPage {
  readonly page: Page;
  /** Whatever the page threw and nobody caught. */
  readonly errors: readonly string[];
  readonly url: string;
  close(): Promise<void>;
}

/** No eval, nothing from elsewhere but videos. */
const policy = (others: string, scripts: string, workers: string) =>
  `default-src 'self'; script-src 'self' ${scripts}; worker-src ${workers}; media-src * blob:; connect-src 'self' blob: ${others}`;
const isolation = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};
const types: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
  ".webm": "video/webm",
  ".mp4": "video/mp4",
};
const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];

/** WebGPU on the processor: right or wrong as on a graphics card, but not as fast. */
export const softwareGpu = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"] as const;

/** A browser; who launches it closes it. */
export const launch = (...more: readonly string[]): Promise<Browser> =>
  chromium.launch({ executablePath: executablePath as string, args: [...flags, ...more] });

export interface ServedPage {
  readonly url: string;
  close(): Promise<void>;
}

/** Builds a page with Vite and opens it. */
export async function openPage(options: PageOptions): Promise<OpenPage> {
  return openServed(await servePage(options), options);
}

/** Serves a folder and opens a page with its script `page.js`. */
export async function openFolder(folder: string, options: FolderOptions): Promise<OpenPage> {
  return openServed(await serveFolder(folder, options), options);
}

/** Builds a page with Vite and serves it, for any browser. */
export async function servePage({ entry, ...options }: PageOptions): Promise<ServedPage> {
  const folder = await mkdtemp(join(tmpdir(), "movinet-browser-"));
  await build({
    configFile: false,
    logLevel: "error",
    worker: { format: "es" },
    build: {
      outDir: folder,
      assetsDir: "",
      lib: { entry: fileURLToPath(entry), formats: ["es"], fileName: "page" },
      emptyOutDir: true,
      target: "es2024",
    },
  });
  const served = await serveFolder(folder, options);
  const close = async () => {
    await served.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { ...served, close };
}

/** Serves a folder with a page whose script is `page.js`. */
async function serveFolder(folder: string, options: FolderOptions): Promise<ServedPage> {
  const { served = {}, folders = {}, isolated = false } = options;
  const { others = "", scripts = "'wasm-unsafe-eval'", workers = "'none'" } = options;
  const document = "<!doctype html><meta charset=utf-8><body><script type=module src=/page.js></script>";
  const server = createServer(async (request, response) => {
    const path = request.url ?? "/";
    const file = join(folders[path.split("/")[1] ?? ""] ?? folder, basename(path));
    const body = path === "/" ? Buffer.from(document) : (served[path] ?? (await readFile(file).catch(() => null)));
    const headers = {
      "content-type": types[extname(path)] ?? "text/html",
      "content-security-policy": policy(others, scripts, workers),
      ...(isolated ? isolation : {}),
    };
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
    if (body === null || from === undefined || path.startsWith("/whole/")) {
      response.writeHead(body === null ? 404 : 200, headers).end(body ?? "");
    } else {
      const end = to ? Number(to) + 1 : body.length;
      const range = { "accept-ranges": "bytes", "content-range": `bytes ${from}-${end - 1}/${body.length}` };
      response.writeHead(206, { ...headers, ...range }).end(body.subarray(Number(from), end));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Opens a served page and waits until its script has run; closing it ends the server, too. */
async function openServed(
  { url, close: stop }: ServedPage,
  { global, flags: more = [] }: Pick<FolderOptions, "global" | "flags">,
): Promise<OpenPage> {
  const browser = await launch(...more).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  const close = async () => {
    await browser.close();
    await stop();
  };
  try {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(url);
    await page.waitForFunction((name) => name in globalThis, global);
    return { page, errors, url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

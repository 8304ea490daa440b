import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bytesOfPath } from "../common/read.node.ts";
import { isUrl } from "../common/urls.ts";
import { openEngine } from "../engines/device.node.ts";
import { checkLabels } from "../model/labels.ts";
import type { Model } from "../model/model.ts";
import type { ShownImage } from "../video/shown-image.ts";
import { openVideo } from "../video/video.node.ts";
import { withOpenedLabels } from "../zoo/label-files.node.ts";
import { fetchModel, type OpenedFile, withLabels } from "../zoo/labelled.ts";
import { openModelFile } from "../zoo/lookup.node.ts";
import type { PullModelOptions } from "../zoo/pull.node.ts";
import type { PullEvent } from "../zoo/pull-event.ts";
import { nodeFetch } from "../zoo/request.node.ts";
import { programOf, readFileOf } from "./open-file.ts";
import { type OpenFrames, Recognizer } from "./recognizer.ts";

export interface OpenOptions {
  /**
   * The engine: `auto` (default: LiteRT.js for int8 models, in their own integers; ONNX Runtime on the CPU for others; without
   * `onnxruntime-node`, the built-in WebAssembly engine, with a warning), `cpu` or another ONNX Runtime execution provider (`cuda`, `coreml`, `dml`, `webgpu`, …), `wasm`
   * (the built-in WebAssembly engine), `litert` (LiteRT.js), or `reference` (the slow interpreter).
   */
  readonly device?: string | undefined;
  /** Threads per run. Default: the number of cores, at most 4, for ONNX Runtime; one, of at most 64, for `wasm`. `litert` and `reference` run on one. */
  readonly threads?: number | undefined;
  /** Class names in output order, a text file with one per line, or `kinetics-600`. Default: the model's. */
  readonly labels?: string | readonly string[] | undefined;
  /**
   * Compute in the background (on a thread of Node's pool), so that the event loop stays responsive; a step takes
   * slightly longer. Only for ONNX Runtime on the CPU: if `auto` cannot use it, a warning says so. Default false.
   */
  readonly background?: boolean | undefined;
  /** For `onnxruntime` and `litert` in browsers: the folder of their `.wasm` files. Node finds them itself. */
  readonly wasmPaths?: string | undefined;
  /** Receives download progress, for models of the zoo or from a URL. */
  readonly onProgress?: ((event: PullEvent) => void) | undefined;
  /** Do not download models of the zoo. Default: `MOVINET_OFFLINE`. */
  readonly offline?: boolean | undefined;
  /** Aborts opening: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sources other than frames. In Node: a path, an http(s) or `file:` URL, or `-` for standard input. In a browser: a
 * `File` or `Blob`, or a `<video>`. The type includes these if `lib` has the DOM, because TypeScript uses these
 * declarations for browsers too, unless `customConditions` say otherwise.
 */
export type VideoSource = string | URL | BrowserSource;

type BrowserSource = typeof globalThis extends { HTMLVideoElement: { prototype: infer Element } }
  ? Element | Blob
  : never;

/**
 * Opens a model: a file in any supported format, its bytes, an http(s) URL, or a name in the cache folder (default
 * `a0-stream`); models of the zoo are downloaded first. Dispose it when you no longer need it.
 *
 * Throws {@link ModelError} (`E_MODEL_NOT_FOUND`, `E_MODEL_UNREADABLE`, `E_MODEL_FORMAT`, `E_MODEL_SIGNATURE`,
 * `E_MODEL_TENSORS`, `E_MODEL_LABELS`, `E_MODEL_DOWNLOAD`, `E_MODEL_INTEGRITY`), `E_DEVICE_UNKNOWN`,
 * `E_DEVICE_UNAVAILABLE`, `E_DEPENDENCY_MISSING`.
 */
export async function open(
  model?: string | URL | Uint8Array | Model,
  { device = "auto", threads, labels, background, ...fetching }: OpenOptions = {},
): Promise<Recognizer<VideoSource, ShownImage>> {
  const { signal } = fetching;
  const opened = await openAny(model, labels, fetching);
  signal?.throwIfAborted();
  const engine = await openEngine({ device, threads, background, model: opened });
  const program = await programOf(opened, engine);
  if (signal?.aborted) await program[Symbol.asyncDispose]();
  signal?.throwIfAborted();
  const report = { name: engine.name, trials: [], arithmetic: program.arithmetic };
  return new Recognizer(program, report, [...opened.warnings, ...(engine.warnings ?? [])], openFrames);
}

const openFrames: OpenFrames<VideoSource> = (source, options) => {
  const path = pathOf(source);
  return { frames: openVideo(path, options), isFile: path !== "-" && isFile(path) };
};

function isFile(path: string): boolean {
  try {
    return statSync(bytesOfPath(path)).isFile();
  } catch {
    return false; // reading it reports why
  }
}

function pathOf(source: VideoSource): string {
  if (typeof source === "string") return source;
  if (!(source instanceof URL)) {
    throw new TypeError("a video must be a path, a URL, - for standard input, or an async iterable of frames");
  }
  return source.protocol === "file:" ? fileURLToPath(source) : source.href;
}

async function openAny(
  model: string | URL | Uint8Array | Model | undefined,
  labels: OpenOptions["labels"],
  fetching: PullModelOptions,
): Promise<OpenedFile> {
  const isList = Array.isArray(labels) && labels.every((label) => typeof label === "string");
  if (labels !== undefined && typeof labels !== "string" && !isList) {
    throw new TypeError("labels must be a list of names, a label file, or the name of a label set");
  }
  const opened = await openLabelled(model, typeof labels === "string" ? labels : undefined, fetching);
  if (typeof labels !== "object") return opened;
  checkLabels(labels, opened.spec, "labels");
  return { ...opened, ...withLabels(opened, { names: labels, warnings: [] }) };
}

async function openLabelled(
  model: string | URL | Uint8Array | Model | undefined,
  labels: string | undefined,
  fetching: PullModelOptions,
): Promise<OpenedFile> {
  const place = model instanceof URL && model.protocol === "file:" ? fileURLToPath(model) : model;
  if (typeof place === "string" && !isUrl(place)) return openModelFile(place, { labels, ...fetching });
  if (place === undefined) return openModelFile(undefined, { labels, ...fetching });
  if (!(place instanceof URL || place instanceof Uint8Array || typeof place === "string")) {
    if (typeof place !== "object" || place === null || !("weights" in place)) {
      throw new TypeError("a model must be a name, a path, a URL, the bytes of a file (Uint8Array), or a loaded model");
    }
    const read = { warnings: [], ...place };
    return labels === undefined ? read : withOpenedLabels(read, labels);
  }
  const subject = place instanceof Uint8Array ? "model" : String(place);
  const bytes = place instanceof Uint8Array ? place : await fetchModel(subject, { ...fetching, fetch: nodeFetch });
  const read = await readFileOf(bytes, subject);
  return labels === undefined ? read : { ...read, ...(await withOpenedLabels(read, labels)) };
}

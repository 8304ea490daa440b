import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bytesOfPath } from "../common/read.node.ts";
import { isUrl } from "../common/urls.ts";
import { openEngine } from "../engines/device.node.ts";
import { checkLabels } from "../model/labels.ts";
import type { Model } from "../model/model.ts";
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
   * What the model runs on: `auto` (the default: ONNX Runtime's CPU kernels; without `onnxruntime-node` our WebAssembly, with a
   * warning), `cpu` or another execution provider of ONNX Runtime (`cuda`, `coreml`, `dml`, `webgpu`, …), `wasm` (our
   * WebAssembly), `litert` (LiteRT.js), or `reference` (the slow interpreter).
   */
  readonly device?: string | undefined;
  /** Threads of one run. Default: for ONNX Runtime the machine's cores, at most 4; for `wasm`, of at most 64, one. `litert` and `reference` have one. */
  readonly threads?: number | undefined;
  /** Class names in output order, a text file of them (one a line), or `kinetics-600`. Default: those of the model. */
  readonly labels?: string | readonly string[] | undefined;
  /**
   * Compute in the background (on a thread of the pool that Node has for files), so that the event loop stays free; a step takes a
   * little longer. ONNX Runtime's CPU kernels only: where `auto` finds none, a warning says so. Default false.
   */
  readonly background?: boolean | undefined;
  /** For `onnxruntime` and `litert` in browsers, where it names the folder of their `.wasm` files; Node finds them by itself. */
  readonly wasmPaths?: string | undefined;
  /** Told how a model is fetched, of the zoo or from a URL. */
  readonly onProgress?: ((event: PullEvent) => void) | undefined;
  /** Fetch no model of the zoo. Default: what `MOVINET_OFFLINE` says. */
  readonly offline?: boolean | undefined;
  /** Ends the opening: the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * What can be looked at beside frames. In Node: a path, an http(s) or `file:` URL, or `-` for standard input. In a browser: a
 * `<video>`, which is in the type where the program's `lib` has the DOM, for TypeScript takes these declarations for browsers
 * as well, unless its `customConditions` say otherwise.
 */
export type VideoSource = string | URL | VideoElement;

type VideoElement = typeof globalThis extends { HTMLVideoElement: { prototype: infer Element } } ? Element : never;

/**
 * Opens a model: a file of any format that we read, its bytes, its http(s) URL, or a name that the cache folder holds
 * (`a0-stream` where none is given); a name of the zoo is fetched first. Dispose of it when it is no longer needed.
 *
 * Throws {@link ModelError} (`E_MODEL_NOT_FOUND`, `E_MODEL_UNREADABLE`, `E_MODEL_FORMAT`, `E_MODEL_SIGNATURE`, `E_MODEL_TENSORS`,
 * `E_MODEL_LABELS`, `E_MODEL_DOWNLOAD`, `E_MODEL_INTEGRITY`), `E_DEVICE_UNKNOWN`, `E_DEVICE_UNAVAILABLE`, `E_DEPENDENCY_MISSING`.
 */
export async function open(
  model?: string | URL | Uint8Array | Model,
  { device = "auto", threads, labels, background, ...fetching }: OpenOptions = {},
): Promise<Recognizer<VideoSource>> {
  const { signal } = fetching;
  const opened = await openAny(model, labels, fetching);
  signal?.throwIfAborted();
  const engine = await openEngine({ device, threads, background });
  const program = await programOf(opened, engine);
  if (signal?.aborted) await program[Symbol.asyncDispose]();
  signal?.throwIfAborted();
  return new Recognizer(program, [...opened.warnings, ...(engine.warnings ?? [])], openFrames);
}

const openFrames: OpenFrames<VideoSource> = (source, options) => {
  const path = pathOf(source);
  return { frames: openVideo(path, options), isFile: path !== "-" && isFile(path) };
};

function isFile(path: string): boolean {
  try {
    return statSync(bytesOfPath(path)).isFile();
  } catch {
    return false; // whoever reads it tells why
  }
}

function pathOf(source: VideoSource): string {
  if (typeof source === "string") return source;
  if (!(source instanceof URL)) {
    throw new TypeError("a video is a path, a URL, - for standard input, or an async iterable of frames");
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
    throw new TypeError("labels must be a list of names, a file of them, or the name of a data set");
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
      throw new TypeError(
        "a model is a name, a path, a URL, the bytes of a file (Uint8Array), or a model that was read",
      );
    }
    const read = { warnings: [], ...place };
    return labels === undefined ? read : withOpenedLabels(read, labels);
  }
  const subject = place instanceof Uint8Array ? "model" : String(place);
  const bytes = place instanceof Uint8Array ? place : await fetchModel(subject, { ...fetching, fetch: nodeFetch });
  const read = await readFileOf(bytes, subject);
  return labels === undefined ? read : { ...read, ...(await withOpenedLabels(read, labels)) };
}

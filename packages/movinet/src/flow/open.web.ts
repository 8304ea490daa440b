/// <reference lib="dom" />
import { MovinetError } from "../common/errors.ts";
import { checkLabels, type FoundLabels, labelError } from "../model/labels.ts";
import type { Model } from "../model/model.ts";
import type { Frame } from "../video/frame.ts";
import type { ShownImage } from "../video/shown-image.ts";
import { pictureOf } from "../video/shown-image.web.ts";
import type { VideoOptions } from "../video/video.web.ts";
import { videoElementFrames } from "../video/video-element.web.ts";
import { withZooLabels } from "../zoo/facts.ts";
import { labelsNamed } from "../zoo/known-labels.ts";
import { fetchModel, type OpenedFile, withLabels } from "../zoo/labelled.ts";
import type { PullEvent } from "../zoo/pull-event.ts";
import { zooModel } from "../zoo/registry.ts";
import { webFetch } from "../zoo/request.web.ts";
import { readFileOf } from "./open-file.ts";
import { type OpenFrames, Recognizer } from "./recognizer.ts";
import { prove, type Started, start, type Ways } from "./start.ts";
import { waysFor } from "./ways.web.ts";

export interface OpenOptions {
  /**
   * The engine: `wasm`, the built-in WebAssembly engine, which needs no other packages or files; `webgpu` and `onnxruntime`, ONNX
   * Runtime on the GPU or on WebAssembly; `litert`, LiteRT.js, which runs TFLite files unchanged; `reference`, the slow interpreter.
   * `auto` (default) is `wasm`; with `wasmPaths` for onnxruntime-web and a GPU, it is the faster of `wasm` and `webgpu`, measured with
   * this model. An engine must give the right answers before it is used: otherwise `auto` uses another one, with a warning.
   */
  readonly device?: string | undefined;
  /** Threads per step, for `auto` and `wasm` on a cross-origin isolated page. Default 1; two take about 0.6 of its time. */
  readonly threads?: number | undefined;
  /** For `webgpu`, `onnxruntime`, `auto` and `litert`: URL of the folder with the `.wasm` files of onnxruntime-web or @litertjs/core. */
  readonly wasmPaths?: string | undefined;
  /** Class names in output order, or `kinetics-600`. Default: the model's. */
  readonly labels?: string | readonly string[] | undefined;
  /**
   * URL of a folder of models to try first for a name, for example on the page's own server:
   * `<mirror>/a0-stream.safetensors`.
   */
  readonly mirror?: string | undefined;
  /** Receives download progress, for models of the zoo or from a URL. */
  readonly onProgress?: ((event: PullEvent) => void) | undefined;
  /** Aborts opening: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a model: a name of the zoo such as `a0-stream`, which is downloaded and kept in the browser's cache, the URL
 * of a file in any supported format, its bytes, or a loaded model. Its weights are used in float32, except for TFLite
 * files with device `litert`. Dispose it when you no longer need it.
 *
 * Throws {@link ModelError} (`E_MODEL_NOT_FOUND`, `E_MODEL_UNREADABLE`, `E_MODEL_FORMAT`, `E_MODEL_SIGNATURE`,
 * `E_MODEL_TENSORS`, `E_MODEL_LABELS`, `E_MODEL_RUNTIME`, `E_MODEL_DOWNLOAD`, `E_MODEL_INTEGRITY`),
 * `E_DEVICE_UNKNOWN`, `E_DEVICE_UNAVAILABLE` if the engine does not start, `E_DEVICE_WRONG` if it computes wrong answers,
 * `E_DEPENDENCY_MISSING`. Steps on `webgpu` throw `E_DEVICE_LOST` once the GPU is lost.
 */
export async function open(
  model: string | URL | Uint8Array | Model,
  { device = "auto", threads, wasmPaths, labels, ...fetching }: OpenOptions = {},
): Promise<Recognizer<HTMLVideoElement | Blob, ShownImage>> {
  const { signal } = fetching;
  const ways = waysFor({ device, threads, wasmPaths });
  // The engine starts while the model is read, but errors in the model come first.
  const first = ways.then(({ ways: [one] }) => prove(one as Ways["ways"][number]));
  first.catch(() => {});
  const read = await openAny(model, fetching);
  const opened = labels === undefined ? read : { ...read, ...withLabels(read, await namesOf(labels)) };
  checkLabels(opened.card.labels, opened.spec, typeof labels === "string" ? labels : "labels");
  signal?.throwIfAborted();
  const { program, engine, warnings } = await startOn(opened, device, await ways, first);
  if (signal?.aborted) await program[Symbol.asyncDispose]();
  signal?.throwIfAborted();
  return new Recognizer(program, engine, [...opened.warnings, ...warnings], openFrames, pictureOf);
}

const openFrames: OpenFrames<HTMLVideoElement | Blob> = (source, options) =>
  source instanceof Blob
    ? { frames: fileFrames(source, options), isFile: true }
    : { frames: videoElementFrames(source, options), isFile: false };

async function* fileFrames(file: Blob, options: VideoOptions): AsyncGenerator<Frame, void> {
  const { openVideo } = await import("../video/video.web.ts");
  yield* openVideo(file, options);
}

async function openAny(
  model: string | URL | Uint8Array | Model,
  options: Pick<OpenOptions, "mirror" | "onProgress" | "signal">,
): Promise<OpenedFile> {
  if (model instanceof Uint8Array) return readFileOf(model, "model");
  const known = typeof model === "string" ? zooModel(model) : null;
  if (known !== null) {
    const { pullModel } = await import("../zoo/pull.web.ts");
    const { bytes, file } = await pullModel(known, options);
    const read = await readFileOf(bytes, file);
    return { ...read, ...(await withZooLabels(read, known)) };
  }
  if (typeof model === "string" || model instanceof URL) {
    return readFileOf(await fetchModel(String(model), { ...options, fetch: webFetch }), String(model));
  }
  if (typeof model === "object" && "weights" in model) return { warnings: [], ...model };
  throw new TypeError("a model must be a name, a URL, the bytes of a file (Uint8Array), or a loaded model");
}

async function namesOf(labels: string | readonly string[]): Promise<FoundLabels> {
  const names = typeof labels === "string" ? await labelsNamed(labels) : labels;
  if (names !== null) return { names, warnings: [] };
  throw labelError(String(labels))("unknown label set", "Use kinetics-600, or pass the names");
}

/** Packages that load their own files at start, by device. */
const fetching: Readonly<Record<string, string>> = {
  webgpu: "onnxruntime-web",
  onnxruntime: "onnxruntime-web",
  litert: "@litertjs/core",
};

async function startOn(
  opened: OpenedFile,
  device: string,
  ways: Ways,
  first: ReturnType<typeof prove>,
): Promise<Started> {
  try {
    return await start(opened, ways, first);
  } catch (cause) {
    if (cause instanceof MovinetError || !Object.hasOwn(fetching, device)) throw cause;
    throw new MovinetError({
      code: "E_DEVICE_UNAVAILABLE",
      subject: device,
      problem: `the engine failed to start (${cause instanceof Error ? cause.message : String(cause)})`,
      remedy: `Serve the .wasm and .mjs files of ${fetching[device]}, and set wasmPaths to their folder`,
      cause,
    });
  }
}

/// <reference lib="dom" />
import { MovinetError } from "../common/errors.ts";
import { openEngine } from "../engines/device.web.ts";
import { checkLabels, type FoundLabels, labelError } from "../model/labels.ts";
import type { Model } from "../model/model.ts";
import type { Program } from "../session/program.ts";
import type { ShownImage } from "../video/shown-image.ts";
import { pictureOf } from "../video/shown-image.web.ts";
import { videoElementFrames } from "../video/video-element.web.ts";
import { withZooLabels } from "../zoo/facts.ts";
import { labelsNamed } from "../zoo/known-labels.ts";
import { fetchModel, type OpenedFile, withLabels } from "../zoo/labelled.ts";
import type { PullEvent } from "../zoo/pull-event.ts";
import { zooModel } from "../zoo/registry.ts";
import { webFetch } from "../zoo/request.web.ts";
import { programOf, readFileOf } from "./open-file.ts";
import { type OpenFrames, Recognizer } from "./recognizer.ts";

export interface OpenOptions {
  /**
   * What the model runs on: `auto` (the default) or `wasm`: our own WebAssembly, which needs no other package and no files;
   * `onnxruntime`: ONNX Runtime on WebAssembly; `litert`: LiteRT.js, which runs TFLite files as they are; `reference`: slow.
   */
  readonly device?: string | undefined;
  /** For `onnxruntime` and `litert`: URL of the folder that holds the `.wasm` files of the package onnxruntime-web or @litertjs/core. */
  readonly wasmPaths?: string | undefined;
  /** Class names in output order, or `kinetics-600`. Default: those of the model. */
  readonly labels?: string | readonly string[] | undefined;
  /** URL of a folder of models that is asked first for a name, such as one of the page's own: `<mirror>/a0-stream.safetensors`. */
  readonly mirror?: string | undefined;
  /** Told how a model is fetched, of the zoo or from a URL. */
  readonly onProgress?: ((event: PullEvent) => void) | undefined;
  /** Ends the opening: the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a model: a name of the zoo such as `a0-stream`, which is fetched and kept in the browser's cache, the URL of a file of
 * any format that we read, its bytes, or a model that was read. Its weights are computed with in float32, unless it is a TFLite
 * file and the device is `litert`. Dispose of it when it is no longer needed.
 *
 * Throws {@link ModelError} (`E_MODEL_NOT_FOUND`, `E_MODEL_UNREADABLE`, `E_MODEL_FORMAT`, `E_MODEL_SIGNATURE`, `E_MODEL_TENSORS`,
 * `E_MODEL_LABELS`, `E_MODEL_RUNTIME`, `E_MODEL_DOWNLOAD`, `E_MODEL_INTEGRITY`), `E_DEVICE_UNKNOWN`, `E_DEVICE_UNAVAILABLE` where the engine does not start, `E_DEPENDENCY_MISSING`.
 */
export async function open(
  model: string | URL | Uint8Array | Model,
  { device = "auto", wasmPaths, labels, ...fetching }: OpenOptions = {},
): Promise<Recognizer<HTMLVideoElement, ShownImage>> {
  const { signal } = fetching;
  const read = await openAny(model, fetching);
  const opened = labels === undefined ? read : { ...read, ...withLabels(read, await namesOf(labels)) };
  checkLabels(opened.card.labels, opened.spec, typeof labels === "string" ? labels : "labels");
  signal?.throwIfAborted();
  const program = await start(opened, device, wasmPaths);
  if (signal?.aborted) await program[Symbol.asyncDispose]();
  signal?.throwIfAborted();
  const openFrames: OpenFrames<HTMLVideoElement> = (video, options) => ({
    frames: videoElementFrames(video, options),
    isFile: false,
  });
  return new Recognizer(program, opened.warnings, openFrames, pictureOf);
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
  throw new TypeError("a model is a name, a URL, the bytes of a file (Uint8Array), or a model that was read");
}

async function namesOf(labels: string | readonly string[]): Promise<FoundLabels> {
  const names = typeof labels === "string" ? await labelsNamed(labels) : labels;
  if (names !== null) return { names, warnings: [] };
  throw labelError(String(labels))("no data set of that name is known", "Give kinetics-600, or the names");
}

/** Packages that fetch files of theirs when they start, by device. */
const fetching: Readonly<Record<string, string>> = { onnxruntime: "onnxruntime-web", litert: "@litertjs/core" };

async function start(opened: OpenedFile, device: string, wasmPaths: string | undefined): Promise<Program> {
  try {
    return await programOf(opened, await openEngine({ device, wasmPaths }));
  } catch (cause) {
    if (cause instanceof MovinetError || !Object.hasOwn(fetching, device)) throw cause;
    throw new MovinetError({
      code: "E_DEVICE_UNAVAILABLE",
      subject: device,
      problem: `its engine does not start (${cause instanceof Error ? cause.message : String(cause)})`,
      remedy: `Serve the .wasm and .mjs files of ${fetching[device]}, and name their folder in wasmPaths`,
      cause,
    });
  }
}

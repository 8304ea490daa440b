/// <reference lib="dom" />
import { openEngine } from "../engines/device.web.ts";
import { readModel } from "../formats/model-file.ts";
import { checkLabels, labelError } from "../model/labels.ts";
import type { Model } from "../model/model.ts";
import { Program } from "../session/program.ts";
import { videoElementFrames } from "../video/video-element.web.ts";
import { labelsNamed } from "../zoo/known-labels.ts";
import { fetchModel, type OpenedModel, withKnownLabels, withLabels } from "../zoo/labelled.ts";
import { Recognizer } from "./recognizer.ts";

export interface OpenOptions {
  /** What the model runs on: `auto` (the default) or `wasm`: ONNX Runtime on WebAssembly; `litert`: LiteRT.js; `reference`: slow. */
  readonly device?: string | undefined;
  /** URL of the folder that holds the engine's `.wasm` files (of the package onnxruntime-web or @litertjs/core). */
  readonly wasmPaths?: string | undefined;
  /** Class names in output order, or `kinetics-600`. Default: those of the model. */
  readonly labels?: string | readonly string[] | undefined;
  /** Ends the opening: the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a model: the URL of a file of any format that we read, its bytes, or a model that was read. Dispose of it when it is
 * no longer needed.
 *
 * Throws {@link ModelError} (`E_MODEL_NOT_FOUND`, `E_MODEL_UNREADABLE`, `E_MODEL_FORMAT`, `E_MODEL_SIGNATURE`, `E_MODEL_TENSORS`,
 * `E_MODEL_LABELS`), `E_DEVICE_UNKNOWN`, `E_DEPENDENCY_MISSING`.
 */
export async function open(
  model: string | URL | Uint8Array | Model,
  { device = "auto", wasmPaths, labels, signal }: OpenOptions = {},
): Promise<Recognizer<HTMLVideoElement>> {
  const read = await openAny(model, signal);
  const opened = labels === undefined ? read : withLabels(read, { names: await namesOf(labels), warnings: [] });
  checkLabels(opened.card.labels, opened.spec, typeof labels === "string" ? labels : "labels");
  const program = await Program.compile(opened, await openEngine({ device, wasmPaths }));
  signal?.throwIfAborted();
  return new Recognizer(program, opened.warnings, videoElementFrames);
}

async function openAny(
  model: string | URL | Uint8Array | Model,
  signal: AbortSignal | undefined,
): Promise<OpenedModel> {
  if (typeof model === "object" && "weights" in model) return { warnings: [], ...model };
  const bytes = model instanceof Uint8Array ? model : await fetchModel(String(model), signal);
  const subject = model instanceof Uint8Array ? "model" : String(model);
  return withKnownLabels(readModel(bytes, subject), bytes);
}

async function namesOf(labels: string | readonly string[]): Promise<readonly string[]> {
  if (typeof labels !== "string") return labels;
  const names = await labelsNamed(labels);
  if (names === null) throw labelError(labels)("no data set of that name is known", "Give kinetics-600, or the names");
  return names;
}

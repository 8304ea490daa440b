import type { Spec } from "../arch/spec.ts";
import { ModelError } from "../common/errors.ts";
import { breathe } from "../common/process.node.ts";
import type { Engine } from "../engines/engine.ts";
import { litertEngine } from "../engines/litert/litert.node.ts";
import { integerLimits } from "../flow/criterion.ts";
import { readModel, writeModel } from "../formats/model-file.ts";
import { emitOnnx, onnxForms, onnxPrecisions } from "../formats/onnx/write/file.ts";
import { differencesOfPort } from "../formats/pytorch/write.ts";
import { readCheckpoint } from "../formats/tensorflow/read/checkpoint.ts";
import { checkpointEndings, differencesOfOfficial, writeCheckpoint } from "../formats/tensorflow/write/checkpoint.ts";
import { emitTflite, type TfliteForm } from "../formats/tflite/write/emit.ts";
import type { TflitePrecision } from "../formats/tflite/write/lower.ts";
import type { Model } from "../model/model.ts";
import { Program } from "../session/program.ts";
import { sceneClips, streamLengths, windowLengths } from "./clips.ts";
import { openFile } from "./open-file.node.ts";
import { compareRunners, type Receipt } from "./receipt.ts";
import { clipRunner, type Runner, sessionRunner } from "./runner.ts";
import { breathing } from "./verify.node.ts";

/** Names and properties of a format. */
export interface ExportFacts {
  /** Extension of the named file. */
  readonly ending: string;
  /** Extensions of additional files, in its place. */
  readonly beside: readonly string[];
  /** A runnable network in some form, or only its weights. */
  readonly holds: "network" | "weights";
}

export const exportFormats = {
  tflite: { ending: ".tflite", beside: [], holds: "network" },
  onnx: { ending: ".onnx", beside: [], holds: "network" },
  safetensors: { ending: ".safetensors", beside: [], holds: "weights" },
  pt: { ending: ".pt", beside: [], holds: "weights" },
  checkpoint: { ending: checkpointEndings.index, beside: [checkpointEndings.values], holds: "weights" },
} as const satisfies Readonly<Record<string, ExportFacts>>;
export type ExportFormat = keyof typeof exportFormats;

export interface ConvertOptions {
  readonly format: ExportFormat;
  /** Default: one frame (`step`) of a stream model, whole clips (`clip`) of a base model. */
  readonly form?: TfliteForm | undefined;
  /** Default: `int8` for a model with integers in a form that has them, otherwise `float32`. */
  readonly dtype?: TflitePrecision | undefined;
  /** Frames per clip, for the form `clip` only; default: those of the model's card. */
  readonly frames?: number | undefined;
  /** Names of the model and of the result in the receipt. */
  readonly name: string;
  readonly resultName: string;
  /** The engine for the model itself, if it is not written as int8. */
  readonly engine: Engine;
  /** The TFLite file that a quantized model was read from: an int8 file is compared with it. Default: the model's integers. */
  readonly original?: Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How many of `total` passes over the frames are done. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface Converted {
  /** The file, with the receipt in its metadata. */
  readonly bytes: Uint8Array;
  /** Additional files, for formats that have them, by extension. */
  readonly beside: ReadonlyMap<string, Uint8Array>;
  readonly receipt: Receipt;
  /** Caveats about using the file elsewhere, one line each. */
  readonly warnings: readonly string[];
}

/**
 * Writes a model in another format, and compares the file, on its own runtime, with the model on whole clips: a stream
 * frame by frame, which also tests the streaming law. Throws {@link ModelError} (`E_MODEL_EXPORT`) if the model has no
 * such form, `E_DEPENDENCY_MISSING` if the runtime is not installed, and `TypeError` if `frames` is set for a form
 * other than `clip`.
 */
export async function convertModel(given: Model, options: ConvertOptions): Promise<Converted> {
  const { format, resultName, signal, onProgress } = options;
  const form = options.form ?? (given.spec.mode === "base" ? "clip" : "step");
  const dtype = options.dtype ?? ownPrecision(given, format, form);
  // Our own format has the integers of a quantized model beside its weights.
  const inIntegers = given.integers !== undefined && (dtype === "int8" || format === "safetensors");
  const isDequantized = given.integers !== undefined && !inIntegers;
  const exact = inIntegers || (dtype === "float32" && !isDequantized);
  // The accuracy of rounded weights has not been measured.
  const model = exact ? given : { ...given, card: { ...given.card, accuracy: null } };
  const name = isDequantized ? `the dequantized weights of ${options.name}` : options.name;
  const engine = inIntegers ? await litertEngine() : options.engine;
  if (options.frames !== undefined && (form !== "clip" || exportFormats[format].holds === "weights")) {
    throw new TypeError("convertModel: frames works only with the clip form");
  }
  const frames = options.frames ?? model.card.frames ?? undefined;
  const emit = emitterOf(model, format, { form, dtype, frames });
  const written = emit();
  await breathe(signal);
  const source = inIntegers
    ? await ofIntegers(model, format, name, options.original)
    : wholeClips(model, name, frames, engine);
  const result = await openResult(written, format, resultName, engine);
  try {
    const lengths = form === "clip" && frames !== undefined ? windowLengths(frames) : streamLengths;
    let done = 0;
    const onCheck = () => {
      signal?.throwIfAborted();
      onProgress?.(++done, 2);
    };
    const clips = sceneClips(model.spec, lengths);
    const [own, written] = [breathing(source.runner, signal), breathing(result.runner, signal)];
    const judged = inIntegers ? "int8" : dtype;
    const found = await compareRunners(own, [written], clips, judged, {
      output: model.card.output,
      onCheck,
      ...(inIntegers && { limits: integerLimits }),
    });
    const receipt: Receipt = {
      type: "receipt",
      source: { name, runtime: source.runner.runtime, arithmetic: source.runner.arithmetic, call: source.runner.call },
      result: { format, form: exportFormats[format].holds === "weights" ? null : form, dtype },
      ...found,
    };
    const floats = isDequantized ? [floatsOnly(options.name, dtype)] : [];
    return {
      ...emit(JSON.stringify(receipt)),
      receipt,
      warnings: [...warningsOf(model.spec, format, dtype), ...floats],
    };
  } finally {
    await result.close();
    await source.close();
  }
}

/** What a model computes with by itself. */
function ownPrecision({ integers }: Model, format: ExportFormat, form: TfliteForm): "int8" | "float32" {
  return integers !== undefined && exportFormats[format].holds === "network" && form !== "clip" ? "int8" : "float32";
}

/** A quantized model in its integers: the TFLite file that it was read from, otherwise one on another runtime than that of the result. */
function ofIntegers(
  model: Model,
  format: ExportFormat,
  name: string,
  original: Uint8Array | undefined,
): Promise<Opened> {
  const own = { form: "step", dtype: "int8" } as const;
  return format === "tflite" && !original
    ? openFile({ bytes: emitOnnx(model, own), name, format: "onnx", card: {} })
    : openFile({ bytes: original ?? emitTflite(model, own), name, format: "tflite", card: {} });
}

function floatsOnly(name: string, dtype: string): string {
  return `it computes in ${dtype} with the dequantized weights of ${name}, which itself computes in int8 and gives other answers`;
}

function wholeClips(model: Model, name: string, frames: number | undefined, engine: Engine): Opened {
  if (model.spec.mode === "stream") {
    const runner = clipRunner(model, name, engine);
    return { runner, close: () => runner.close() };
  }
  const card = { ...model.card, frames: frames ?? model.card.frames };
  return openProgram({ ...model, card }, name, engine);
}

function openProgram(model: Model, name: string, engine: Engine): Opened {
  const program = Program.prepare(model, engine);
  return { runner: sessionRunner(program, name), close: () => program[Symbol.asyncDispose]() };
}

/** Returns the writer of the file, called once without a receipt and once with it. */
function emitterOf(
  model: Model,
  format: ExportFormat,
  { form, dtype, frames }: { form: TfliteForm; dtype: TflitePrecision; frames: number | undefined },
): (receipt?: string) => Written {
  const refuse = (what: string, allowed: readonly string[]) =>
    new ModelError({
      code: "E_MODEL_EXPORT",
      subject: model.card.name,
      problem: `${format} files do not support ${what}`,
      remedy: `Use ${allowed.join(" or ")}`,
    });
  if (format === "tflite") return (receipt) => alone(emitTflite(model, { form, dtype, frames, receipt }));
  const ownForm = onnxForms.find((one) => one === form);
  const ownDtype = onnxPrecisions.find((one) => one === dtype);
  if (format === "onnx") {
    if (!ownForm) throw refuse(`form ${form}`, onnxForms);
    if (!ownDtype) throw refuse(`precision ${dtype}`, onnxPrecisions);
    return (receipt) => alone(emitOnnx(model, { form: ownForm, dtype: ownDtype, frames, receipt }));
  }
  if (dtype !== "float32") throw refuse(`precision ${dtype}`, ["float32"]);
  if (format === "checkpoint") return (receipt) => ofCheckpoint(writeCheckpoint(model, receipt));
  return (receipt) => alone(writeModel(model, { format, receipt }));
}

type Written = Pick<Converted, "bytes" | "beside">;

function alone(bytes: Uint8Array): Written {
  return { bytes, beside: new Map() };
}

function ofCheckpoint(files: ReadonlyMap<string, Uint8Array>): Written {
  const { index, values } = checkpointEndings;
  const of = (ending: string) => files.get(ending) ?? new Uint8Array();
  return { bytes: of(index), beside: new Map([[values, of(values)]]) };
}

/** Our files describe their network; the programs they are for read only the weights, and may build another one. */
function warningsOf(spec: Spec, format: ExportFormat, dtype: TflitePrecision): readonly string[] {
  const warn = (whose: string, differences: readonly string[]) =>
    differences.length === 0
      ? []
      : [`${whose} builds a different network for these weights: ${differences.join(", ")}`];
  if (format === "onnx" && dtype === "int8") {
    return [
      "x64 processors without VNNI need ONNX Runtime's session option session.x64quantprecision=1: products overflow without it, and answers differ",
    ];
  }
  if (format === "pt") return warn("the public PyTorch port", differencesOfPort(spec));
  return format === "checkpoint" ? warn("the current official code", differencesOfOfficial(spec)) : [];
}

interface Opened {
  readonly runner: Runner;
  close(): Promise<void>;
}

/** Opens the written file with its own runtime. */
async function openResult(
  { bytes, beside }: Written,
  format: ExportFormat,
  name: string,
  engine: Engine,
): Promise<Opened> {
  if (format === "tflite" || format === "onnx") return openFile({ bytes, name, format, card: {} });
  if (format === "checkpoint") {
    return openProgram(readCheckpoint({ index: bytes, shards: beside }, name), name, engine);
  }
  return openProgram(readModel(bytes, name), name, engine);
}

import { ModelError } from "../common/errors.ts";
import { ownModule } from "../common/modules.node.ts";
import { breathe } from "../common/process.node.ts";
import { Thread } from "../common/thread.node.ts";
import { openEngine } from "../engines/device.node.ts";
import type { Engine } from "../engines/engine.ts";
import { formatOf, type ModelFormat } from "../formats/file-kind.ts";
import { readModel } from "../formats/model-file.ts";
import { openOnnx } from "../formats/onnx/read.ts";
import type { ReadModel } from "../formats/own-file.ts";
import { locateTflite } from "../formats/tflite/read/import.ts";
import { readOwnMetadata } from "../formats/tflite/read/own.ts";
import { readModel as readTfliteFile } from "../formats/tflite/read/schema.ts";
import { type Precision, precisions } from "../graph/precision.ts";
import type { Card } from "../model/card.ts";
import { largestValue } from "../model/limits.ts";
import type { Model, SessionModel } from "../model/model.ts";
import { Program } from "../session/program.ts";
import { type Frames, sceneClips, streamLengths, windowLengths } from "./clips.ts";
import { openFileApart } from "./file-process.node.ts";
import { compareRunners, type Receipt } from "./receipt.ts";
import { clipRunner, type Runner, referenceRunner, sessionRunner } from "./runner.ts";

/** A model file, and every way to run it here. */
export interface OpenedFile extends AsyncDisposable {
  readonly name: string;
  readonly format: ModelFormat;
  readonly dtype: Precision;
  readonly model: SessionModel;
  readonly runners: readonly Runner[];
}

/**
 * Opens a model file (its bytes, or the loaded model) with every available runtime: ONNX Runtime frame by frame and on
 * whole clips (of a quantized model LiteRT.js frame by frame, in its integers), the reference interpreter, and, for a `.tflite` or `.onnx` file, its own runtime on the unchanged file,
 * in a separate process that is stopped if the file takes more memory or time than such a network can need. Throws
 * {@link ModelError} (`E_MODEL_FORMAT`, `E_MODEL_SIGNATURE`, `E_MODEL_RUNTIME`), and `E_DEPENDENCY_MISSING`.
 */
export async function openRunners(
  source: Uint8Array | ReadModel,
  name: string,
  engine: Engine,
  { card = {}, signal }: OpenRunnersOptions = {},
): Promise<OpenedFile> {
  if (!(source instanceof Uint8Array)) return await openedModel(source, name, engine);
  const bytes = source;
  const format = formatOf(bytes.subarray(0, headBytes), bytes.length, name);
  if (format === "safetensors" || format === "pt") return await openedModel(readModel(bytes, name), name, engine);
  const { dtype, value } = format === "onnx" ? onnxFacts(bytes, name) : tfliteFacts(bytes, name);
  const memoryBytes = flatBytes + bytesOfFile * bytes.length + bytesOfValue * value;
  const file = await openFileApart({ bytes, name, format, card }, { memoryBytes, signal });
  // The network imported from a TFLite file is another way to run it.
  const read = format === "tflite" ? readable(bytes, name) : null;
  const { runners, close } = read ? await modelRunners(read, name, engine) : { runners: [], close: async () => {} };
  return {
    name,
    format,
    dtype,
    model: file.model,
    runners: [file.runner, ...runners],
    async [Symbol.asyncDispose]() {
      await file.close();
      await close();
    },
  };
}

async function openedModel(model: ReadModel, name: string, engine: Engine): Promise<OpenedFile> {
  const { runners, close } = await modelRunners(model, name, engine);
  const dtype = model.integers ? "int8" : "float32";
  return { name, format: model.format, dtype, model, runners, [Symbol.asyncDispose]: close };
}

export interface OpenRunnersOptions {
  /** What a TFLite file does not specify, such as labels. */
  readonly card?: Partial<Card> | undefined;
  /** Ends the processes that run files: pending promises reject with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const headBytes = 4096;

/**
 * Memory limit of a runtime: 512 MB, eight times the file (it is copied, and weights are repacked), and six times the
 * largest value in float32. Files of A0 to A5 used at most 55 % of it.
 */
const [flatBytes, bytesOfFile, bytesOfValue] = [2 ** 29, 8, 24];

/** Elements of the largest value of a family network for one frame, if a file does not specify it. */
const valueOfFrame = 2 ** 21;

interface FileFacts {
  readonly dtype: Precision;
  /** Elements of the largest value of a call. */
  readonly value: number;
}

function onnxFacts(bytes: Uint8Array, name: string): FileFacts {
  const { graph, facts } = openOnnx(bytes, name);
  return { dtype: facts.dtype, value: largestValue(graph, facts.frames) };
}

/** As declared in our files, else from the operators; float32 for others. */
function tfliteFacts(bytes: Uint8Array, name: string): FileFacts {
  const { metadata } = readTfliteFile(bytes, name);
  if (metadata["movinet.export"] !== undefined) {
    const { graph, facts } = readOwnMetadata(metadata, name);
    return { dtype: facts.dtype, value: largestValue(graph, facts.frames) };
  }
  try {
    return { dtype: locateTflite(bytes, name).dtype, value: valueOfFrame };
  } catch {
    return { dtype: "float32", value: valueOfFrame };
  }
}

/** The network in a file; null for forms that we write but do not read. */
function readable(bytes: Uint8Array, name: string): Model | null {
  try {
    return readModel(bytes, name);
  } catch (error) {
    if (error instanceof ModelError) return null;
    throw error;
  }
}

/** A quantized model runs in its integers alone: its dequantized weights are another network. */
async function modelRunners(model: Model, name: string, engine: Engine) {
  const program = Program.prepare(model, model.integers ? await openEngine({ model }) : engine);
  const own = sessionRunner(program, name);
  if (model.spec.mode === "base") return { runners: [own], close: () => program[Symbol.asyncDispose]() };
  const whole = model.integers ? null : clipRunner(model, name, engine);
  const reference = referenceThread(model);
  const interpreted = referenceRunner(model, name, (clip, signal) => reference.open().ask(clip, signal));
  return {
    runners: [own, ...(whole ? [whole] : []), interpreted],
    async close() {
      await reference.close();
      await whole?.close();
      await program[Symbol.asyncDispose]();
    },
  };
}

/** A thread for the interpreter, started on first use. */
function referenceThread({ spec, weights, card, integers }: Model) {
  let thread: Thread<Frames, Float32Array> | null = null;
  return {
    open() {
      thread ??= new Thread(ownModule("verify/reference-worker.node"), { spec, weights, card, integers });
      return thread;
    },
    close: async () => thread?.[Symbol.asyncDispose](),
  };
}

/** A runner that checks for an abort before each clip: LiteRT.js computes without yielding. */
export function breathing(runner: Runner, signal: AbortSignal | undefined): Runner {
  return {
    ...runner,
    async logits(clip) {
      await breathe(signal);
      return runner.logits(clip, signal);
    },
  };
}

export interface VerifyOptions {
  /** Clips with different answers, at least two. Default: generated ones of 1 to 8 frames, or of {@link windowOf}. */
  readonly clips?: readonly Frames[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How many of `total` ways are done. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** The number of frames that all of these files need; null: any. Throws `TypeError` if no number suits all. */
export function windowOf(files: readonly OpenedFile[]): number | null {
  const windows = new Set(files.flatMap(({ runners }) => runners.flatMap(({ frames }) => frames ?? [])));
  if (windows.size > 1)
    throw new TypeError(`the files take clips of different lengths: ${[...windows].join(" and ")} frames`);
  const [window = null] = windows;
  return window;
}

/**
 * Runs every file in every way, and compares all with the first file on whole clips (or its only way). The limits are
 * those of the coarsest file. Throws `TypeError` if the files differ in size, classes or window, or if there is only
 * one way in total.
 */
export async function verifyFiles(
  files: readonly [OpenedFile, ...OpenedFile[]],
  { clips, signal, onProgress }: VerifyOptions = {},
): Promise<Receipt> {
  const [{ model, name, runners }] = files;
  const { format } = files.at(-1) as OpenedFile;
  const facts = ({ spec }: SessionModel) =>
    JSON.stringify([spec.classes, spec.resolution.height, spec.resolution.width]);
  if (files.some((file) => facts(file.model) !== facts(model))) {
    throw new TypeError("verifyFiles: the files must have the same number of classes and the same input size");
  }
  const first =
    runners.find(({ call, runtime }) => call === "whole clip" && !runtime.startsWith("reference")) ?? runners[0];
  const source = first && breathing(first, signal);
  const others = files
    .flatMap((file) => file.runners)
    .filter((runner) => runner !== first)
    .map((runner) => breathing(runner, signal));
  if (!source || others.length === 0)
    throw new TypeError(`verifyFiles: ${name} runs in only one way: pass another file to compare with`);
  const window = windowOf(files);
  const seen = clips ?? sceneClips(model.spec, window === null ? streamLengths : windowLengths(window));
  const dtype = precisions.findLast((precision) => files.some((file) => file.dtype === precision)) as Precision;
  let done = 0;
  const onCheck = () => {
    signal?.throwIfAborted();
    onProgress?.(++done, others.length + 1);
  };
  const found = await compareRunners(source, others, seen, dtype, { output: model.card.output, onCheck });
  const { runtime, arithmetic, call } = source;
  return {
    type: "receipt",
    source: { name, runtime, arithmetic, call },
    result: { format, form: null, dtype },
    ...found,
  };
}

import { ModelError } from "../common/errors.ts";
import { ownModule } from "../common/modules.node.ts";
import { breathe } from "../common/process.node.ts";
import { Thread } from "../common/thread.node.ts";
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

/** A file of a model, and every way to run it here. */
export interface OpenedFile extends AsyncDisposable {
  readonly name: string;
  readonly format: ModelFormat;
  readonly dtype: Precision;
  readonly model: SessionModel;
  readonly runners: readonly Runner[];
}

/**
 * Opens a model file (its bytes, or the model that it was read as) with every runtime that can run it: ONNX Runtime frame by frame and on whole clips, the reference
 * interpreter, and, of a `.tflite` or `.onnx` file, its own runtime on the file as it is, in a process of its own that ends where
 * the file takes more memory or time than such a network can need. Throws {@link ModelError} (`E_MODEL_FORMAT`,
 * `E_MODEL_SIGNATURE`, `E_MODEL_RUNTIME`), and `E_DEPENDENCY_MISSING`.
 */
export async function openRunners(
  source: Uint8Array | ReadModel,
  name: string,
  engine: Engine,
  { card = {}, signal }: OpenRunnersOptions = {},
): Promise<OpenedFile> {
  if (!(source instanceof Uint8Array)) return openedModel(source, name, engine);
  const bytes = source;
  const format = formatOf(bytes.subarray(0, headBytes), bytes.length, name);
  if (format === "safetensors" || format === "pt") return openedModel(readModel(bytes, name), name, engine);
  const { dtype, value } = format === "onnx" ? onnxFacts(bytes, name) : tfliteFacts(bytes, name);
  const memoryBytes = flatBytes + bytesOfFile * bytes.length + bytesOfValue * value;
  const file = await openFileApart({ bytes, name, format, card }, { memoryBytes, signal });
  // The network that is in a TFLite file, read by us, is another way to run it.
  const read = format === "tflite" ? readable(bytes, name) : null;
  const { runners, close } = read ? modelRunners(read, name, engine) : { runners: [], close: async () => {} };
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

function openedModel(model: ReadModel, name: string, engine: Engine): OpenedFile {
  const { runners, close } = modelRunners(model, name, engine);
  return { name, format: model.format, dtype: "float32", model, runners, [Symbol.asyncDispose]: close };
}

export interface OpenRunnersOptions {
  /** What a TFLite file does not tell: labels, for one. */
  readonly card?: Partial<Card> | undefined;
  /** Ends the processes that run files: what is awaited is then rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const headBytes = 4096;

/**
 * Memory that a runtime may take: 512 MB, the file eight times (it is copied, and weights are packed anew), and the largest value
 * six times over in float32. Files of A0 to A5 took at most 55 % of it.
 */
const [flatBytes, bytesOfFile, bytesOfValue] = [2 ** 29, 8, 24];

/** Numbers in the largest value of a network of the family for one frame, where a file does not tell. */
const valueOfFrame = 2 ** 21;

interface FileFacts {
  readonly dtype: Precision;
  /** Numbers in the largest value of a call. */
  readonly value: number;
}

function onnxFacts(bytes: Uint8Array, name: string): FileFacts {
  const { graph, facts } = openOnnx(bytes, name);
  return { dtype: facts.dtype, value: largestValue(graph, facts.frames) };
}

/** As a file of ours tells, else as its operators do; of others float32. */
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

/** The network in a file; null where the file is of a form that we write but do not read. */
function readable(bytes: Uint8Array, name: string): Model | null {
  try {
    return readModel(bytes, name);
  } catch (error) {
    if (error instanceof ModelError) return null;
    throw error;
  }
}

function modelRunners(model: Model, name: string, engine: Engine) {
  const program = Program.prepare(model, engine);
  const own = sessionRunner(program, name, engine.name);
  if (model.spec.mode === "base") return { runners: [own], close: () => program[Symbol.asyncDispose]() };
  const whole = clipRunner(model, name, engine);
  const reference = referenceThread(model);
  return {
    runners: [own, whole, referenceRunner(model, name, (clip, signal) => reference.open().ask(clip, signal))],
    async close() {
      await reference.close();
      await whole.close();
      await program[Symbol.asyncDispose]();
    },
  };
}

/** A thread for the interpreter, which is started when it is first wanted. */
function referenceThread({ spec, weights }: Model) {
  let thread: Thread<Frames, Float32Array> | null = null;
  return {
    open() {
      thread ??= new Thread(ownModule("verify/reference-worker.node"), { spec, weights });
      return thread;
    },
    close: async () => thread?.[Symbol.asyncDispose](),
  };
}

/** A runner that hears of an abort before each clip: LiteRT.js computes without ever waiting. */
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
  /** Clips whose answers differ, at least two. Default: generated ones of 1 to 8 frames, or of {@link windowOf}. */
  readonly clips?: readonly Frames[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How many of `total` ways are done. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Frames that a clip must have for all of these files; null: any number. Throws `TypeError` where no number fits all. */
export function windowOf(files: readonly OpenedFile[]): number | null {
  const windows = new Set(files.flatMap(({ runners }) => runners.flatMap(({ frames }) => frames ?? [])));
  if (windows.size > 1) throw new TypeError(`the files see clips of ${[...windows].join(" and of ")} frames`);
  const [window = null] = windows;
  return window;
}

/**
 * Runs every file in every way, and holds all against the first file on whole clips (or against its only way). The limits
 * are those of the coarsest file. Throws `TypeError` where the files differ in size, classes or window, and where there is
 * only one way in all.
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
    throw new TypeError("verifyFiles: the files must have as many classes and take pictures of one size");
  }
  const first =
    runners.find(({ call, runtime }) => call === "whole clip" && !runtime.startsWith("reference")) ?? runners[0];
  const source = first && breathing(first, signal);
  const others = files
    .flatMap((file) => file.runners)
    .filter((runner) => runner !== first)
    .map((runner) => breathing(runner, signal));
  if (!source || others.length === 0)
    throw new TypeError(`verifyFiles: ${name} runs in one way only: give another file`);
  const window = windowOf(files);
  const seen = clips ?? sceneClips(model.spec, window === null ? streamLengths : windowLengths(window));
  const dtype = precisions.findLast((precision) => files.some((file) => file.dtype === precision)) as Precision;
  let done = 0;
  const onCheck = () => {
    signal?.throwIfAborted();
    onProgress?.(++done, others.length + 1);
  };
  const found = await compareRunners(source, others, seen, dtype, { output: model.card.output, onCheck });
  const { runtime, call } = source;
  return { type: "receipt", source: { name, runtime, call }, result: { format, form: null, dtype }, ...found };
}

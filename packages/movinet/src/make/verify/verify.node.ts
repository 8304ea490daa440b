import { ModelError } from "../../errors.ts";
import type { Card } from "../../model/card.ts";
import { type Model, readModel } from "../../model/model.ts";
import { locateTflite } from "../../model/weights/tflite/import.ts";
import { readModel as readTfliteFile } from "../../model/weights/tflite/schema.ts";
import { moduleBeside } from "../../run/beside.node.ts";
import type { Backend } from "../../run/session/backend.ts";
import { nodeOnnxFile } from "../../run/session/onnx.node.ts";
import { Program, type SessionModel } from "../../run/session/program.ts";
import { litertBackend } from "../../run/session/tflite/litert.node.ts";
import { Thread } from "../thread.node.ts";
import { breathing } from "./breathing.node.ts";
import { type Frames, sceneClips, streamLengths, windowLengths } from "./clips.ts";
import type { Precision } from "./criterion.ts";
import { compareRunners, type Receipt } from "./receipt.ts";
import { clipRunner, onnxFileRunner, type Runner, referenceRunner, sessionRunner } from "./runner.ts";

/** A file of a model, and every way to run it here. */
export interface OpenedFile extends AsyncDisposable {
  readonly name: string;
  readonly format: "tflite" | "onnx" | "safetensors";
  readonly dtype: Precision;
  readonly model: SessionModel;
  readonly runners: readonly Runner[];
}

/**
 * Opens a model file with every runtime that can run it: ONNX Runtime frame by frame and on whole clips, the reference
 * interpreter, and, of a `.tflite` or `.onnx` file, its own runtime on the file as it is. Throws {@link ModelError}
 * (`E_MODEL_FORMAT`, `E_MODEL_SIGNATURE`), and `E_DEPENDENCY_MISSING`.
 */
export async function openRunners(
  bytes: Uint8Array,
  name: string,
  backend: Backend,
  card: Partial<Card> = {},
): Promise<OpenedFile> {
  const magic = new TextDecoder().decode(bytes.subarray(4, 8));
  if (magic === "TFL3") return openTfliteRunners(bytes, name, backend, card);
  if (bytes[0] === 0x08) {
    const file = await nodeOnnxFile(bytes, name);
    const runners = [onnxFileRunner(file, name, "onnxruntime-node cpu")];
    return {
      name,
      format: "onnx",
      dtype: file.dtype,
      model: file.model,
      runners,
      [Symbol.asyncDispose]: async () => file[Symbol.asyncDispose](),
    };
  }
  const model = readModel(bytes, name);
  const { runners, close } = modelRunners(model, name, backend);
  return { name, format: "safetensors", dtype: "float32", model, runners, [Symbol.asyncDispose]: close };
}

/** The runtime of the file, then the network that we read out of it, where we can. */
async function openTfliteRunners(
  bytes: Uint8Array,
  name: string,
  backend: Backend,
  card: Partial<Card>,
): Promise<OpenedFile> {
  const litert = await litertBackend();
  const program = await litert.open(bytes, name, card);
  const own = sessionRunner(program, name, litert.name);
  const read = readable(bytes, name);
  const { runners, close } = read ? modelRunners(read, name, backend) : { runners: [], close: async () => {} };
  return {
    name,
    format: "tflite",
    dtype: tfliteDtype(bytes, name),
    model: program.model,
    runners: [own, ...runners],
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]();
      await close();
    },
  };
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

function modelRunners(model: Model, name: string, backend: Backend) {
  const program = Program.prepare(model, backend);
  const own = sessionRunner(program, name, backend.name);
  if (model.spec.mode === "base") return { runners: [own], close: () => program[Symbol.asyncDispose]() };
  const whole = clipRunner(model, name, backend);
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
      thread ??= new Thread(moduleBeside("reference-worker.node", import.meta.url), { spec, weights });
      return thread;
    },
    close: async () => thread?.[Symbol.asyncDispose](),
  };
}

/** As a file of ours tells, else as its operators do; of others float32. */
function tfliteDtype(bytes: Uint8Array, name: string): Precision {
  const told = readTfliteFile(bytes, name).metadata["movinet.export"];
  if (told) return (JSON.parse(new TextDecoder().decode(told)) as { readonly dtype: Precision }).dtype;
  try {
    return locateTflite(bytes, name).dtype;
  } catch {
    return "float32";
  }
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
  const dtype = files.map((file) => file.dtype).sort((a, b) => order.indexOf(b) - order.indexOf(a))[0] as Precision;
  let done = 0;
  const onCheck = () => {
    signal?.throwIfAborted();
    onProgress?.(++done, others.length + 1);
  };
  const found = await compareRunners(source, others, seen, dtype, { output: model.card.output, onCheck });
  const { runtime, call } = source;
  return { type: "receipt", source: { name, runtime, call }, result: { format, form: null, dtype }, ...found };
}

const order: readonly Precision[] = ["float32", "float16", "dynamic_int8", "int8"];

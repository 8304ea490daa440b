import { ModelError } from "../common/errors.ts";
import type { ClipCache } from "../data/clip-cache.node.ts";
import { datasetError, type Sample } from "../data/dataset.ts";
import type { Engine } from "../engines/engine.ts";
import { litertEngine } from "../engines/litert/litert.node.ts";
import { emitTflite } from "../formats/tflite/write/emit.ts";
import type { Model } from "../model/model.ts";
import { Program } from "../session/program.ts";
import type { NameChoice } from "../train/recipe.ts";
import { answersOf } from "./answers.ts";
import { auditFile } from "./audit.ts";
import { type Calibration, calibrate } from "./calibrate.ts";
import { chooseClips, readerOf } from "./clips.node.ts";
import { type RangeMethod, rangeMethods } from "./histogram.ts";
import { countAnswers, judge, type QuantizationReceipt } from "./receipt.ts";

/** Fewer frames say too little about ranges. */
const fewestFrames = 50;
/** Compared clips whose values must fit the ranges. */
const auditedClips = 20;
/** Calibration clips on which the ways to choose ranges are compared. */
const triedClips = 10;

export type QuantizeStage = "reading" | "decoding" | "calibrating" | "comparing" | "checking";

export interface QuantizeOptions {
  /** A dataset: a folder or a manifest. */
  readonly data: string;
  /** Default `step`. */
  readonly form?: "step" | "official" | undefined;
  /** Points of accuracy, in percent, that the file may lose. Default 1. */
  readonly maxDrop?: number | undefined;
  /** The engine for the model itself. */
  readonly engine: Engine;
  readonly cache: ClipCache;
  /** Name of the model, for the receipt. */
  readonly name: string;
  readonly signal: AbortSignal;
  readonly onProgress?: (stage: QuantizeStage, done: number, total: number) => void;
  readonly nameChoice?: NameChoice;
}

export interface Quantized {
  /** The TFLite file, with the receipt in its metadata. */
  readonly bytes: Uint8Array;
  readonly receipt: QuantizationReceipt;
  /** Caveats, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Makes an int8 TFLite file of a stream model, with ranges from one part of a dataset's clips, and compares the written bytes,
 * in LiteRT.js's integer kernels, with the model on the others. A receipt that fails does not throw. Throws {@link ModelError}
 * (`E_MODEL_EXPORT`) for a model without an int8 form or with numbers that are not finite, {@link DatasetError} for clips that
 * do not serve, `E_DEPENDENCY_MISSING` without LiteRT.js.
 */
export async function quantizeModel(given: Model, options: QuantizeOptions): Promise<Quantized> {
  const { data, form = "step", maxDrop = 1, engine, cache, signal, onProgress, nameChoice } = options;
  if (given.spec.mode === "base")
    throw refuse(given, "it takes whole clips, and only stream models have an int8 form", "Use a stream model");
  // What integers reach is in the receipt.
  const model = { ...given, card: { ...given.card, accuracy: null } };
  const litert = await litertEngine();
  const clips = await chooseClips(model, data, {
    cache,
    signal,
    ...(onProgress && { onProgress }),
    ...(nameChoice && { nameChoice }),
  });
  const view = { ...model.card.input, fps: model.card.fps };
  const { usable, failures } = await cache.fill([...clips.calibration, ...clips.compared], view, {
    signal,
    onClip: ({ done, total }) => onProgress?.("decoding", done, total),
  });
  const isUsable = new Set(usable);
  const calibration = clips.calibration.filter((sample) => isUsable.has(sample));
  const compared = clips.compared.filter((sample) => isUsable.has(sample));
  if (compared.length < 2) {
    const problem = `${compared.length} of its clips are left to compare on, but at least 2 are needed`;
    throw datasetError("E_DATASET_CLIP", data, problem, "Add clips of other people or places");
  }
  const read = readerOf(cache, view, data, signal);
  const found = await observe(calibration, true);
  if (found.frames < fewestFrames) {
    const problem = `its ${calibration.length} calibration clips have ${found.frames} frames, but ${fewestFrames} are needed`;
    throw datasetError("E_DATASET_EMPTY", data, problem, "Add clips, or longer ones");
  }
  const emit = (method: RangeMethod, receipt?: string) =>
    emitTflite({ ...model, integers: { ranges: found.ranges(method), floats: [] } }, { form, dtype: "int8", receipt });

  const tried = calibration.slice(0, triedClips);
  const total = (1 + rangeMethods.length) * tried.length + 3 * compared.length;
  let done = 0;
  const answer = (program: Program, samples: readonly Sample[]) =>
    answersOf(program, samples, read, () => onProgress?.("comparing", ++done, total));
  const answerFile = async (bytes: Uint8Array, samples: readonly Sample[]) => {
    const program = await Program.open(bytes, options.name, litert, { labels: model.card.labels });
    return answer(program, samples).finally(() => program[Symbol.asyncDispose]());
  };
  const source = Program.prepare(model, engine);
  try {
    const method = await bestMethod();
    const bytes = emit(method);
    const before = await answer(source, compared);
    const floats = await answerFile(emitTflite(model, { form }), compared);
    const after = await answerFile(bytes, compared);
    const seen = await observe(compared.slice(0, auditedClips), false);
    const receipt: QuantizationReceipt = {
      type: "receipt",
      source: { name: options.name, runtime: engine.name },
      result: { format: "tflite", form, dtype: "int8", runtime: litert.name, bytes: bytes.length },
      calibration: { clips: calibration.length, frames: found.frames, method },
      judged: clips.judged,
      ...judge(before.answers, after.answers, {
        output: model.card.output,
        maxDrop,
        found: auditFile(bytes, model, seen),
      }),
      latency: { float32: floats.milliseconds, int8: after.milliseconds },
    };
    const lost = failures.length === 0 ? [] : [`${failures.length} clips could not be read.`];
    return { bytes: emit(method, JSON.stringify(receipt)), receipt, warnings: [...clips.warnings, ...lost] };
  } finally {
    await source[Symbol.asyncDispose]();
  }

  async function observe(samples: readonly Sample[], calibrating: boolean): Promise<Calibration> {
    let begun = 0;
    function* streams() {
      for (const sample of samples) {
        onProgress?.(calibrating ? "calibrating" : "checking", begun++, samples.length);
        yield read(sample, calibrating);
      }
    }
    return calibrate(model, engine, streams()).catch((error: unknown) => {
      throw error instanceof RangeError ? refuse(model, error.message, "Train it again, or use another model") : error;
    });
  }

  /** The way to choose ranges that keeps the most answers on clips of the calibration. */
  async function bestMethod(): Promise<RangeMethod> {
    const { answers } = await answer(source, tried);
    let best: { readonly same: number; readonly method: RangeMethod } = { same: -1, method: "minmax" };
    for (const method of rangeMethods) {
      const given = await answerFile(emit(method), tried);
      const { same } = countAnswers(answers, given.answers, model.card.output);
      if (same > best.same) best = { same, method };
    }
    return best.method;
  }
}

function refuse({ card }: Model, problem: string, remedy: string): ModelError {
  return new ModelError({ code: "E_MODEL_EXPORT", subject: card.name, problem, remedy });
}

import { ModelError } from "../common/errors.ts";
import type { ClipCache } from "../data/clip-cache.node.ts";
import type { Engine } from "../engines/engine.ts";
import { litertEngine } from "../engines/litert/litert.node.ts";
import type { Model } from "../model/model.ts";
import { rasterize } from "../plot/raster.node.ts";
import { renderFile } from "../plot/svg.ts";
import { Program } from "../session/program.ts";
import { type NameChoice, plainName } from "../train/recipe.ts";
import { answersOf } from "./answers.ts";
import { type Candidate, type FileMode, fileModes } from "./candidate.ts";
import { candidatesOf } from "./choose.node.ts";
import { examine } from "./examine.node.ts";
import { openMaterial } from "./material.node.ts";
import { drawNoise } from "./noise-chart.ts";
import { type QuantizationReceipt, type Rejection, slowness } from "./receipt.ts";
import { openFloat32, type QuantizeStage, type Trial, writeCandidate } from "./trial.node.ts";

export interface QuantizeOptions {
  /** A dataset: a folder or a manifest. */
  readonly data: string;
  /** Default `auto`: the first mode whose file passes and is at least as fast as float32. */
  readonly mode?: FileMode | "auto" | undefined;
  /** Default `step`. */
  readonly form?: "step" | "official" | undefined;
  /** Points of accuracy, in percent, that the file may lose. Default 1. */
  readonly maxDrop?: number | undefined;
  /** Draws the noise of the layers. */
  readonly plot?: "svg" | "png" | undefined;
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
  readonly plot: string | Uint8Array | null;
  /** Caveats, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Makes a small TFLite file of a stream model, with ranges from one part of a dataset's clips, and compares the written bytes,
 * in LiteRT.js's kernels, with the model on the others. A receipt that fails does not throw. Throws {@link ModelError}
 * (`E_MODEL_EXPORT`) for a model without such a form or with numbers that are not finite, {@link DatasetError} for clips that
 * do not serve, `E_DEPENDENCY_MISSING` without LiteRT.js.
 */
export async function quantizeModel(given: Model, options: QuantizeOptions): Promise<Quantized> {
  const { data, mode = "auto", form = "step", maxDrop = 1, engine, cache, name, signal } = options;
  const { onProgress = () => {}, nameChoice = plainName } = options;
  if (given.spec.mode === "base")
    throw refuse(given, "it takes whole clips, and only stream models have an int8 form", "Use a stream model");
  for (const [tensor, { data }] of given.weights) {
    if (data.every(Number.isFinite)) continue;
    throw refuse(
      given,
      `its weights ${tensor} have numbers that are not finite`,
      "Train it again, or use another model",
    );
  }
  const { integers, ...floats } = given;
  // What the file reaches is in the receipt.
  const model: Model = { ...floats, card: { ...given.card, accuracy: null } };
  const litert = await litertEngine();
  const clips = await openMaterial(model, data, { cache, signal, onProgress, nameChoice });
  const trial: Trial = { model, name, form, maxDrop, clips, engine, litert, onProgress };
  const source = Program.prepare(model, engine);
  const float32 = await openFloat32(trial);
  try {
    const { candidate, receipt } = await firstThatServes(trial, mode, { source, float32, nameChoice });
    const slow = slowness(receipt);
    return {
      bytes: writeCandidate(trial, candidate, JSON.stringify(receipt)),
      receipt,
      plot: options.plot === undefined ? null : await drawn(receipt, options.plot),
      warnings: [
        ...clips.warnings,
        ...(integers
          ? [`${name} is int8 already: this compares with its dequantized weights, which answer otherwise.`]
          : []),
        ...(receipt.calibration ? clips.rangeWarnings : []),
        ...(slow === null ? [] : [`The file is slow here: ${slow}.`]),
      ],
    };
  } finally {
    for (const program of [source, float32]) await program[Symbol.asyncDispose]();
  }
}

interface Examined {
  readonly candidate: Candidate;
  readonly receipt: QuantizationReceipt;
}

/** The given mode, or the first whose file passes and is at least as fast as float32; the last one in any case. */
async function firstThatServes(
  trial: Trial,
  mode: FileMode | "auto",
  { source, float32, nameChoice }: { source: Program; float32: Program; nameChoice: NameChoice },
): Promise<Examined> {
  const { clips, onProgress } = trial;
  let done = 0;
  const report = () => onProgress("comparing", ++done, clips.compared.length);
  const before = await answersOf(source, clips.compared, clips.read, report);
  const candidateOf = candidatesOf(trial, float32);
  const rejected: Rejection[] = [];

  async function attempt(tried: FileMode): Promise<Examined> {
    const candidate = await candidateOf(tried);
    return { candidate, receipt: await examine(trial, candidate, { before, float32, rejected }) };
  }
  let isSlow = false;
  for (const tried of mode === "auto" ? fileModes.slice(0, -1) : []) {
    // What is slow as a whole is not fast in part.
    if (tried === "mixed" && isSlow) {
      rejected.push({ mode: tried, problem: "not tried, because int8 is slow here" });
      continue;
    }
    try {
      const examined = await attempt(tried);
      const slow = slowness(examined.receipt);
      isSlow = slow !== null;
      const problems = [...examined.receipt.problems.slice(0, 1), ...(slow === null ? [] : [slow])];
      if (problems.length === 0) return examined;
      rejected.push({ mode: tried, problem: problems.join("; ") });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      rejected.push({ mode: tried, problem: error.message });
    }
  }
  try {
    return await attempt(mode === "auto" ? "float16" : mode);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw refuse(trial.model, error.message, `Train it again, or use ${nameChoice("mode", "dynamic")}`);
  }
}

async function drawn({ layers, mode, calibration }: QuantizationReceipt, format: "svg" | "png") {
  const svg = renderFile(drawNoise(layers, `Signal to noise of ${mode}, layer by layer`, calibration?.floats));
  return format === "svg" ? svg : (await rasterize(svg, 2, () => {})).asPng();
}

function refuse({ card }: Model, problem: string, remedy: string): ModelError {
  return new ModelError({ code: "E_MODEL_EXPORT", subject: card.name, problem, remedy });
}

/** What all candidates for a model share. */
import type { Sample } from "../data/dataset.ts";
import type { Engine } from "../engines/engine.ts";
import { emitTflite } from "../formats/tflite/write/emit.ts";
import type { Model } from "../model/model.ts";
import { Program } from "../session/program.ts";
import { type Calibration, calibrate } from "./calibrate.ts";
import { type Candidate, precisionOf } from "./candidate.ts";
import type { Material } from "./material.node.ts";

export type QuantizeStage = "reading" | "decoding" | "calibrating" | "choosing" | "sweeping" | "comparing" | "checking";

export interface Trial {
  readonly model: Model;
  readonly name: string;
  readonly form: "step" | "official";
  readonly maxDrop: number;
  readonly clips: Material;
  /** Runs the model itself. */
  readonly engine: Engine;
  /** Runs files. */
  readonly litert: Engine;
  readonly onProgress: (stage: QuantizeStage, done: number, total: number) => void;
}

export function writeCandidate({ model, form }: Trial, { mode, chosen }: Candidate, receipt?: string): Uint8Array {
  const written = { ...model, ...(chosen && { integers: chosen.integers }) };
  return emitTflite(written, { form, dtype: precisionOf[mode], receipt });
}

/** The model's own file in float32, with which the others are compared. */
export function openFloat32(trial: Trial): Promise<Program> {
  return openBytes(trial, emitTflite(trial.model, { form: trial.form }));
}

export function openBytes({ name, litert, model }: Trial, bytes: Uint8Array): Promise<Program> {
  return Program.open(bytes, name, litert, { labels: model.card.labels });
}

/** Values of the model on clips. Throws a `RangeError` if some are not finite. */
export function observe(
  { model, engine, clips, onProgress }: Trial,
  samples: readonly Sample[],
  stage: "calibrating" | "checking",
): Promise<Calibration> {
  let begun = 0;
  function* streams() {
    for (const sample of samples) {
      onProgress(stage, begun++, samples.length);
      yield clips.read(sample, stage === "calibrating");
    }
  }
  return calibrate(model, engine, streams());
}

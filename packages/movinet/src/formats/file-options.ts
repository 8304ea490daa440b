import { ModelError } from "../common/errors.ts";
import type { ExportFacts } from "../model/metadata.ts";
import type { Model } from "../model/model.ts";

/** Options for writing a model file. */
export interface FileOptions<Form extends string, Precision extends string> {
  /** Default: `step` for stream models, `clip` for base models, which have no other form. */
  readonly form?: Form | undefined;
  /** Default `float32`. */
  readonly dtype?: Precision | undefined;
  /** Frames of a `clip`; default: those of the model's card. */
  readonly frames?: number | undefined;
  /** JSON stored in the file's metadata as `movinet.receipt`: the result of verifying the file. */
  readonly receipt?: string | undefined;
}

/** Throws {@link ModelError} (`E_MODEL_EXPORT`) if a model has no such form: only `clip` suits every network. */
export function chooseFile<Form extends string, Precision extends string>(
  { spec, card }: Model,
  format: "ONNX" | "TFLite",
  options: FileOptions<Form | "step" | "clip", Precision | "float32">,
): ExportFacts<Form | "step" | "clip", Precision | "float32"> {
  const { form = spec.mode === "base" ? "clip" : "step", dtype = "float32" } = options;
  const frames = form === "clip" ? (options.frames ?? card.frames) : 1;
  const refuse = (problem: string, remedy: string) =>
    new ModelError({ code: "E_MODEL_EXPORT", subject: card.name, problem, remedy });
  const article = format === "ONNX" ? "an" : "a";
  if (form !== "clip" && spec.mode === "base") {
    throw refuse(`a base model takes whole clips, so it has no ${format} ${form} form`, "Use the clip form");
  }
  if (frames === null || !Number.isInteger(frames) || frames < 1) {
    throw refuse(
      `${article} ${format} file in the clip form needs a number of frames`,
      "Set the number of frames to an integer ≥ 1, or use the step form",
    );
  }
  return { form, dtype, frames };
}

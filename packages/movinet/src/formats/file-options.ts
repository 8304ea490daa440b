import { ModelError } from "../common/errors.ts";
import type { ExportFacts } from "../model/metadata.ts";
import type { Model } from "../model/model.ts";

/** What may be chosen of a file that a model is written as. */
export interface FileOptions<Form extends string, Precision extends string> {
  /** Default: `step` for stream models, `clip` for base models, which have no other. */
  readonly form?: Form | undefined;
  /** Default `float32`. */
  readonly dtype?: Precision | undefined;
  /** Frames of a `clip`; default: those of the model's card. */
  readonly frames?: number | undefined;
  /** JSON that is kept in the file's metadata as `movinet.receipt`: what was found when the file was compared. */
  readonly receipt?: string | undefined;
}

/** Throws {@link ModelError} (`E_MODEL_EXPORT`) where a model has no file of a form: only a clip suits every network. */
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
    throw refuse(`a base model sees whole clips, so it has no ${format} file of the form ${form}`, "Use the form clip");
  }
  if (frames === null || !Number.isInteger(frames) || frames < 1) {
    throw refuse(
      `${article} ${format} file of the form clip needs its number of frames`,
      "Give a whole number of frames of 1 or more, or use the form step",
    );
  }
  return { form, dtype, frames };
}

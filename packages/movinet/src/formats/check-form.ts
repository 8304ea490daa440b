import { ModelError } from "../common/errors.ts";
import type { Model } from "../model/model.ts";

/** Throws {@link ModelError} (`E_MODEL_EXPORT`) where a model has no file of a form: only a clip suits every network. */
export function checkForm(
  { spec, card }: Model,
  format: "ONNX" | "TFLite",
  form: string,
  frames: number | null,
): asserts frames is number {
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
}

import { ModelError } from "../../../common/errors.ts";

/** The error for a file that is no readable TFLite file, or not one of a MoViNet. */
export function refuse(subject: string, problem: string, cause?: unknown): ModelError {
  return new ModelError({
    code: "E_MODEL_FORMAT",
    subject,
    problem,
    remedy:
      "Use a TFLite file of a MoViNet stream model (A0 to A5, T0) as the official export tool writes it, and check that it was copied whole",
    cause,
  });
}

import type { Fit } from "movinet";
import { choice, text } from "./options.ts";

/** `--fit` of commands that look at videos. */
export const fitOption = choice(
  "How a picture becomes the network's input: crop, squash or pad (default: as the model was trained)",
  ["crop", "squash", "pad"] as const satisfies readonly Fit[],
);

export const deviceOption = text("What computes: cpu, or another device of ONNX Runtime", { default: "cpu" });

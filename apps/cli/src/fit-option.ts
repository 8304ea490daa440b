import type { Fit } from "movinet";
import { parseChoice } from "./usage.ts";

const fits = ["crop", "squash", "pad"] as const satisfies readonly Fit[];

/** The option `--fit` of commands that look at videos. */
export const fitOption = {
  type: "string",
  description: "How a picture becomes the network's input: crop, squash or pad (default: as the model was trained)",
  valueHint: fits.join("|"),
} as const;

/** Throws a usage error for what is no fit. */
export function parseFit(given: string | undefined): Fit | undefined {
  return given === undefined ? undefined : parseChoice("fit", given, fits);
}

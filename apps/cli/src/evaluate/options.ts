import {
  argument,
  choice,
  datasetText,
  deviceOption,
  fitOption,
  flag,
  group,
  labelsText,
  modelText,
  notWith,
  orNull,
  otherwise,
  short,
  text,
  threads,
  type ValuesOf,
} from "../options.ts";
import { UsageError } from "../usage.ts";

export const evaluateOptions = {
  model: argument(modelText),
  dataset: argument(datasetText),
  ...group("Evaluation", {
    split: otherwise(
      "the dataset's test, else validation clips, else all",
      orNull(
        choice("Clips to evaluate: test, validation, train or all", ["test", "validation", "train", "all"], "part"),
      ),
    ),
    labels: otherwise("the model's own", text(labelsText, "file")),
    fit: fitOption,
    device: deviceOption,
    threads: otherwise("CPU cores, at most 4; 1 with wasm", threads("Threads of the network")),
  }),
  ...group("Output", {
    out: short("o", text("Write a report into this folder (default with --compare: runs/compare-1, 2, …)", "folder")),
    csv: flag("Print comma-separated values, one row per clip; the totals go to stderr"),
  }),
  ...group("Comparison", {
    compare: flag("Compare with a base and a frame-by-frame network trained on the other clips"),
    base: text("Use this trained base network instead of training one", "model"),
    frameByFrame: text("Use this trained frame-by-frame network instead of training one", "model"),
  }),
};

/** The settings of `movinet evaluate`. */
export type EvaluateSettings = ValuesOf<typeof evaluateOptions>;

/** Refuses options that do not go together. */
export function checkTogether({ compare, base, frameByFrame, fit, csv }: EvaluateSettings, json: boolean): void {
  if (csv && json) throw notWith("--csv", "--json");
  if (csv && compare) throw notWith("--csv", "--compare, which writes comparison.csv");
  for (const [name, value] of Object.entries({ "--base": base, "--frame-by-frame": frameByFrame })) {
    if (value === undefined || compare) continue;
    throw new UsageError(name, "needs --compare");
  }
  if (fit !== undefined && compare) throw notWith("--fit", "--compare");
}

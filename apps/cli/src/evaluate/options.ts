import { argument, choice, deviceOption, fitOption, flag, text, threads, usually, type ValuesOf } from "../options.ts";
import { UsageError } from "../usage.ts";

export const evaluateOptions = {
  model: argument("A model: a file (.tflite, .safetensors, .onnx, .pt), a SavedModel, a checkpoint, or a name"),
  dataset: argument("A folder with a sub-folder of videos for each class, or a manifest (.csv, .jsonl)"),
  split: usually(
    null,
    choice(
      "Which clips to judge: test, validation, train or all (default: test, else validation, where the dataset names them; else all)",
      ["test", "validation", "train", "all"],
      "part",
    ),
  ),
  labels: text("The model's class names: a file with one a line, or kinetics-600 (default: its own)"),
  out: text("Write the report into this folder (default with --compare: runs/compare-1, 2, …)", "folder"),
  fit: fitOption,
  compare: flag("Train a base network and a frame-by-frame one on the other clips, and set the model beside them"),
  base: text("With --compare: a base network that is trained already", "model"),
  frameByFrame: text("With --compare: a frame-by-frame network that is trained already", "model"),
  device: deviceOption,
  threads: threads("Threads of the network (default: the machine's cores, at most 4)"),
};

/** What `movinet evaluate` was told to do. */
export type EvaluateSettings = ValuesOf<typeof evaluateOptions>;

/** Refuses options that do not go together. */
export function checkTogether({ compare, base, frameByFrame, fit }: EvaluateSettings): void {
  for (const [name, value] of Object.entries({ "--base": base, "--frame-by-frame": frameByFrame })) {
    if (value === undefined || compare) continue;
    throw new UsageError(name, "it is for a comparison", "Give --compare too");
  }
  if (fit === undefined || !compare) return;
  const problem = "--compare looks at clips as the networks were trained";
  throw new UsageError("--fit", problem, "Leave one of the two out");
}

import { basename } from "node:path";
import type { Model } from "movinet";
import { formatBytes, type ModelOptions, ModelSource, writeWhole } from "movinet/files";
import { nameOf } from "movinet/graph";
import { type ConvertOptions, convertModel, exportFormats, type Receipt } from "movinet/train";
import { defineCommand } from "../command.ts";
import { openNamedEngine } from "../engine.ts";
import { checkOutputFiles } from "../files.ts";
import { findNamedModel, openNamedModel } from "../models.ts";
import { argument, choice, count, text } from "../options.ts";
import { renderChecks } from "../tables/receipt.ts";
import { UsageError } from "../usage.ts";
import { planLabels } from "./labels-file.ts";

const formats = Object.keys(exportFormats) as (keyof typeof exportFormats)[];

const convertOptions = {
  in: argument("A model: a file (.safetensors, .tflite, .onnx, .pt), a SavedModel, a checkpoint, or a name"),
  out: argument(
    "The file to write: .tflite, .onnx, .safetensors, .pt (a PyTorch state dict) or .index (a TensorFlow checkpoint)",
  ),
  form: choice(
    "step: one frame, nothing above rank 4; official: Google's signature (.tflite); clip: all frames at once (default: step, of base models clip)",
    ["step", "official", "clip"],
    "form",
  ),
  dtype: choice(
    "Of the weights: float32, float16 or dynamic_int8 (default float32)",
    ["float32", "float16", "dynamic_int8"],
    "dtype",
  ),
  frames: count("Frames of a clip (default: the model's window)", 1, 4096),
  gate: choice(
    "Of weights that cannot tell: what their squeeze-and-excitation ends in (default: as where they come from)",
    ["sigmoid", "hard_sigmoid_a", "hard_sigmoid_b"],
    "gate",
  ),
  "classifier-activation": choice(
    "The same, between the last two layers",
    ["swish", "hard_swish", "relu6"],
    "activation",
  ),
  labels: text("The model's class names: a file with one a line, or kinetics-600 (default: its own)"),
};

/** Writes the file where what it says is what the model says; the exit code is 1 where it is not. */
export const convertCommand = defineCommand({
  name: "convert",
  takes: "it takes a model and a file to write",
  example: "convert runs/train-1/model.safetensors model.tflite",
  options: convertOptions,
  fetches: true,
  json: "The parity receipt as one JSON object on stdout",
  async run({ in: input, out: output, form, dtype, frames, labels, ...options }, context) {
    const { terminal, signal } = context;
    const format = formats.find((name) => output.toLowerCase().endsWith(exportFormats[name].ending));
    if (format === undefined) {
      const endings = formats.map((name) => exportFormats[name].ending);
      throw new UsageError(output, "its ending is that of no format", `Use ${endings.join(", ")}`);
    }
    const { ending, beside: others } = exportFormats[format];
    const pathOf = (other: string) => output.slice(0, -ending.length) + other;
    const source = await ModelSource.at(await findNamedModel(input, context));
    await checkOutputFiles(
      [output, ...others.map(pathOf)],
      [...source.files.map((path) => ({ what: "model", path }) as const), { what: "list of labels", path: labels }],
    );
    const told = { gate: options.gate, classifierActivation: options["classifier-activation"] };
    const model = await openNamedModel(input, { ...context, labels, told });
    refuseOther(model, input, told);
    refuseIdle(model, output, { format, form, frames });
    const labelsFile = await planLabels(output, model.card.labels);
    if (!terminal.json) terminal.note(`${input}: ${describe(model)}`);
    const progress = terminal.progress();
    const onProgress = (done: number, total: number) =>
      progress.update({ done, total, label: "comparing", detail: `${done} of ${total} ways` });
    const { bytes, beside, receipt, warnings } = await convertModel(model, {
      format,
      form,
      dtype,
      frames,
      name: basename(input),
      resultName: basename(output),
      engine: await openNamedEngine({}, terminal),
      signal,
      onProgress,
    }).finally(() => progress.stop());
    // A checkpoint is there when its index is, which comes last.
    const files = [
      ...[...beside].map(([other, content]) => [pathOf(other), content] as const),
      [output, bytes] as const,
    ];
    if (receipt.pass) {
      for (const [path, content] of files) await writeWhole(path, content);
      await labelsFile?.write();
    }
    const size = files.reduce((sum, [, content]) => sum + content.length, 0);
    const written = receipt.pass
      ? { file: output, labelsFile: labelsFile?.path ?? null }
      : { file: null, labelsFile: null };
    const result = { ...receipt, ...written, bytes: size };
    terminal.result(terminal.json ? JSON.stringify(result) : renderReceipt(output, size, receipt, written.labelsFile));
    for (const warning of receipt.pass ? warnings : []) terminal.warn(`movinet: ${output}: warning: ${warning}.`);
    if (receipt.pass) return 0;
    const reason = receipt.problem === null ? `it differs too much from ${input}` : `the comparison proves nothing`;
    terminal.warn(`movinet: ${output}: ${reason}. Nothing was written.`);
    return receipt.checks.length === 0 ? 2 : 1;
  },
});

/** Refuses to say of a network what its file says otherwise. */
function refuseOther({ spec }: Model, input: string, told: NonNullable<ModelOptions["told"]>): void {
  const options = { gate: "--gate", classifierActivation: "--classifier-activation" } as const;
  for (const [name, option] of Object.entries(options) as ["gate" | "classifierActivation", string][]) {
    if (told[name] === undefined || told[name] === spec[name]) continue;
    throw new UsageError(option, `${input} tells that it is ${spec[name]}`, "Leave it out");
  }
}

/** Refuses options that would change nothing. */
function refuseIdle(
  { spec }: Model,
  output: string,
  { format, form, frames }: Pick<ConvertOptions, "format" | "form" | "frames">,
): void {
  if (exportFormats[format].holds === "weights" && form !== undefined) {
    throw new UsageError(
      "--form",
      `${output} holds the network in no form`,
      "Leave it out, or write a .tflite or .onnx",
    );
  }
  const window =
    exportFormats[format].holds === "network" && (form ?? (spec.mode === "base" ? "clip" : "step")) === "clip";
  if (frames === undefined || window) return;
  const what =
    exportFormats[format].holds === "weights"
      ? `${output} has no window`
      : `the form ${form ?? "step"} takes one frame at a time`;
  throw new UsageError("--frames", what, "Leave it out, or give --form clip");
}

function describe({ spec, card }: Model): string {
  const { height, width } = spec.resolution;
  const labels = card.labels === null ? "no labels" : "with labels";
  return `${nameOf(spec)}, ${spec.classes} classes (${labels}), ${height}×${width} at ${card.fps} a second`;
}

function renderReceipt(output: string, bytes: number, receipt: Receipt, labelsFile: string | null): string {
  const { format, form, dtype } = receipt.result;
  const what = [format, form, dtype].filter(Boolean).join(", ");
  const labels = labelsFile === null ? [] : [`${labelsFile}: its labels, one a line`];
  return [`${output}: ${what}, ${formatBytes(bytes)}`, ...labels, "", ...renderChecks(receipt)].join("\n");
}

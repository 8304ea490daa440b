import { basename, extname } from "node:path";
import type { Model } from "movinet";
import { formatBytes, type ModelOptions, ModelSource, writeWhole } from "movinet/files";
import { nameOf } from "movinet/graph";
import { convertModel, exportFormats, type Receipt } from "movinet/train";
import { defineCommand } from "../command.ts";
import { openNamedEngine } from "../engine.ts";
import { checkOutputFiles } from "../files.ts";
import { findNamedModel, openNamedModel } from "../models.ts";
import { argument, choice, count, group, labelsText, modelText, otherwise, text } from "../options.ts";
import { renderChecks } from "../tables/receipt.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../usage.ts";
import { planLabels } from "./labels-file.ts";

type ConvertOptions = Parameters<typeof convertModel>[1];

const formats = Object.keys(exportFormats) as (keyof typeof exportFormats)[];

const convertOptions = {
  in: argument(modelText),
  out: argument(
    "File to write: .tflite, .onnx, .safetensors, .pt (PyTorch state dict) or .index (TensorFlow checkpoint)",
  ),
  ...group("Output", {
    form: otherwise(
      "step; clip for base models",
      choice(
        "step: one frame per call, tensors of rank 4 at most; official: Google's signature (.tflite); clip: all frames in one call",
        ["step", "official", "clip"],
      ),
    ),
    dtype: otherwise(
      "float32; int8 for quantized models",
      choice(
        "Type of the weights: float32, float16 or dynamic_int8 (.tflite); int8: all arithmetic, of quantized models",
        ["float32", "float16", "dynamic_int8", "int8"],
        "type",
      ),
    ),
    frames: otherwise("the model's window", count("Frames of a clip", 1, 4096)),
    labels: otherwise("the model's own", text(labelsText, "file")),
  }),
  ...group("For weights whose file does not describe the network", {
    gate: otherwise(
      "as at their origin",
      choice(
        "Gate of squeeze-and-excitation: sigmoid, hard_sigmoid_a or hard_sigmoid_b",
        ["sigmoid", "hard_sigmoid_a", "hard_sigmoid_b"],
        "gate",
      ),
    ),
    classifierActivation: otherwise(
      "as at their origin",
      choice(
        "Activation between the last two layers: swish, hard_swish or relu6",
        ["swish", "hard_swish", "relu6"],
        "name",
      ),
    ),
  }),
};

/** Writes the file if its answers are the model's; else the exit code is 1. */
export const convertCommand = defineCommand({
  name: "convert",
  examples: [
    "convert runs/train-1/model.safetensors model.tflite",
    "convert runs/train-1/model.safetensors model.onnx --dtype float16",
    "convert small.tflite small.onnx",
  ],
  options: convertOptions,
  fetches: true,
  json: "Print the comparison as one JSON object",
  async run({ in: input, out: output, form, dtype, frames, labels, ...options }, context) {
    const { terminal, signal } = context;
    const format = formats.find((name) => output.toLowerCase().endsWith(exportFormats[name].ending));
    if (format === undefined) {
      const endings = formats.map((name) => exportFormats[name].ending);
      const problem = `unknown format ${JSON.stringify(extname(output))}`;
      throw new UsageError(output, problem, `Use ${endings.join(", ")}`);
    }
    const { ending, beside: others } = exportFormats[format];
    const pathOf = (other: string) => output.slice(0, -ending.length) + other;
    const source = await ModelSource.at(await findNamedModel(input, context));
    await checkOutputFiles(
      [output, ...others.map(pathOf)],
      [...source.files.map((path) => ({ what: "model", path }) as const), { what: "list of labels", path: labels }],
    );
    const told = { gate: options.gate, classifierActivation: options.classifierActivation };
    const model = await openNamedModel(input, { ...context, labels, told });
    refuseOther(model, input, told);
    refuseIdle(model, output, { format, form, frames });
    const labelsFile = await planLabels(output, model.card.labels);
    if (!terminal.json) terminal.note(`${input}: ${describe(model)}`);
    const progress = terminal.progress();
    const onProgress = (done: number, total: number) =>
      progress.update({ done, total, label: "comparing", detail: `${done} of ${total} runs` });
    const { bytes, beside, receipt, warnings } = await convertModel(model, {
      format,
      form,
      dtype,
      frames,
      name: basename(input),
      resultName: basename(output),
      engine: await openNamedEngine({}, terminal),
      original: model.integers ? tfliteOf(await source.read({ signal })) : undefined,
      signal,
      onProgress,
    }).finally(() => progress.stop());
    // A checkpoint exists once its index does, which comes last.
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
    terminal.result(
      terminal.json ? JSON.stringify(result) : renderReceipt(output, size, receipt, written.labelsFile, terminal),
    );
    for (const warning of receipt.pass ? warnings : []) terminal.warn(`movinet: ${output}: warning: ${warning}.`);
    if (receipt.pass) return 0;
    const reason = receipt.problem === null ? `differs too much from ${input}` : "the comparison is inconclusive";
    terminal.warn(`movinet: ${output}: ${reason}. Nothing was written.`);
    return receipt.checks.length === 0 ? 2 : 1;
  },
});

/** The bytes of a TFLite file; undefined for others. */
function tfliteOf(read: Uint8Array | Model): Uint8Array | undefined {
  const isTflite = read instanceof Uint8Array && new TextDecoder().decode(read.subarray(4, 8)) === "TFL3";
  return isTflite ? read : undefined;
}

/** Refuses what contradicts the file's own description of its network. */
function refuseOther({ spec }: Model, input: string, told: NonNullable<ModelOptions["told"]>): void {
  const options = { gate: "--gate", classifierActivation: "--classifier-activation" } as const;
  for (const [name, option] of Object.entries(options) as ["gate" | "classifierActivation", string][]) {
    if (told[name] === undefined || told[name] === spec[name]) continue;
    throw new UsageError(option, `contradicts ${input}, which has ${spec[name]}`);
  }
}

/** Refuses options that would change nothing. */
function refuseIdle(
  { spec }: Model,
  output: string,
  { format, form, frames }: Pick<ConvertOptions, "format" | "form" | "frames">,
): void {
  if (exportFormats[format].holds === "weights" && form !== undefined) {
    throw new UsageError("--form", `does not apply to ${output}, which holds weights only`, "Write a .tflite or .onnx");
  }
  const window =
    exportFormats[format].holds === "network" && (form ?? (spec.mode === "base" ? "clip" : "step")) === "clip";
  if (frames === undefined || window) return;
  if (exportFormats[format].holds === "weights") {
    throw new UsageError(
      "--frames",
      `does not apply to ${output}, which holds weights only`,
      "Write a .tflite or .onnx",
    );
  }
  throw new UsageError(
    "--frames",
    `does not apply to the form ${form ?? "step"}, one frame per call`,
    "Use --form clip",
  );
}

function describe({ spec, card }: Model): string {
  const { height, width } = spec.resolution;
  const labels = card.labels === null ? "no labels" : "with labels";
  return `${nameOf(spec)}, ${spec.classes} classes (${labels}), ${height}×${width} at ${card.fps} fps`;
}

function renderReceipt(
  output: string,
  bytes: number,
  receipt: Receipt,
  labelsFile: string | null,
  terminal: Terminal,
): string {
  const { format, form, dtype } = receipt.result;
  const what = [format, form, dtype].filter(Boolean).join(", ");
  const labels = labelsFile === null ? [] : [`${labelsFile}: its labels, one per line`];
  return [`${output}: ${what}, ${formatBytes(bytes)}`, ...labels, "", ...renderChecks(receipt, terminal)].join("\n");
}

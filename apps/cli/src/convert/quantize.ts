import { basename } from "node:path";
import { ModelSource, writeWhole } from "movinet/files";
import { ClipCache, quantizeModel } from "movinet/train";
import { defineCommand } from "../command.ts";
import { openNamedEngine } from "../engine.ts";
import { checkOutputFiles } from "../files.ts";
import { findNamedModel, openNamedModel } from "../models.ts";
import {
  argument,
  choice,
  flag,
  labelsText,
  modelText,
  optionText,
  otherwise,
  plotOption,
  positive,
  text,
  usually,
} from "../options.ts";
import { StageProgress } from "../stage-progress.ts";
import { renderQuantization } from "../tables/quantization.ts";
import { UsageError } from "../usage.ts";
import { planLabels } from "./labels-file.ts";

/** What is counted in a stage. */
const units: Readonly<Record<string, string>> = { reading: "files", choosing: "trials", sweeping: "layers" };

/** Writes the file if its receipt passes; else the exit code is 1. */
export const quantizeCommand = defineCommand({
  name: "quantize",
  examples: [
    "quantize runs/train-1/model.safetensors small.tflite --data clips/",
    "quantize runs/train-1/model.safetensors small.tflite --data clips/ --mode int8 --plot noise.svg",
  ],
  options: {
    in: argument(modelText),
    out: argument("File to write: .tflite"),
    data: text("Clips, some for calibration, the others for the comparison: a folder or a manifest", "dataset"),
    mode: usually(
      "auto",
      choice(
        "int8: all that can be; mixed: the most sensitive layers compute with floats; dynamic: only weights are int8; float16; auto: the first of these that keeps the answers and is not slower than float32",
        ["auto", "int8", "mixed", "dynamic", "float16"],
        "mode",
      ),
    ),
    maxDrop: usually(1, positive("Points of accuracy, in percent, that the file may lose", 100)),
    form: otherwise("step", choice("step: one frame per call; official: Google's signature", ["step", "official"])),
    labels: otherwise("the model's own", text(labelsText, "file")),
    plot: plotOption("Plot the noise of each layer as .svg or .png"),
    force: flag("Write the file even if it loses more"),
  },
  fetches: true,
  json: "Print the receipt as one JSON object",
  async run({ in: input, out: output, data, mode, maxDrop, form, labels, plot, force }, context) {
    const { terminal, signal } = context;
    if (data === undefined)
      throw new UsageError("--data", "is required", "Pass a folder of clips or a manifest, such as --data clips/");
    if (!/\.tflite$/i.test(output)) throw new UsageError(output, "int8 models are TFLite files", "Use .tflite");
    const source = await ModelSource.at(await findNamedModel(input, context));
    await checkOutputFiles(
      [output, plot],
      [...source.files.map((path) => ({ what: "model", path }) as const), { what: "list of labels", path: labels }],
    );
    const model = await openNamedModel(input, { ...context, labels });
    const labelsFile = await planLabels(output, model.card.labels);
    const engine = await openNamedEngine({}, terminal);
    const cache = new ClipCache();
    const stages = new StageProgress(terminal);
    try {
      const made = await quantizeModel(model, {
        data,
        mode,
        form,
        maxDrop,
        plot: plot === undefined ? undefined : /\.svg$/i.test(plot) ? "svg" : "png",
        engine,
        cache,
        name: basename(input),
        signal,
        onProgress: (stage, done, total) => stages.update(stage, done, total, "", units[stage] ?? "clips"),
        nameChoice: optionText,
      }).finally(() => stages.stop());
      const receipt = { ...made.receipt, bytes: made.bytes.length };
      const isWritten = receipt.pass || force;
      if (isWritten) {
        await writeWhole(output, made.bytes);
        await labelsFile?.write();
      }
      if (plot !== undefined && made.plot !== null) await writeWhole(plot, made.plot);
      const files = isWritten
        ? { file: output, labelsFile: labelsFile?.path ?? null }
        : { file: null, labelsFile: null };
      terminal.result(
        terminal.json
          ? JSON.stringify({ ...receipt, ...files })
          : renderQuantization(output, receipt, terminal).join("\n"),
      );
      for (const warning of made.warnings) terminal.warning(warning);
      for (const problem of receipt.problems) terminal.warn(`movinet: ${output}: ${problem}.`);
      if (receipt.pass) return 0;
      const auto = mode === "auto" ? "" : "--mode auto, ";
      terminal.warn(
        force
          ? `movinet: ${output}: the receipt fails; it was written because of --force.`
          : `movinet: ${output}: the receipt fails, so it was not written. Use ${auto}more clips, or --force.`,
      );
      return 1;
    } finally {
      await cache[Symbol.asyncDispose]();
    }
  },
});

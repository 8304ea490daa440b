import { basename } from "node:path";
import { formatBytes, ModelSource, writeWhole } from "movinet/files";
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
  positive,
  text,
  usually,
} from "../options.ts";
import { StageProgress } from "../stage-progress.ts";
import { columnsOf, counted, tableLines, wrap } from "../tables/text.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../usage.ts";
import { planLabels } from "./labels-file.ts";

type QuantizationReceipt = Awaited<ReturnType<typeof quantizeModel>>["receipt"];

/** Writes the file if its receipt passes; else the exit code is 1. */
export const quantizeCommand = defineCommand({
  name: "quantize",
  examples: [
    "quantize runs/train-1/model.safetensors small.tflite --data clips/",
    "quantize runs/train-1/model.safetensors small.tflite --data clips/ --form official",
  ],
  options: {
    in: argument(modelText),
    out: argument("File to write: .tflite"),
    data: text("Clips, some for calibration, the others for the comparison: a folder or a manifest", "dataset"),
    maxDrop: usually(1, positive("Points of accuracy, in percent, that the file may lose", 100)),
    form: otherwise("step", choice("step: one frame per call; official: Google's signature", ["step", "official"])),
    labels: otherwise("the model's own", text(labelsText, "file")),
    force: flag("Write the file even if it loses more"),
  },
  fetches: true,
  json: "Print the receipt as one JSON object",
  async run({ in: input, out: output, data, maxDrop, form, labels, force }, context) {
    const { terminal, signal } = context;
    if (data === undefined)
      throw new UsageError("--data", "is required", "Pass a folder of clips or a manifest, such as --data clips/");
    if (!/\.tflite$/i.test(output)) throw new UsageError(output, "int8 models are TFLite files", "Use .tflite");
    const source = await ModelSource.at(await findNamedModel(input, context));
    await checkOutputFiles(
      [output],
      [...source.files.map((path) => ({ what: "model", path }) as const), { what: "list of labels", path: labels }],
    );
    const model = await openNamedModel(input, { ...context, labels });
    const labelsFile = await planLabels(output, model.card.labels);
    const engine = await openNamedEngine({}, terminal);
    const cache = new ClipCache();
    const stages = new StageProgress(terminal);
    try {
      const { bytes, receipt, warnings } = await quantizeModel(model, {
        data,
        form,
        maxDrop,
        engine,
        cache,
        name: basename(input),
        signal,
        onProgress: (stage, done, total) =>
          stages.update(stage, done, total, "", stage === "reading" ? "files" : "clips"),
        nameChoice: optionText,
      }).finally(() => stages.stop());
      const isWritten = receipt.pass || force;
      if (isWritten) {
        await writeWhole(output, bytes);
        await labelsFile?.write();
      }
      const files = isWritten
        ? { file: output, labelsFile: labelsFile?.path ?? null }
        : { file: null, labelsFile: null };
      terminal.result(
        terminal.json ? JSON.stringify({ ...receipt, ...files }) : render(output, receipt, terminal).join("\n"),
      );
      for (const warning of warnings) terminal.warning(warning);
      for (const problem of receipt.problems) terminal.warn(`movinet: ${output}: ${problem}.`);
      if (receipt.pass) return 0;
      if (!force)
        terminal.warn(
          `movinet: ${output}: the receipt fails, so nothing was written. Use --dtype float16 with movinet convert, or --force.`,
        );
      return 1;
    } finally {
      await cache[Symbol.asyncDispose]();
    }
  },
});

function render(output: string, receipt: QuantizationReceipt, terminal: Terminal): string[] {
  const { result, calibration, judged, clips, frames, sure, same, rightBefore, rightAfter, control, latency } = receipt;
  const percent = (part: number, whole: number) => (whole === 0 ? "–" : `${((100 * part) / whole).toFixed(1)} %`);
  const rows = [
    ["clips correct", `${rightBefore} of ${clips}`, `${rightAfter} of ${clips}`],
    ["same class, frames the model is sure of", `${sure}`, `${same} (${percent(same, sure)})`],
    ["milliseconds a frame", latency.float32.toFixed(1), latency.int8.toFixed(1)],
  ];
  const sentences = (sentence: string) => wrap(sentence, columnsOf(terminal));
  return [
    `${output}: ${result.form}, int8, ${formatBytes(result.bytes)}`,
    "",
    ...sentences(
      `Calibrated on ${counted(calibration.clips, "clip")} (${calibration.frames} frames, ${calibration.method}), and compared with ${receipt.source.name} on ${judged}: ${clips} of ${frames} frames.`,
    ),
    ...tableLines(["", "float32", "int8"], rows, 1, terminal.room),
    ...sentences(
      `Answers for another clip, wrong on purpose, keep the class of ${percent(control.same, control.sure)} of those frames. Measured in ${result.runtime}.`,
    ),
  ];
}

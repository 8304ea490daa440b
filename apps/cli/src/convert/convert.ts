import { basename } from "node:path";
import { formatBytes, type Model, nameOf, nodeEngine, writeWhole } from "movinet";
import { type ConvertOptions, convertModel, type Receipt } from "movinet/train";
import { checkOutputFiles } from "../check-output.ts";
import { interruptible } from "../interrupt.ts";
import { findNamedModel, openNamedModel } from "../models.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../usage.ts";
import { renderChecks } from "./table.ts";

export interface ConvertSettings extends Pick<ConvertOptions, "format" | "form" | "dtype" | "frames"> {
  readonly input: string;
  readonly output: string;
  readonly labels: string | undefined;
}

/** Writes the file where what it says is what the model says, and returns the exit code: 0, 1 where it is not, 130. */
export function convert(settings: ConvertSettings, terminal: Terminal): Promise<number> {
  const { input, output, labels, ...options } = settings;
  return interruptible(terminal, async (signal) => {
    await checkOutputFiles(
      [output],
      [
        { what: "model", path: await findNamedModel(input) },
        { what: "list of labels", path: labels },
      ],
    );
    const model = await openNamedModel(input, { labels, signal });
    refuseIdle(model, settings);
    if (!terminal.json) terminal.note(`${input}: ${describe(model)}`);
    const progress = terminal.progress();
    const onProgress = (done: number, total: number) =>
      progress.update({ done, total, label: "comparing", detail: `${done} of ${total} ways` });
    const { bytes, receipt } = await convertModel(model, {
      ...options,
      name: basename(input),
      resultName: basename(output),
      backend: await nodeEngine(),
      signal,
      onProgress,
    }).finally(() => progress.stop());
    if (receipt.pass) await writeWhole(output, bytes);
    const result = { ...receipt, file: receipt.pass ? output : null, bytes: bytes.length };
    terminal.result(terminal.json ? JSON.stringify(result) : renderReceipt(output, bytes.length, receipt));
    if (receipt.pass) return 0;
    const reason = receipt.problem === null ? `it differs too much from ${input}` : `the comparison proves nothing`;
    terminal.warn(`movinet: ${output}: ${reason}. Nothing was written.`);
    return receipt.checks.length === 0 ? 2 : 1;
  });
}

/** Refuses options that would change nothing. */
function refuseIdle({ spec }: Model, { output, format, form, frames }: ConvertSettings): void {
  if (format === "safetensors" && form !== undefined) {
    throw new UsageError(
      "--form",
      `${output} holds the network in no form`,
      "Leave it out, or write a .tflite or .onnx",
    );
  }
  const window = format !== "safetensors" && (form ?? (spec.mode === "base" ? "clip" : "step")) === "clip";
  if (frames === undefined || window) return;
  const what =
    format === "safetensors" ? `${output} has no window` : `the form ${form ?? "step"} takes one frame at a time`;
  throw new UsageError("--frames", what, "Leave it out, or give --form clip");
}

function describe({ spec, card }: Model): string {
  const { height, width } = spec.resolution;
  const labels = card.labels === null ? "no labels" : "with labels";
  return `${nameOf(spec)}, ${spec.classes} classes (${labels}), ${height}×${width} at ${card.fps} a second`;
}

function renderReceipt(output: string, bytes: number, receipt: Receipt): string {
  const { format, form, dtype } = receipt.result;
  const what = [format, form, dtype].filter(Boolean).join(", ");
  return [`${output}: ${what}, ${formatBytes(bytes)}`, "", ...renderChecks(receipt)].join("\n");
}

import { formatBytes } from "movinet/files";
import type { quantizeModel } from "movinet/train";
import type { Terminal } from "../terminal.ts";
import { columnsOf, counted, tableLines, wrap } from "./text.ts";

type QuantizationReceipt = Awaited<ReturnType<typeof quantizeModel>>["receipt"];

/** The receipt of a quantized file as lines. */
export function renderQuantization(output: string, receipt: QuantizationReceipt, terminal: Terminal): string[] {
  const { mode, result, calibration, judged, clips, frames, sure, same, rightBefore, rightAfter, control } = receipt;
  const [before, after] = receipt.latency.slice(-2).map(({ milliseconds }) => milliseconds.toFixed(1));
  const rows = [
    ["clips correct", `${rightBefore} of ${clips}`, `${rightAfter} of ${clips}`],
    ["same class, frames the model is sure of", `${sure}`, `${same} (${percent(same, sure)})`],
    [`milliseconds a frame, ${result.runtime}`, before ?? "–", after ?? "–"],
  ];
  const others = receipt.latency.slice(0, -2).map(({ runtime, milliseconds }) => {
    return `${milliseconds.toFixed(1)} ms in ${runtime}`;
  });
  const sentences = (sentence: string) => wrap(sentence, columnsOf(terminal));
  return [
    `${output}: ${result.form}, ${mode}, ${formatBytes(receipt.bytes)}`,
    "",
    ...receipt.rejected.flatMap((rejection) => sentences(`Not ${rejection.mode}: ${rejection.problem}.`)),
    ...(calibration ? sentences(calibrationSentence(calibration)) : []),
    ...sentences(`Compared with ${receipt.source.name} on ${judged}: ${counted(clips, "clip")}, ${frames} frames.`),
    ...tableLines(["", "float32", mode], rows, 1, terminal.room),
    ...sentences(
      `Answers for another clip, wrong on purpose, keep the class of ${percent(control.same, control.sure)} of the frames. The model in float32 takes ${others.join(" and ")}.`,
    ),
  ];
}

function calibrationSentence({
  clips,
  frames,
  method,
  floats,
}: NonNullable<QuantizationReceipt["calibration"]>): string {
  const kept = floats.length === 0 ? "" : ` These layers compute with floats: ${floats.join(", ")}.`;
  return `Calibrated on ${counted(clips, "clip")} (${frames} frames, ${method}).${kept}`;
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "–" : `${((100 * part) / whole).toFixed(1)} %`;
}

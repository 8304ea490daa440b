import { printable } from "../common/printable.ts";
import { percentText, topK } from "./predict.ts";
import type { Segment } from "./segmenter.ts";

export type SubtitleFormat = "vtt" | "srt";

/**
 * Segments as subtitles, one cue each: the most likely class and its probability. WebVTT (W3C) or SubRip.
 *
 * @param labels class names in output order; null shows indexes.
 */
export function renderSubtitles(
  segments: readonly Segment[],
  labels: readonly string[] | null,
  format: SubtitleFormat,
): string {
  const cues = segments.map(({ start, end, scores }, i) => {
    const [best] = topK(scores, labels, 1);
    const text = best ? `${best.label} (${percentText(best.score)})` : "";
    const number = format === "srt" ? `${i + 1}\n` : "";
    return `${number}${timeText(start, format)} --> ${timeText(end, format)}\n${escapeText(text, format)}\n`;
  });
  return `${format === "vtt" ? "WEBVTT\n\n" : ""}${cues.join("\n")}`;
}

function timeText(seconds: number, format: SubtitleFormat): string {
  const ms = Math.round(seconds * 1000);
  const part = (value: number, digits: number) => String(Math.floor(value)).padStart(digits, "0");
  const clock = [part(ms / 3_600_000, 2), part((ms / 60_000) % 60, 2), part((ms / 1000) % 60, 2)].join(":");
  return `${clock}${format === "vtt" ? "." : ","}${part(ms % 1000, 3)}`;
}

/**
 * WebVTT reads `&` and `<` as markup; in both formats a line break ends a line, and `-->` would start a new cue.
 * SubRip has no escapes.
 */
function escapeText(text: string, format: SubtitleFormat): string {
  const line = printable(text).replace(/\s+/g, " ");
  if (format === "srt") return line.replaceAll("-->", "→").replaceAll("<", "‹");
  return line.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

import {
  columnPercents,
  type FamilyComparison,
  familyNames,
  familyVerdict,
  firstAnswerText,
  macsText,
  memoryText,
  percent,
  starText,
} from "movinet/train";
import { columnsOf, counted, painter, tableLines, wrap } from "./text.ts";

type Relation = FamilyComparison["relations"][number];

/** The comparison as lines of at most 80 cells where it can be, without a closing newline. */
export function renderFamily(
  comparison: FamilyComparison,
  { width, color }: { width: number; color: boolean },
): string {
  const { frames, fps, relations } = comparison;
  const clips = relations[0]?.evaluation.clips ?? 0;
  const lengths = relations[0]?.memory.map((point) => point.frames) ?? [];
  const head = ["", "right", "interval", "first answer", "mult–adds", "memory"];
  const columns = columnsOf({ width });
  const star = starText(relations.map(({ evaluation }) => evaluation.top1.interval));
  const notes = [
    "Interval: 95 %. First answer: seconds of video needed, plus the time to compute.",
    `Multiply–adds: per clip of ${frames} frames.`,
    `Memory: peak, for clips of ${lengths[0]} to ${lengths.at(-1)} frames.`,
  ];
  return [
    painter(color)("bold", `${counted(clips, "clip")}, median length ${frames} frames at ${fps} fps`),
    ...familyVerdict(comparison).flatMap((sentence) => wrap(sentence, columns)),
    "",
    ...tableLines(head, relations.map(cellsOf), 1),
    "",
    ...(star === null ? [] : wrap(star, columns)),
    ...wrap(notes.join(" "), columns),
  ].join("\n");
}

function cellsOf({ kind, evaluation: { top1 }, first, clip, memory }: Relation): readonly string[] {
  return [
    familyNames[kind],
    percent(top1.value),
    columnPercents(top1.interval, 1),
    firstAnswerText(first),
    macsText(clip.macs),
    memoryText(memory),
  ];
}

/** A row for each network and length of clip. */
export function familyCsv({ relations, frames }: FamilyComparison): string {
  const head = "network,clips,top1,low,high,framesOfClip,multiplyAdds,clipMs,firstAnswerSeconds,firstAnswerMs";
  const lengths = relations[0]?.memory.map((point) => point.frames) ?? [];
  const rows = relations.map(({ kind, evaluation: { clips, top1 }, clip, first, memory }) =>
    [
      familyNames[kind].replaceAll(",", ""),
      clips,
      top1.value,
      top1.interval.low,
      top1.interval.high,
      frames,
      Math.round(clip.macs),
      clip.ms.toFixed(1),
      first.seconds,
      first.ms.toFixed(2),
      ...memory.map(({ bytes }) => (bytes / 1e6).toFixed(1)),
    ].join(","),
  );
  const memoryHeads = lengths.map((length) => `memoryMb${length}`);
  return `${[[head, ...memoryHeads].join(","), ...rows].join("\n")}\n`;
}

/** The comparison as one line of JSON. */
export function familyLine(
  { model, dataset }: { readonly model: string; readonly dataset: string },
  judged: string,
  { relations, ...clip }: FamilyComparison,
  warnings: readonly string[],
): string {
  const networks = relations.map(({ kind, evaluation, against, ...costs }) => ({
    network: familyNames[kind],
    top1: evaluation.top1.value,
    top1Interval: evaluation.top1.interval,
    clips: evaluation.clips,
    ...costs,
    curve: evaluation.early?.curve ?? null,
    against,
  }));
  return JSON.stringify({ type: "comparison", model, dataset, judged, ...clip, networks, warnings });
}

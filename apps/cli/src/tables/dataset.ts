import type { checkDataset } from "movinet/train";
import { counted, fitText, formatDuration, painter, wrap } from "./text.ts";

type DatasetReport = Awaited<ReturnType<typeof checkDataset>>;
type Finding = DatasetReport["findings"][number];

/** Findings of one sort that are shown; the rest is counted. */
const mostShown = 10;

/**
 * The report as a table of classes and a list of findings. Sentences wrap at `width` cells (from 40 to 80); names take at
 * most `room`.
 */
export function renderReport(
  report: DatasetReport,
  { width, room, color }: { readonly width: number; readonly room: number; readonly color: boolean },
): string {
  const style = { columns: Math.max(40, Math.min(width, 80)), room: Math.max(40, room) };
  const { path, clips, classes, groups, duration, findings } = report;
  const facts = `   ${counted(clips, "clip")}, ${counted(classes.length, "class")}, ${counted(groups, "group")}, ${formatDuration(duration)}`;
  const paint = painter(color);
  const head = paint("bold", fitText(path, style.room - facts.length, "end")) + facts;
  const sections = Map.groupBy(findings, ({ severity, title }) => `${severity} ${title}`);
  const blocks = Array.from(sections.values(), (section) => renderSection(section, style, paint));
  return [head, renderClasses(report, style.room), ...blocks, paint("bold", verdict(findings))].join("\n\n");
}

interface Style {
  readonly columns: number;
  readonly room: number;
}

function renderClasses({ classes }: DatasetReport, most: number): string {
  const numbers = ["clips", "groups"].map((title, i) => {
    const values = classes.map((row) => String(i === 0 ? row.clips : row.groups));
    const cells = Math.max(title.length, ...values.map((value) => value.length));
    return [title, ...values].map((text) => text.padStart(cells));
  });
  const room = most - 2 - numbers.reduce((sum, [title = ""]) => sum + 2 + title.length, 0);
  const names = ["class", ...classes.map(({ label }) => label)].map((name) => fitText(name, room));
  const widest = Math.max(...names.map((name) => name.length));
  return names
    .map((name, i) => `  ${name.padEnd(widest)}${numbers.map((column) => `  ${column[i]}`).join("")}`)
    .join("\n");
}

function renderSection(section: readonly Finding[], style: Style, paint: ReturnType<typeof painter>): string {
  const [{ severity, title, remedy } = section[0] as Finding] = section;
  const [first = "", ...more] = fitted(`${severity}: ${title}. ${remedy}.`, style);
  const named = first.replace(severity, paint(severity === "problem" ? "red" : "yellow", severity));
  const shown = section.slice(0, mostShown).flatMap((finding) => renderFinding(finding, style));
  const hidden = section.length - mostShown;
  return [named, ...more, ...shown, ...(hidden > 0 ? [`  … and ${hidden} more (--json lists all)`] : [])].join("\n");
}

/** A clip with its detail, or clips that belong together, the first in the margin. */
function renderFinding({ samples, detail }: Finding, style: Style): string[] {
  const [first, ...others] = samples;
  if (first === undefined) return fitted(detail ?? "", style, 2).map((line) => `  ${line}`);
  const lines = [
    `  ${fitText(first, style.room - 2, "end")}`,
    ...others.slice(0, mostShown).map((name) => `    ${fitText(name, style.room - 4, "end")}`),
    ...(others.length > mostShown ? [`    … and ${others.length - mostShown} more`] : []),
  ];
  return detail === null ? lines : [...lines, ...fitted(detail, style, 4).map((line) => `    ${line}`)];
}

function fitted(text: string, { columns, room }: Style, indent = 0): string[] {
  return wrap(text, columns - indent).map((line) => fitText(line, room - indent));
}

function verdict(findings: readonly Finding[]): string {
  const problems = findings.filter(({ severity }) => severity === "problem").length;
  const notes = findings.length - problems;
  return `${problems === 0 ? "no problems" : counted(problems, "problem")}${notes > 0 ? `, ${counted(notes, "note")}` : ""}`;
}

import { type FamilyComparison, familyNames, familyVerdict, type Relation } from "./family.ts";
import { familyCharts } from "./family-charts.ts";
import { trainingCharts } from "./report-charts.ts";
import type { EpochRecord, RunReport } from "./report-data.ts";
import {
  dateText,
  type Html,
  html,
  renderChart,
  renderMaking,
  renderNotices,
  renderPage,
  section,
} from "./report-page.ts";
import { columnPercents, percent, starText } from "./verdict.ts";

/** Everything that a page about a comparison tells. Plain data; texts may hold anything, they are escaped. */
export interface FamilyReport
  extends Pick<
    RunReport,
    "title" | "date" | "command" | "model" | "dataset" | "judged" | "warnings" | "failures" | "config" | "environment"
  > {
  readonly comparison: FamilyComparison;
  /** Of each network that was trained for it. */
  readonly trainings: readonly {
    readonly name: string;
    readonly history: readonly EpochRecord[];
    readonly bestEpoch: number;
  }[];
}

/** A comparison as one HTML file. */
export function renderFamilyReport(report: FamilyReport): string {
  const { title, date, command, model, dataset, judged, comparison, trainings, config, environment } = report;
  const { frames, fps, relations } = comparison;
  const clips = relations[0]?.evaluation.clips ?? 0;
  return renderPage(
    title,
    html`<header>
<h1>${title}</h1>
<p class="faint">Model <bdi>${model}</bdi> on <bdi>${dataset}</bdi>, ${judged}; ${dateText(date)}</p>
<p>${clips} ${clips === 1 ? "clip" : "clips"}, median length ${frames} frames at ${fps} fps.</p>
${familyVerdict(comparison).map((sentence) => html`<p>${sentence}</p>`)}
</header>
${renderNotices(report)}
${renderTable(comparison)}
<div class="charts" style="margin-top:28px">${familyCharts(comparison).map(renderChart)}</div>
${trainings.map(({ name, history, bestEpoch }) => section(`Training: ${name}`, html`<div class="charts">${trainingCharts(history, bestEpoch).map(renderChart)}</div>`))}
${renderMaking(command, config, environment)}`,
  );
}

function renderTable({ relations, frames }: FamilyComparison): Html {
  const cells = ({ evaluation: { top1 }, clip, first, memory }: Relation) => [
    percent(top1.value),
    columnPercents(top1.interval, 1),
    firstAnswerText(first),
    macsText(clip.macs),
    `${clip.ms.toFixed(0)} ms`,
    memoryText(memory),
  ];
  const longest = relations[0]?.memory.at(-1)?.frames ?? frames;
  const shortest = relations[0]?.memory[0]?.frames ?? frames;
  const heads = [
    "right",
    "95 % interval",
    "first answer after",
    `multiply–adds of ${frames} frames`,
    `time of ${frames} frames`,
    `memory, ${shortest} to ${longest} frames`,
  ];
  const star = starText(relations.map(({ evaluation }) => evaluation.top1.interval));
  const rows = relations.map(
    (relation) =>
      html`<tr><th scope="row" style="white-space:nowrap">${familyNames[relation.kind]}</th>${cells(relation).map((cell, i) => html`<td class="num" data-label="${heads[i] ?? ""}">${cell}</td>`)}</tr>`,
  );
  return html`<div class="scroll" style="margin-top:20px"><table class="stack"><thead><tr><th></th>${heads.map((head) => html`<th class="num">${head}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>
<p class="faint">First answer: seconds of video needed, plus the time to compute. Memory: beyond what the process used before it loaded the model.${star && ` ${star}`}</p>`;
}

/** `1.5 s + 12 ms`: seconds of video needed, plus the time to compute. */
export function firstAnswerText({ seconds, ms }: Relation["first"]): string {
  return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s + ${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

/** `190 M` or `2.7 G`. */
export function macsText(macs: number): string {
  return macs >= 1e9 ? `${(macs / 1e9).toFixed(1)} G` : `${(macs / 1e6).toFixed(0)} M`;
}

/** `21 → 113 MB`, from the shortest clip to the longest. */
export function memoryText(memory: Relation["memory"]): string {
  const [least, most] = [memory[0], memory.at(-1)].map((point) => ((point?.bytes ?? 0) / 1e6).toFixed(0));
  return `${least} → ${most} MB`;
}

import { renderSvg } from "../plot/plot.node.ts";
import { type FamilyComparison, familyNames, familyVerdict, type Relation } from "./family.ts";
import { familyCharts } from "./family-charts.ts";
import { draw } from "./report.node.ts";
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
import { reportStyle } from "./report-style.ts";
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

/** A comparison as one HTML file. Throws a `DependencyError` when vega or vega-lite is not installed. */
export async function renderFamilyReport(report: FamilyReport): Promise<string> {
  const { title, date, command, model, dataset, judged, comparison, trainings, config, environment } = report;
  const charts = await draw(familyCharts(comparison));
  const curves = await Promise.all(
    trainings.map(async ({ name, history, bestEpoch }) => ({
      name,
      drawn: await draw(trainingCharts(history, bestEpoch)),
    })),
  );
  const { frames, fps, relations } = comparison;
  const clips = relations[0]?.evaluation.clips ?? 0;
  return renderPage(
    title,
    html`<header>
<h1>${title}</h1>
<p class="faint">Model <bdi>${model}</bdi> on <bdi>${dataset}</bdi>, ${judged}; ${dateText(date)}</p>
<p>${clips} ${clips === 1 ? "clip" : "clips"}, in the middle ${frames} frames long at ${fps} a second.</p>
${familyVerdict(comparison).map((sentence) => html`<p>${sentence}</p>`)}
</header>
${renderNotices(report)}
${renderTable(comparison)}
<div class="charts" style="margin-top:28px">${charts.map(renderChart)}</div>
${curves.map(({ name, drawn }) => section(`Training: ${name}`, html`<div class="charts">${drawn.map(renderChart)}</div>`))}
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
      html`<tr><th scope="row" style="white-space:nowrap">${familyNames[relation.kind]}</th>${cells(relation).map((cell) => html`<td class="num">${cell}</td>`)}</tr>`,
  );
  return html`<div class="scroll" style="margin-top:20px"><table><thead><tr><th></th>${heads.map((head) => html`<th class="num">${head}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>
<p class="faint">First answer: seconds of video that must have been seen, then the work. Memory: beyond what the process had before it read the model.${star && ` ${star}`}</p>`;
}

/** `1.5 s + 12 ms`: what must have been seen, then the work. */
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

const figure = { gap: 24, top: 64, width: 440, height: 256 };
/** The first colours of the style sheet are those for a light page. */
const lightColor = (name: string) => new RegExp(`${name}: (#[0-9a-f]{6})`).exec(reportStyle)?.[1] ?? "#000000";

/** Both charts beside each other as one SVG file, for documents. Throws as {@link renderFamilyReport}. */
export async function renderFamilyFigure(comparison: FamilyComparison): Promise<string> {
  const charts = familyCharts(comparison);
  const panels = await Promise.all(
    charts.map(async (chart, i) => {
      const svg = await renderSvg(chart.spec, chart.description);
      const x = i * (figure.width + figure.gap);
      return `<text x="${x + 16}" y="48" font-size="15" font-weight="600">${chart.title}</text><g transform="translate(${x} ${figure.top})">${svg}</g>`;
    }),
  );
  const legend = (charts[0]?.legend ?? []).map(({ text, style }, i) => {
    const dash = style.dash[1] === 0 ? "none" : style.dash.join(" ");
    return `<g transform="translate(${16 + i * 200} 16)"><path d="M0 0h30" stroke="${style.color}" stroke-width="2.5" stroke-dasharray="${dash}"/><text x="38" y="5" font-size="14">${text}</text></g>`;
  });
  const width = charts.length * figure.width + (charts.length - 1) * figure.gap;
  const height = figure.top + figure.height;
  const drawn = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" fill="${lightColor("--ink")}"><rect width="${width}" height="${height}" fill="#ffffff"/>${legend.join("")}${panels.join("")}</svg>\n`;
  return drawn.replace(/var\((--\w+)\)/g, (_, name: string) => lightColor(name));
}

import type { Evaluation } from "./metrics.ts";
import { earlinessChart, reliabilityChart, trainingCharts } from "./report-charts.ts";
import type { RunReport, WorstClip } from "./report-data.ts";
import {
  dateText,
  type Html,
  html,
  raw,
  renderChart,
  renderMaking,
  renderNotices,
  renderPage,
  section,
} from "./report-page.ts";
import { renderClasses, renderMatrix, renderMixUps } from "./report-tables.ts";
import { headline, meanText, percent, perfectText, verdict } from "./verdict.ts";

/**
 * The report as one HTML file that needs nothing else: no scripts, no fonts, no other files. `pictures`: data URLs of each of the
 * worst clips.
 */
export function buildReport(report: RunReport, pictures: readonly (readonly string[])[]): string {
  const { title, folds, worst, config, environment, command, history, bestEpoch } = report;
  const told = report.evaluation?.learned ? null : report.evaluation;
  const training = history === null ? [] : trainingCharts(history, bestEpoch);
  const early = told?.early ? earlinessChart(told.early) : null;
  const answers = told ? [reliabilityChart(told.calibration), ...(early ? [early] : [])] : [];
  return renderPage(
    title,
    html`${renderHead(report)}
${renderNotices(report, told !== null)}
${training.length > 0 && section("Training", html`<div class="charts">${training.map(renderChart)}</div>`)}
${folds && section("Folds", renderFolds(folds))}
${told !== null && told.confusion !== null && section("Confusion", html`<div class="beside"><div>${renderMatrix(told)}</div><div>${renderMixUps(told)}</div></div>`)}
${told && section("Classes", renderClasses(told))}
${answers.length > 0 && section(early ? "Confidence and time" : "Confidence", html`<div class="charts">${answers.map(renderChart)}</div>`)}
${told && worst.length > 0 && section(worst.some(({ right }) => !right) ? "Worst clips" : "Least confident clips", html`<div class="clips">${worst.map((clip, i) => renderClip(clip, pictures[i] ?? []))}</div>`)}
${renderMaking(command, config, environment)}`,
  );
}

function renderHead({ title, model, dataset, judged, date, evaluation, silence, agreement }: RunReport): Html {
  const told = evaluation?.learned ? null : evaluation;
  return html`<header>
<h1>${title}</h1>
<p class="faint">Model <bdi>${model}</bdi> on <bdi>${dataset}</bdi>, ${judged}; ${dateText(date)}</p>
<div class="head">
<div>${told && html`<p class="big">${percent(told.top1.value)}</p>`}
<p class="lead">${evaluation ? headline(evaluation) : silence}</p>
${told && renderRange(told)}</div>
${evaluation && html`<div>${verdict(evaluation).map((sentence) => html`<p>${sentence}</p>`)}</div>`}
</div>
<dl class="tiles">
${told && renderMeasures(told)}
${agreement && tile("Stream = clip", agreement.agree ? "yes" : "no", agreementText(agreement))}
</dl>
</header>`;
}

function tile(name: string, value: string, note: string): Html {
  return html`<div><dt>${name}</dt><dd>${value}<small class="faint">${note}</small></dd></div>`;
}

function renderRange({ top1: { value, interval }, majority }: Evaluation): Html {
  const { low, high } = interval;
  const at = (share: number) => raw((share * 100).toFixed(2));
  return html`<div class="range" role="img" aria-label="Top-1 within its 95 % interval, on a scale from 0 to 100 %"><i style="left:${at(low)}%;width:${at(high - low)}%"></i><u style="left:${at(majority)}%"></u><b style="left:${at(value)}%"></b></div>
<p class="scale faint"><span>0 %</span><span>dotted: always the most frequent class</span><span>100 %</span></p>`;
}

function renderMeasures(evaluation: Evaluation): readonly (Html | false | null)[] {
  const { top5, macro, calibration, logLoss, classes, multiLabel } = evaluation;
  const perfect = perfectText(calibration);
  return [
    multiLabel && tile("Mean average precision", percent(multiLabel.meanAveragePrecision), meanText(evaluation)),
    multiLabel && tile("F1 at 0.5", percent(multiLabel.f1), "over all decisions"),
    classes > 5 && tile("Top-5", percent(top5.value), `${top5.hits} of ${top5.total}`),
    tile("Recall", percent(macro.recall), `${meanText(evaluation)}, equally weighted`),
    tile("F1", percent(macro.f1), meanText(evaluation)),
    tile("Calibration error", percent(calibration.error), perfect ?? "mean gap between confidence and accuracy"),
    tile("Log loss", logLoss.toFixed(3), `nats; a uniform guess gives ${guessLoss(evaluation).toFixed(3)}`),
  ];
}

function guessLoss({ output, classes }: Evaluation): number {
  return Math.log(output === "softmax" ? classes : 2);
}

function agreementText({ clips, difference }: NonNullable<RunReport["agreement"]>): string {
  return `${clips} ${clips === 1 ? "clip" : "clips"} run frame by frame and at once: logits differ by at most ${difference.toExponential(0)}`;
}

function renderFolds(folds: NonNullable<RunReport["folds"]>): Html {
  const rows = folds.map(
    ({ name, clips, right }) =>
      html`<tr><th><bdi>${name}</bdi></th><td class="num">${clips}</td><td class="num">${right}</td><td class="num">${clips === 0 ? "–" : percent(right / clips)}</td></tr>`,
  );
  return html`<p class="faint">Each fold was evaluated by a model that did not see it; the numbers above cover all folds.</p>
<div class="scroll"><table><thead><tr><th>fold</th><th class="num">clips</th><th class="num">right</th><th class="num">top-1</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

function renderClip({ name, right, truth, predictions, score, aspect }: WorstClip, urls: readonly string[]): Html {
  const strip = urls.map((url) => html`<img src="${url}" alt="" style="aspect-ratio:${raw(aspect.toFixed(3))}">`);
  const lines = predictions.map(
    (prediction) =>
      html`<li class="bar"><i style="width:${raw((prediction.score * 100).toFixed(1))}%"></i><span><bdi>${prediction.label}</bdi></span><span>${percent(prediction.score, 0)}</span></li>`,
  );
  const truths = html`<b><bdi>${truth.join(", ")}</bdi></b>`;
  const answered = html`<b><bdi>${predictions[0]?.label ?? ""}</bdi></b>`;
  const says = right
    ? html`correct (${truths}), but only ${percent(score, 0)} confident`
    : html`${truths} (${percent(score, 0)}) mistaken for ${answered}`;
  return html`<article class="clip${right ? "" : " wrong"}">
${strip.length > 0 && html`<div class="strip">${strip}</div>`}
<p><bdi>${name}</bdi></p>
<p class="faint">${says}</p>
<ol>${lines}</ol>
</article>`;
}

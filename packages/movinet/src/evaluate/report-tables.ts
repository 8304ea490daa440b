import type { ClassMeasures, Evaluation } from "./metrics.ts";
import { type Html, html, raw } from "./report-page.ts";
import { columnPercents, meanText, percent, starText } from "./verdict.ts";

/** More rows and columns than this nobody reads. */
const mostClasses = 40;

/** The confusion matrix as a heat map; of many classes those with the most mistakes. */
export function renderMatrix({ confusion, perClass }: Evaluation): Html {
  if (confusion === null) return html``;
  const shown = chooseClasses(confusion);
  const name = (i: number) => perClass[i]?.label ?? "";
  const heads = shown.map((i) => html`<th scope="col" title="${name(i)}"><span>${name(i)}</span></th>`);
  const rows = shown.map((i) => {
    const row = confusion[i] ?? [];
    const total = row.reduce((sum, count) => sum + count, 0);
    const cells = shown.map((j) => {
      const count = row[j] ?? 0;
      if (count === 0) return html`<td></td>`;
      const title = `${count} of ${total} ${name(i)}: answered ${name(j)}`;
      return html`<td class="${i === j ? "hit" : "miss"}" style="--a:${raw((count / total).toFixed(3))}" title="${title}">${count}</td>`;
    });
    return html`<tr><th scope="row" title="${name(i)}">${name(i)}</th>${cells}</tr>`;
  });
  const cut =
    shown.length < perClass.length &&
    html`<p class="faint">The ${shown.length} classes with the most mistakes, of ${perClass.length}.</p>`;
  return html`<p class="faint">Rows: actual class; columns: predicted class; numbers: clips.</p>${cut}
<div class="scroll"><table class="matrix${shown.length > 16 && " dense"}"><thead><tr><th></th>${heads}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

function chooseClasses(confusion: readonly (readonly number[])[]): readonly number[] {
  const all = [...confusion.keys()];
  if (all.length <= mostClasses) return all;
  const mistakes = (i: number) =>
    all.reduce((sum, j) => (i === j ? sum : sum + (confusion[i]?.[j] ?? 0) + (confusion[j]?.[i] ?? 0)), 0);
  return all
    .sort((a, b) => mistakes(b) - mistakes(a) || a - b)
    .slice(0, mostClasses)
    .sort((a, b) => a - b);
}

/** The commonest mistakes in words. */
export function renderMixUps({ confusion, perClass }: Evaluation): Html {
  const pairs = (confusion ?? []).flatMap((row, i) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.flatMap((count, j) => (i !== j && count > 0 ? [{ i, j, count, total }] : []));
  });
  pairs.sort((a, b) => b.count - a.count || b.count / b.total - a.count / a.total);
  if (pairs.length === 0) return html`<p>No clip was misclassified.</p>`;
  const lines = pairs.slice(0, 5).map(({ i, j, count, total }) => {
    const [truth, answer] = [perClass[i]?.label ?? "", perClass[j]?.label ?? ""];
    return html`<li>${count} of ${total} <b><bdi>${truth}</bdi></b> mistaken for <b><bdi>${answer}</bdi></b></li>`;
  });
  return html`<h3>Most common mix-ups</h3><ul class="mixups">${lines}</ul>`;
}

/** Every class with its measures. */
export function renderClasses(evaluation: Evaluation): Html {
  const { perClass, output, macro, multiLabel } = evaluation;
  const multi = output === "sigmoid";
  // A phone has room for five columns.
  const spare = multi ? "num wide-only" : "num";
  const right = ({ recall, support }: ClassMeasures) => Math.round((recall ?? 0) * support);
  const share = (value: number | null) => (value === null ? "–" : percent(value, 0));
  const rows = perClass.map((measures) => {
    const { label, support, recall, interval, precision, f1, averagePrecision } = measures;
    return html`<tr><th scope="row"><bdi>${label}</bdi></th><td class="num">${support === 0 ? "0" : `${right(measures)} of ${support}`}</td>
<td class="num bar"><i style="width:${raw(((recall ?? 0) * 100).toFixed(1))}%"></i>${share(recall)}</td>
<td class="num wide-only">${interval === null ? "–" : columnPercents(interval)}</td>
<td class="${spare}">${share(precision)}</td><td class="num">${share(f1)}</td>${multi && html`<td class="num">${share(averagePrecision)}</td>`}</tr>`;
  });
  const star = starText(perClass.map(({ interval }) => interval));
  const mean = html`<tr><th scope="row">${meanText(evaluation)}</th><td></td><td class="num">${share(macro.recall)}</td><td class="wide-only"></td><td class="${spare}">${share(macro.precision)}</td><td class="num">${share(macro.f1)}</td>${multiLabel && html`<td class="num">${share(multiLabel.meanAveragePrecision)}</td>`}</tr>`;
  const last = multi && html`<th class="num">average precision</th>`;
  return html`<p class="faint">Recall: share of a class's clips that were found. Precision: share of its predictions that were correct. F1: harmonic mean of both.</p>
<div class="scroll"><table class="classes"><thead><tr><th>class</th><th class="num">found</th><th class="num">recall</th><th class="num wide-only">95 % interval</th><th class="${spare}">precision</th><th class="num">F1</th>${last}</tr></thead><tbody>${rows}</tbody><tfoot>${mean}</tfoot></table></div>${star && html`<p class="faint wide-only">${star}</p>`}`;
}

import { renderInline } from "../plot/svg.ts";
import type { Chart } from "./report-charts.ts";
import type { Facts, RunReport } from "./report-data.ts";
import { reportStyle } from "./report-style.ts";

/** One self-contained HTML file: no scripts, no fonts, no other files. */
export function renderPage(title: string, body: Html): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${raw(reportStyle)}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;
  return page.markup.replace(/\n{2,}/g, "\n");
}

export function section(title: string, body: Html, shown = true): Html {
  return shown ? html`<section><h2>${title}</h2>${body}</section>` : html``;
}

export function dateText(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** The command, its settings, and its environment. */
export function renderMaking(command: string, config: Facts, environment: Facts): Html {
  return section(
    "How it was made",
    html`<pre>${command}</pre>
<div class="pair">${renderFacts("Settings", config)}${renderFacts("Environment", environment)}</div>`,
  );
}

export function renderNotices({ warnings, failures }: Pick<RunReport, "warnings" | "failures">, told = true): Html {
  const box = (title: string, items: readonly Html[]) =>
    items.length > 0 &&
    html`<aside class="notice"><h3>${title}</h3><ul>${items.map((item) => html`<li>${item}</li>`)}</ul></aside>`;
  const shown = failures.slice(0, 20).map(({ name, problem }) => html`<bdi>${name}</bdi>: ${problem}`);
  const more = failures.length > 20 ? [html`and ${failures.length - 20} more`] : [];
  return html`${box(
    told ? "Before you trust this number" : "Warnings",
    warnings.map((warning) => html`${warning}`),
  )}
${box(`${failures.length} ${failures.length === 1 ? "clip" : "clips"} could not be evaluated and ${failures.length === 1 ? "is" : "are"} not counted`, [...shown, ...more])}`;
}

export function renderChart({ title, drawing, note }: Chart): Html {
  const caption = note !== "" && html`<figcaption>${note}</figcaption>`;
  return html`<figure><h3>${title}</h3>${raw(renderInline(drawing))}${caption}</figure>`;
}

function renderFacts(title: string, facts: Facts): Html {
  const rows = Object.entries(facts).map(
    ([name, value]) => html`<tr><th>${name}</th><td>${value === null ? "–" : String(value)}</td></tr>`,
  );
  return rows.length === 0
    ? html``
    : html`<div><h3 style="margin-top:20px">${title}</h3><table class="facts"><tbody>${rows}</tbody></table></div>`;
}

/** Markup that is safe to insert; only {@link html} and {@link raw} create it. */
export interface Html {
  readonly markup: string;
}

type Part = Html | string | number | null | false | readonly Part[];

/** A piece of a page: inserted texts are escaped, pieces and lists of pieces are not, null and false are omitted. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { markup: strings.map((text, i) => text + markupOf(parts[i] ?? null)).join("") };
}

/** Trusted markup from elsewhere, for example a chart. */
export function raw(markup: string): Html {
  return { markup };
}

function markupOf(part: Part): string {
  if (part === null || part === false) return "";
  if (typeof part === "object" && "markup" in part) return part.markup;
  if (typeof part === "object") return part.map(markupOf).join("");
  return escapeText(String(part));
}

/**
 * Escapes text for a page or a quoted attribute. A percent sign stays next to its number; control characters become
 * spaces, and direction marks are removed.
 */
export function escapeText(text: string): string {
  return text
    .replace(/(?!\n)\p{Cc}/gu, " ")
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, "")
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(/(?<=\d) %/g, "\u00a0%");
}

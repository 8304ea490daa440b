/** The README's table of the browsers whose rows were sent, as the measuring page gives them. */
import type { Result } from "../bench/web/measure.web.ts";

interface Row {
  readonly device: string;
  readonly browser: string;
  readonly results: readonly Result[];
}

const missing =
  "**No phone is in these figures until somebody sends a row**: [how](bench/README.md#a-row-from-your-browser).";

/** `rows` is `bench/results/browsers.jsonl`, a row of the page in each line. */
export function browserTable(rows: string): string {
  const sent = rows.split("\n").flatMap((line) => (line.trim() ? [JSON.parse(line) as Row] : []));
  const phones = sent.some(({ browser }) => /Mobile|Android|iPhone/.test(browser));
  const lines = sent.map(({ device, browser, results }) => {
    const cell = (engine: string) =>
      ["a0", "a1", "a2"]
        .map((model) => results.find((one) => one.model === model && one.engine === engine)?.p50Ms ?? "–")
        .join(" · ");
    return `| ${device || "?"}, ${nameOf(browser)} | ${["movinet", "LiteRT.js", "onnxruntime-web"].map(cell).join(" | ")} |`;
  });
  const head = ["| A0 · A1 · A2, ms a frame | movinet | LiteRT.js | onnxruntime-web |", "| --- | ---: | ---: | ---: |"];
  const table = lines.length > 0 ? [...head, ...lines, ""] : [];
  return [...table, ...(phones ? [] : [missing, ""])].join("\n");
}

/** `Chrome 140`, of what a browser calls itself. */
function nameOf(browser: string): string {
  const found = /(Edg|Firefox|FxiOS|CriOS|Chrome|Version)\/(\d+)/.exec(browser);
  const names: Readonly<Record<string, string>> = { Edg: "Edge", FxiOS: "Firefox", CriOS: "Chrome", Version: "Safari" };
  return found ? `${names[found[1] as string] ?? found[1]} ${found[2]}` : browser;
}

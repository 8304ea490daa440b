/** The README's table of browsers, from the rows that people sent from the measuring page. */
import type { Result } from "../bench/web/measure.web.ts";

interface Row {
  readonly device: string;
  readonly browser: string;
  readonly results: readonly Result[];
}

const missing =
  "**No phones have been measured yet**: [send a row from yours](bench/README.md#a-row-from-your-browser).";

/** `rows` is `bench/results/browsers.jsonl`, one row from the page per line. */
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
  const head = [
    "| A0 · A1 · A2, ms per frame | movinet | LiteRT.js | onnxruntime-web |",
    "| --- | ---: | ---: | ---: |",
  ];
  const table = lines.length > 0 ? [...head, ...lines, ""] : [];
  return [...table, ...(phones ? [] : [missing, ""])].join("\n");
}

/** `Chrome 140`, from a user agent string. */
function nameOf(browser: string): string {
  const found = /(Edg|Firefox|FxiOS|CriOS|Chrome|Version)\/(\d+)/.exec(browser);
  const names: Readonly<Record<string, string>> = { Edg: "Edge", FxiOS: "Firefox", CriOS: "Chrome", Version: "Safari" };
  return found ? `${names[found[1] as string] ?? found[1]} ${found[2]}` : browser;
}

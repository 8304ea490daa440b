/** The benchmark table of the README, from the committed results; `npm run docs` writes it. */

const begin = "<!-- step-latency -->\n";
const end = "<!-- /step-latency -->";

/** Cells of a CSV file without line breaks in cells, by column name. */
function readCsv(text: string): Record<string, string>[] {
  const [head = [], ...rows] = text
    .trim()
    .split("\n")
    .map((line) =>
      Array.from(line.matchAll(/("([^"]|"")*"|[^,]*)(,|$)/g), ([, cell = ""]) => cell.replace(/^"|"$/g, "")),
    );
  return rows.map((row) => Object.fromEntries(head.map((column, i) => [column, row[i] ?? ""])));
}

function benchTable(csv: string): string {
  const rows = readCsv(csv);
  const peers = [...new Set(rows.map((row) => row["peer"] ?? "").filter((peer) => peer !== ""))];
  const titles: Record<string, string> = {
    litert: "native LiteRT",
    pytorch: "PyTorch port",
    "onnxruntime-plain": "ONNX Runtime, plain export",
  };
  const ours = rows.filter((row) => row["peer"] === "");
  const lines = ours.map(({ model = "", p50Ms, framesPerSecond }) => {
    const ratios = peers.map((peer) => {
      const ratio = rows.find((row) => row["model"] === model && row["peer"] === peer)?.["ratio"];
      return ratio ? `${Number(ratio).toFixed(2)} ×` : "";
    });
    const name = `${model.slice(0, 2).toUpperCase()} stream`;
    return [name, `${Number(p50Ms).toFixed(1)} ms`, Number(framesPerSecond).toFixed(0), ...ratios];
  });
  const head = [
    "one thread, float32",
    "step (p50)",
    "frames/s",
    ...peers.map((peer) => `against ${titles[peer] ?? peer}`),
  ];
  const markdown = [head, head.map((_, i) => (i === 0 ? "---" : "---:")), ...lines];
  return `${markdown.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}\n\n_${ours[0]?.["machine"]}; below 1 × we are faster._\n`;
}

/** The README with its table made anew. */
export function withTable(text: string, csv: string): string {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`README.md lacks ${begin.trim()} … ${end}`);
  return `${text.slice(0, from + begin.length)}\n${benchTable(csv)}\n${text.slice(to)}`;
}

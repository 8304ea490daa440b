/** The README's tables of what a step takes, from the committed results. */
import { readRounds, type StepRound, Summary } from "../bench/step-rounds.ts";
import { parseCsv } from "../packages/movinet/src/data/manifest.ts";

/** `steps` is `bench/results/steps.csv`; `former`, `step-latency.csv`, is shown of machines that are not in it. */
export function speedTables(steps: string, former: string): string {
  const machines = Object.entries(
    Object.groupBy(readRounds(steps), ({ machine, processor }) => `${machine} (${processor})`),
  );
  const tables = machines.map(([name, rounds = []]) => stepsTable(name, rounds));
  const measured = new Set(machines.map(([, rounds]) => rounds?.[0]?.machine));
  const rows = recordsOf(former).filter((row) => !measured.has(row["machine"]));
  return [...tables, ...(rows.length > 0 ? [formerTable(rows)] : [])].join("\n");
}

const faster = "below 1 × we are faster";

function stepsTable(machine: string, rounds: readonly StepRound[]): string {
  const lines = Object.entries(Object.groupBy(rounds, ({ variant }) => variant)).map(([variant, own = []]) => {
    const summary = new Summary(own);
    const ms = summary.p50Ms("step") ?? Number.NaN;
    const ratios = [
      summary.ratio("step", "litert"),
      summary.ratio("step without classifier", "litert"),
      summary.ratio("8 streams", "litert"),
      summary.ratio("step", "pytorch"),
      summary.ratio("step", "onnxruntime-plain"),
    ];
    return [titleOf(variant), ...timeCells(ms), ...ratios.map(ratioCell)];
  });
  const head = [
    "one thread, float32",
    "step (p50)",
    "frames/s",
    "against native LiteRT",
    "without the classifier",
    "each of 8 streams",
    "against PyTorch port",
    "against ONNX Runtime, plain export",
  ];
  const note = "without the classifier and for each of 8 streams in one call: against LiteRT's whole step";
  return `${markdown(head, lines)}\n_${machine}; ${faster}; ${note} ([rounds](bench/results/steps.csv))._\n`;
}

type Row = Readonly<Record<string, string>>;

function recordsOf(csv: string): readonly Row[] {
  const [{ fields: columns } = { fields: [] }, ...records] = parseCsv(csv, "step-latency.csv");
  return records.map(({ fields }) => Object.fromEntries(columns.map((column, i) => [column, fields[i] ?? ""])));
}

function formerTable(rows: readonly Row[]): string {
  const peers = [...new Set(rows.map((row) => row["peer"] ?? "").filter((peer) => peer !== ""))];
  const titles: Readonly<Record<string, string>> = {
    litert: "native LiteRT",
    pytorch: "PyTorch port",
    "onnxruntime-plain": "ONNX Runtime, plain export",
  };
  const ours = rows.filter((row) => row["peer"] === "");
  const lines = ours.map(({ model = "", p50Ms }) => {
    const ratios = peers.map((peer) => rows.find((row) => row["model"] === model && row["peer"] === peer)?.["ratio"]);
    return [titleOf(model), ...timeCells(Number(p50Ms)), ...ratios.map((ratio) => ratioCell(ratio ? +ratio : null))];
  });
  const head = [
    "the former backend",
    "step (p50)",
    "frames/s",
    ...peers.map((peer) => `against ${titles[peer] ?? peer}`),
  ];
  const note = "the former backend called ONNX Runtime by its binding ([medians](bench/results/step-latency.csv))";
  return `${markdown(head, lines)}\n_${ours[0]?.["machine"]}; ${faster}; ${note}._\n`;
}

const titleOf = (variant: string) => `${variant.slice(0, 2).toUpperCase()} stream`;
const timeCells = (ms: number) => [`${ms.toFixed(1)} ms`, (1000 / ms).toFixed(0)];
const ratioCell = (ratio: number | null) => (ratio === null ? "" : `${ratio.toFixed(2)} ×`);

function markdown(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const rows = [head, head.map((_, i) => (i === 0 ? "---" : "---:")), ...lines];
  return rows.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

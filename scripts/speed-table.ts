/** The README's tables of step times, from the committed rounds. */
import { percentile } from "movinet/files";
import { kindOf, readRounds, type StepRound, Summary } from "../bench/step-rounds.ts";

/** The rows of each table: first the baseline, ours in bold. */
const groups = {
  Node: {
    base: "litert",
    rows: {
      litert: "LiteRT, native",
      step: "**movinet**, native",
      "step without classifier": "… without classifier",
      "8 streams": "… each of 8 streams",
      wasm: "**movinet**, wasm",
      "wasm without classifier": "… without classifier",
      "wasm without relaxed SIMD": "… without relaxed SIMD",
      "wasm on two threads": "… on two threads",
      "onnxruntime-plain": "ONNX Runtime, plain export",
      pytorch: "PyTorch",
    },
  },
  Chromium: {
    base: "litertjs run",
    rows: {
      "litertjs run": "LiteRT.js",
      "litertjs session": "… in a movinet session",
      wasm: "**movinet**, wasm",
      "wasm without classifier": "… without classifier",
      "wasm on two threads": "… on two threads",
      "onnxruntime-web": "onnxruntime-web, plain export",
    },
  },
} as const;

/** A table per machine in `bench/results/steps.csv`: rows of engines, columns of variants. */
export function speedTables(steps: string): string {
  const machines = Object.groupBy(readRounds(steps), ({ machine, processor }) => `${machine} (${processor})`);
  return Object.entries(machines)
    .map(([name, rounds = []]) => machineTable(name, rounds))
    .join("\n");
}

function machineTable(machine: string, rounds: readonly StepRound[]): string {
  const variants = [...new Set(rounds.map(({ variant }) => variant))].sort();
  const lines = Object.entries(groups).flatMap(([kind, { base, rows }]) => {
    const own = rounds.filter(({ runtime }) => kindOf(runtime) === kind);
    const summaries = variants.map((one) => new Summary(own.filter(({ variant }) => variant === one)));
    const [first] = own;
    if (!first) return [];
    const title = [`**${first.runtime.replace(/^(\S+ \d+)\S*/, "$1")}**`, ...variants.map(() => "")];
    const known = Object.entries(rows).filter(([name]) => summaries.some((summary) => summary.p50Ms(name) !== null));
    return [title, ...known.map(([name, row]) => [row, ...summaries.map((summary) => cellOf(summary, name, base))])];
  });
  const head = ["ms per frame", ...variants.map((variant) => variant.toUpperCase())];
  const count = Math.min(...Object.values(Object.groupBy(rounds, keyOf)).map((own = []) => own.length));
  const load = percentile(
    rounds.map(({ loadAverage }) => loadAverage),
    50,
  );
  const note = [
    `${machine}, load ${load.toFixed(1)}; one thread unless stated, float32; medians of ${count} alternating rounds ([all rounds](bench/results/steps.csv))`,
    "in italics: relative to the first row of the section; above 1× is slower",
  ];
  return [markdown([head, ...lines]), `_${note.join("; ")}._`, ...firstSteps(rounds)].join("\n");
}

const keyOf = ({ runtime, variant, contestant }: StepRound) => [runtime, variant, contestant].join();

function cellOf(summary: Summary, name: string, base: string): string {
  const ms = summary.p50Ms(name);
  if (ms === null) return "";
  const ratio = summary.ratio(name, base);
  return name === base || ratio === null ? ms.toFixed(1) : `${ms.toFixed(1)} _${ratio.toFixed(2)}×_`;
}

/** Time in a page from a file in memory to the end of the first step. */
function firstSteps(rounds: readonly StepRound[]): readonly string[] {
  const summary = new Summary(rounds.filter(({ variant }) => variant === "a0"));
  const titles = {
    "wasm of our file from bytes": "movinet",
    "wasm from bytes": "movinet of Google's file",
    "litertjs run from bytes": "LiteRT.js",
    "litertjs run from bytes (started)": "LiteRT.js with its runtime already started",
  };
  const known = Object.entries(titles).flatMap(([name, title]) => {
    const ms = summary.p50Ms(name);
    return ms === null ? [] : [`${title} ${ms.toFixed(0)} ms`];
  });
  return known.length === 0
    ? []
    : [`\nTime from a file in memory to the end of the first A0 step, in a freshly loaded page: ${known.join(", ")}.`];
}

function markdown([head = [], ...lines]: readonly (readonly string[])[]): string {
  const rows = [head, head.map((_, i) => (i === 0 ? "---" : "---:")), ...lines];
  return rows.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

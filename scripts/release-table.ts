/** The guide's table of what Google released: sizes and times from `bench/results/release.csv`, published accuracy from the zoo. */
import { formatBytes } from "../packages/movinet/src/common/printable.ts";
import { parseCsv } from "../packages/movinet/src/data/manifest.ts";
import { zoo } from "../packages/movinet/src/zoo/registry.ts";

type Row = Readonly<Record<string, string>>;

const engines = {
  litertMs: "LiteRT",
  onnxruntimeMs: "ONNX Runtime",
  litertjsMs: "LiteRT.js",
  movinetMs: "movinet",
  wasmMs: "movinet wasm",
};
const networks: Readonly<Record<string, string>> = { release: "hard swish, SE", relu6: "ReLU6, no SE" };

/** The table, from the measurements as CSV. */
export function releaseTable(csv: string): string {
  const rows = rowsOf(csv);
  const head = [
    ...["model", "precision", "network", "input", "MACs", ".tflite", ".onnx"],
    ...Object.values(engines).map((engine) => `${engine}, ms`),
    ...["top-1 here", "published top-1"],
  ];
  const cells = rows.map((one) => [
    (one["variant"] ?? "").toUpperCase(),
    one["dtype"] ?? "",
    `${networks[one["network"] ?? ""]}${one["weights"] === "google's file" ? " (Google's file)" : ""}`,
    (one["input"] ?? "").replace("x", "×"),
    `${(Number(one["macs"]) / 1e6).toFixed(0)} M`,
    ...["tfliteBytes", "onnxBytes"].map((what) => (one[what] ? formatBytes(Number(one[what])) : "")),
    ...Object.keys(engines).map((engine) => one[engine] || ""),
    one["clips"] ? `${one["top1"]} of ${one["clips"]}` : "no weights",
    publishedOf(one),
  ]);
  const align = head.map((_, i) => (i < 3 ? "---" : "---:"));
  const table = [head, align, ...cells].map((line) => `| ${line.join(" | ")} |`).join("\n");
  const [first] = rows;
  const loads = rows.map(({ load }) => Number(load));
  const note = `_${first?.["machine"]} (${first?.["processor"]}), load ${Math.min(...loads)}–${Math.max(...loads)}; processor time of a step on one thread, medians of alternating rounds ([all](../bench/results/release.csv))._`;
  return `${table}\n\n${note}`;
}

/** As the zoo has it: Google published float32 and float16 for the network with squeeze-and-excitation, int8 for the other. */
function publishedOf({ variant, dtype, network, weights }: Row): string {
  const name = dtype === "float32" ? `${variant}-stream` : `${variant}-stream-${dtype}`;
  const own = network === (dtype === "int8" ? "relu6" : "release") && weights !== "google";
  const accuracy = own || weights === "google's file" ? zoo.find((model) => model.name === name)?.accuracy : null;
  return accuracy ? `${(100 * accuracy.top1).toFixed(2)} %` : "";
}

function rowsOf(csv: string): readonly Row[] {
  const [head, ...records] = parseCsv(csv, "release.csv");
  return records.map(({ fields }) => Object.fromEntries(fields.map((field, i) => [head?.fields[i] ?? "", field])));
}

/**
 * `npm run docs`: makes what is generated in the documentation: the API reference from the library's declarations, example
 * files and help texts in the guides (between `<!-- example FILE -->` or `<!-- help COMMAND -->` and its end), the pages and the
 * table (`<!-- table zoo -->`) of the models of the zoo, and the README's table of benchmarks.
 */
import { execFileSync } from "node:child_process";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseCsv } from "../packages/movinet/src/data/manifest.ts";
import { modelCards, zooTable } from "./model-cards.ts";
import { renderReference } from "./reference.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const table = /(<!-- step-latency -->\n)[\s\S]*?(?=<!-- \/step-latency -->)/;
const region = /<!-- (example|help|table) (\S+(?: \S+)*) -->\n[\s\S]*?<!-- \/\1 -->/g;

/** Every generated file and every file with a generated part: path in the repository → text. */
export function buildDocs(): ReadonlyMap<string, string> {
  const read = (file: string) => readFileSync(join(root, file), "utf8");
  const files = new Map([["docs/reference.md", renderReference(root)], ...modelCards()]);
  for (const file of globSync("docs/*.md", { cwd: root }).sort()) {
    if (!files.has(file)) files.set(file, withRegions(read(file)));
  }
  const made = benchTable(read("bench/results/step-latency.csv"));
  files.set(
    "README.md",
    read("README.md").replace(table, (_, begin: string) => `${begin}\n${made}\n`),
  );
  return files;
}

function withRegions(text: string): string {
  return text.replace(region, (_, kind: string, name: string) => {
    const made = kind === "example" ? example(name) : kind === "help" ? help(name) : `${zooTable()}\n`;
    return `<!-- ${kind} ${name} -->\n\n${made}\n<!-- /${kind} -->`;
  });
}

function example(name: string): string {
  return `\`\`\`ts\n${readFileSync(join(root, "examples", name), "utf8")}\`\`\`\n`;
}

function help(command: string): string {
  const args = [join(root, "apps/cli/bin/movinet.js"), ...command.split(" "), "--help"];
  const text = execFileSync(process.execPath, args, { encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } });
  return `\`\`\`\n${text.replace(/ +$/gm, "").trim()}\n\`\`\`\n`;
}

/** The benchmark table of the README, from the committed results. */
function benchTable(csv: string): string {
  const [{ fields: columns } = { fields: [] }, ...records] = parseCsv(csv, "step-latency.csv");
  const rows = records.map(({ fields }) => Object.fromEntries(columns.map((column, i) => [column, fields[i] ?? ""])));
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

if (import.meta.main) for (const [file, text] of buildDocs()) writeFileSync(join(root, file), text);

/**
 * `npm run docs`: makes what is generated in the documentation: the API reference from the library's declarations, example
 * files and help texts in the guides (between `<!-- example FILE -->` or `<!-- help COMMAND -->` and its end), and the
 * README's table of benchmarks.
 */
import { execFileSync } from "node:child_process";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { withTable } from "./bench-table.ts";
import { renderReference } from "./reference.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const region = /<!-- (example|help) (\S+(?: \S+)*) -->\n[\s\S]*?<!-- \/\1 -->/g;

/** Every generated file and every file with a generated part: path in the repository → text. */
export function buildDocs(): ReadonlyMap<string, string> {
  const read = (file: string) => readFileSync(join(root, file), "utf8");
  const files = new Map([["docs/reference.md", renderReference(root)]]);
  for (const file of globSync("docs/*.md", { cwd: root }).sort()) {
    if (!files.has(file)) files.set(file, withRegions(read(file)));
  }
  files.set("README.md", withTable(read("README.md"), read("bench/results/step-latency.csv")));
  return files;
}

function withRegions(text: string): string {
  return text.replace(region, (_, kind: string, name: string) => {
    const made = kind === "example" ? example(name) : help(name);
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

if (import.meta.main) for (const [file, text] of buildDocs()) writeFileSync(join(root, file), text);

/**
 * `npm run docs`: generates parts of the documentation: the API reference from the library's declarations, example
 * files and help texts in the guides (between `<!-- example FILE -->` or `<!-- help COMMAND -->` and its end), the
 * pages and the table (`<!-- table zoo -->`) of the zoo models, the table of Google's release (`<!-- table release -->`), and
 * the README's tables of step times.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { commandNames, findCommand, renderHelp } from "../apps/cli/src/commands.ts";
import { browserTable } from "./browser-table.ts";
import { modelCards, zooTable } from "./model-cards.ts";
import { renderReference } from "./reference.ts";
import { releaseTable } from "./release-table.ts";
import { speedTables } from "./speed-table.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const table = /(<!-- step-latency -->\n)[\s\S]*?(?=<!-- \/step-latency -->)/;
const region = /<!-- (example|help|table) (\S+(?: \S+)*) -->\n[\s\S]*?<!-- \/\1 -->/g;

const helpStyle = { width: 80, color: false };
const helpTexts = new Map(
  await Promise.all(
    ["help", ...commandNames()].map(async (name) => {
      return [name, await renderHelp(findCommand(name.split(" ")), helpStyle)] as const;
    }),
  ),
);

/** Every generated file, and every file with a generated part: path in the repository → text. */
export function buildDocs(): ReadonlyMap<string, string> {
  const read = (file: string) => readFileSync(join(root, file), "utf8");
  const files = new Map([["docs/reference.md", renderReference(root)], ...modelCards()]);
  for (const file of globSync("docs/*.md", { cwd: root }).sort()) {
    if (!files.has(file)) files.set(file, withRegions(read(file)));
  }
  const made = [speedTables(read("bench/results/steps.csv")), browserTable(read("bench/results/browsers.jsonl"))].join(
    "\n\n",
  );
  files.set(
    "README.md",
    read("README.md").replace(table, (_, begin: string) => `${begin}\n${made}\n`),
  );
  return files;
}

function withRegions(text: string): string {
  return text.replace(region, (_, kind: string, name: string) => {
    const made = makers[kind as keyof typeof makers](name);
    return `<!-- ${kind} ${name} -->\n\n${made}\n<!-- /${kind} -->`;
  });
}

const makers = { example, help, table: (name: string) => `${tableNamed(name)}\n` };

function tableNamed(name: string): string {
  return name === "zoo" ? zooTable() : releaseTable(readFileSync(join(root, "bench/results/release.csv"), "utf8"));
}

function example(name: string): string {
  return `\`\`\`${extname(name).slice(1)}\n${readFileSync(join(root, "examples", name), "utf8")}\`\`\`\n`;
}

function help(command: string): string {
  const text = helpTexts.get(command);
  if (text === undefined) throw new Error(`there is no command ${command}`);
  return `\`\`\`\n${text}\n\`\`\`\n`;
}

if (import.meta.main) for (const [file, text] of buildDocs()) writeFileSync(join(root, file), text);

/** The code of the documentation: commands line by line, and programs, page by page. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Page {
  readonly path: string;
  readonly text: string;
  readonly steps: readonly Step[];
}

/** A command line without its comment, or a program. */
export interface Step {
  readonly kind: "command" | "program";
  readonly code: string;
}

/** Blocks that `npm run docs` fills from files and help, which have tests of their own. */
const generated = /<!-- (example|help) .*? -->[\s\S]*?<!-- \/\1 -->/g;
const block = /^```(sh|ts)\n([\s\S]*?)^```$/gm;

export function readPage(path: string): Page {
  const text = readFileSync(`${root}/${path}`, "utf8");
  const blocks = Array.from(text.replace(generated, "").matchAll(block), ([, language, code = ""]): Step[] =>
    language === "ts" ? [{ kind: "program", code }] : commandsOf(code),
  );
  return { path, text, steps: blocks.flat() };
}

function commandsOf(code: string): Step[] {
  const lines = code.replaceAll("\\\n", " ").split("\n");
  const commands = lines.flatMap((line) => line.replace(/(^| +)#.*$/, "").split(/ (?:&&|·) /));
  return commands.flatMap((text) => (text.trim() === "" ? [] : [{ kind: "command", code: text.trim() }]));
}

/** The words of a command line, quotes removed. */
export function wordsOf(command: string): readonly string[] {
  return Array.from(command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g), ([, one, two, plain]) => one ?? two ?? plain ?? "");
}

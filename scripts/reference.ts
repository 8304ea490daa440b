/** The API reference in Markdown: the exports of the library's entries, from the compiler's declarations. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseSync } from "vite";

/** The entries and their modules. */
const entries = {
  movinet: "index.node",
  "movinet in a browser": "index.web",
  "movinet/session": "index.session.node",
  "movinet/formats": "index.formats",
  "movinet/files": "index.files.node",
  "movinet/video": "index.video.node",
  "movinet/graph": "index.graph",
  "movinet/watch": "index.watch.node",
  "movinet/train": "index.train.node",
} as const;

interface Exported {
  readonly name: string;
  /** Path of the declaring module in `src`, without extension. */
  readonly path: string;
  readonly doc: string;
  readonly declarations: readonly string[];
}

export function renderReference(root: string): string {
  const library = join(root, "packages/movinet");
  const folder = mkdtempSync(join(tmpdir(), "movinet-reference-"));
  try {
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const flags = ["--emitDeclarationOnly", "--declaration", "--outDir", folder];
    execFileSync(process.execPath, [tsc, "-p", join(library, "tsconfig.build.json"), ...flags], { stdio: "pipe" });
    return render(Object.entries(entries).map(([title, entry]) => ({ title, members: exportsOf(folder, entry) })));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function names(exported: readonly Exported[]): ReadonlySet<string> {
  return new Set(exported.map(({ name }) => name));
}

/** The exports of a module; re-exports are followed to their declarations. */
function exportsOf(folder: string, path: string): readonly Exported[] {
  const text = readFileSync(join(folder, `${path}.d.ts`), "utf8");
  const { program, comments } = parseSync(`${path}.d.ts`, text);
  const found = new Map<string, Exported>();
  for (const statement of program.body) {
    if (
      statement.type === "ExportAllDeclaration" ||
      (statement.type === "ExportNamedDeclaration" && statement.source)
    ) {
      const module = join(dirname(path), (statement.source?.value ?? "").replace(/\.[jt]s$/, ""));
      const all = exportsOf(folder, module);
      const wanted =
        statement.type === "ExportAllDeclaration" ? names(all) : new Set(statement.specifiers.map(exportedName));
      for (const one of all) if (wanted.has(one.name)) found.set(one.name, one);
    } else if (statement.type === "ExportNamedDeclaration" && statement.declaration) {
      const { declaration } = statement;
      const id =
        "declarations" in declaration ? declaration.declarations[0]?.id : "id" in declaration ? declaration.id : null;
      if (id?.type !== "Identifier") continue;
      const comment = comments.findLast(
        ({ end }) => end <= statement.start && !text.slice(end, statement.start).trim(),
      );
      const before = found.get(id.name);
      found.set(id.name, {
        name: id.name,
        path,
        doc: before?.doc ?? (comment?.value.startsWith("*") ? plainDoc(comment.value) : ""),
        declarations: [...(before?.declarations ?? []), publicPart(text.slice(statement.start, statement.end))],
      });
    }
  }
  return [...found.values()];
}

function exportedName(specifier: { exported: { type: string; name?: string; value?: string } }): string {
  return specifier.exported.name ?? specifier.exported.value ?? "";
}

/** A declaration for users: without module keywords and private members. */
function publicPart(text: string): string {
  return text
    .replace(/^export (declare )?/, "")
    .replace(/^\s*(\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*)?(#private|private [^;]*);\n/gm, "")
    .replace(/\{@link ([\w.]+)\}/g, "`$1`")
    .replace(/^( {4})+/gm, (indent) => " ".repeat(indent.length / 2));
}

function plainDoc(comment: string): string {
  return comment
    .slice(1)
    .replace(/^\s*\* ?/gm, "")
    .replace(/^@param (\S+)/gm, "- `$1`:")
    .trim();
}

interface Chapter {
  readonly title: string;
  readonly members: readonly Exported[];
}

function render(chapters: readonly Chapter[]): string {
  const known = names(chapters.flatMap(({ members }) => members));
  const link = (doc: string) =>
    doc.replace(/\{@link ([\w.]+)\}/g, (_, name: string) =>
      known.has(name) ? `[\`${name}\`](#${name.toLowerCase()})` : `\`${name}\``,
    );
  const described = new Set<string>();
  const texts = chapters.map(({ title, members }) => {
    const own = members.filter(({ name, path }) => !described.has(`${path} ${name}`));
    for (const { name, path } of own) described.add(`${path} ${name}`);
    const parts = own
      .toSorted((a, b) => rank(a) - rank(b))
      .map(({ name, doc, declarations }) => {
        const text = [`### ${name}`, link(doc), `\`\`\`ts\n${declarations.join("\n")}\n\`\`\``];
        return text.filter((part) => part !== "").join("\n\n");
      });
    return `## ${title}\n\n${parts.join("\n\n")}\n`;
  });
  const anchor = (title: string) => title.replaceAll("/", "").replaceAll(" ", "-");
  const contents = chapters.map(({ title, members }) => `- [\`${title}\`](#${anchor(title)}): ${members.length} names`);
  const head =
    "# API reference\n\n_Made by `npm run docs` from the library's declarations; do not edit._ The guides are [here](README.md).";
  return `${head}\n\n${contents.join("\n")}\n\n${texts.join("\n")}`;
}

/** Functions and classes come before the types they use. */
function rank({ declarations }: Exported): number {
  return /^(async )?function|^class/.test(declarations[0] ?? "") ? 0 : /^const/.test(declarations[0] ?? "") ? 1 : 2;
}

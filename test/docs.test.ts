/** The documentation is true: generated parts are up to date, code compiles, links and anchors exist, codes are complete. */
import { execFile } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import manifest from "../packages/movinet/package.json" with { type: "json" };
import { buildDocs } from "../scripts/docs.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const pages = globSync(["*.md", "{docs,bench,examples}/**/*.md", "{packages,apps}/*/*.md"], { cwd: root }).sort();
const read = (path: string) => readFileSync(join(root, path), "utf8");
const withoutCode = (text: string) => text.replace(/^```[\s\S]*?^```$/gm, "");

/** The anchors of a page's headings, as forges make them. */
function anchorsOf(path: string): ReadonlySet<string> {
  const headings = withoutCode(read(path)).matchAll(/^#+ (.*)$/gm);
  return new Set(
    Array.from(headings, ([, title = ""]) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_ -]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

test("what is generated is up to date (else: npm run docs)", () => {
  for (const [path, text] of buildDocs()) expect(read(path), path).toBe(text);
});

test("each model of the zoo has a page, and nothing else has", () => {
  const made = [...buildDocs().keys()].filter((path) => path.startsWith("docs/models/"));
  expect(globSync("docs/models/*", { cwd: root }).sort()).toEqual(made.sort());
});

test("the reference has every export", async () => {
  const anchors = anchorsOf("docs/reference.md");
  const entries = Object.keys(manifest.exports).map((path) => path.replace(/^\./, "movinet"));
  const modules = (await Promise.all(entries.map((entry) => import(entry)))) as readonly object[];
  const missing = modules.flatMap(Object.keys).filter((name) => !anchors.has(name.toLowerCase()));
  expect(missing).toEqual([]);
  for (const type of ["classification", "frame", "card", "streamstate", "videooptions"])
    expect(anchors).toContain(type);
  expect(read("docs/reference.md")).not.toMatch(/#private|^ *private |\{@link/m);
});

test("the front door has at most 40 names, all entries together at most 160", () => {
  const lines = read("docs/reference.md").matchAll(/^- \[`.*`\]\(#.*\): (\d+) names$/gm);
  const counts = Array.from(lines, ([, count]) => Number(count));
  expect(counts).toHaveLength(Object.keys(manifest.exports).length + 1);
  const [front = 0, inBrowser = 0] = counts;
  expect(front).toBeLessThanOrEqual(40);
  expect(counts.reduce((sum, count) => sum + count, 0) - inBrowser).toBeLessThanOrEqual(160);
});

describe("links between pages", () => {
  test.each(pages)("%s", (page) => {
    const links = withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g);
    const broken = Array.from(links, ([, link = ""]) => link).filter((link) => {
      if (/^[a-z]+:/.test(link)) return false;
      const [path = "", anchor] = link.split("#", 2);
      const target = path === "" ? page : relative(root, join(root, dirname(page), path));
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && !anchorsOf(target).has(anchor);
    });
    expect(broken).toEqual([]);
  });
});

test("the page of errors has every code, and no other", () => {
  const sources = globSync("{packages,apps}/*/src/**/*.ts", { cwd: root });
  const codes = sources.flatMap((path) =>
    Array.from(read(path).matchAll(/"(E_[A-Z]+(?:_[A-Z]+)*)"/g), ([, code]) => code),
  );
  const documented = Array.from(read("docs/errors.md").matchAll(/\| `(E_[A-Z_]+)`/g), ([, code]) => code);
  expect(documented.toSorted()).toEqual([...new Set(codes)].toSorted());
});

test("the page on where it runs names the versions that the clients' tests install", () => {
  const table = Array.from(read("docs/where-it-runs.md").matchAll(/^\|.*$/gm), String).join("\n");
  const named = new Set(Array.from(table.matchAll(/\b\d+\.\d+\.\d+\b|\b20\d{6}\b/g), String));
  const sources = globSync(["test/clients/*.ts", "test/clients/tract/Cargo.toml", "package.json"], { cwd: root });
  const installed = sources.map(read).join("\n");
  expect(named.size).toBeGreaterThan(20);
  expect(
    [...named].filter((version) => !new RegExp(`\\b${version.replaceAll(".", "\\.")}\\b`).test(installed)),
  ).toEqual([]);
});

const inBrowsers = (page: string) => page === "docs/browsers.md";

test.each([
  ["Node", pages.filter((page) => !inBrowsers(page)), [], 6],
  ["a browser", pages.filter(inBrowsers), ["browser"], 2],
] as const)("code in the pages compiles for %s", { timeout: 60_000 }, async (_, shown, customConditions, least) => {
  const folder = await mkdtemp(join(tmpdir(), "movinet-docs-"));
  try {
    await symlink(join(root, "node_modules"), join(folder, "node_modules"), "junction");
    await writeFile(join(folder, "package.json"), '{ "type": "module" }');
    const blocks = shown.flatMap((page) =>
      Array.from(read(page).matchAll(/^```ts\n(import [\s\S]*?)^```$/gm), ([, code = ""], i) => {
        const name = `${page.replaceAll(/\W/g, "-")}-${i}.ts`;
        return { name, code };
      }),
    );
    expect(blocks.length).toBeGreaterThanOrEqual(least);
    for (const { name, code } of blocks) await writeFile(join(folder, name), code);
    const extending = { extends: join(root, "tsconfig.json"), include: ["*.ts"], exclude: [] };
    const compilerOptions = { lib: ["esnext", "dom"], types: ["node"], noUnusedLocals: false, customConditions };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ ...extending, compilerOptions }));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const output = await new Promise<string>((resolve) => {
      execFile(process.execPath, [tsc, "-p", folder], (_, stdout, stderr) => resolve(stdout + stderr));
    });
    expect(output).toBe("");
  } finally {
    await rm(folder, { recursive: true });
  }
});

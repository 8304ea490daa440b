/**
 * `npm run pack [-- FOLDER]`: compiles the packages and packs their tarballs into FOLDER (default `dist`). What is packed
 * is staged in each package's `dist`, which is also what `npm publish` takes (docs/releasing.md).
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { minifySync } from "rolldown/utils";
import { type Manifest, publicManifest } from "./release.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const folders = ["packages/movinet", "apps/cli"];
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");

/** Compiles both packages (the command line against the library's declarations) and returns the staged folders. */
export function stagePackages(): readonly string[] {
  const stagedFolders = folders.map((folder) => {
    const source = join(root, folder);
    const staged = join(source, "dist");
    rmSync(staged, { recursive: true, force: true });
    execFileSync(process.execPath, [tsc, "-p", join(source, "tsconfig.build.json")], { stdio: "inherit" });
    for (const file of globSync("lib/**/*.d.ts", { cwd: staged })) {
      const path = join(staged, file);
      const text = readFileSync(path, "utf8").replace(/(from |import\()"(\.[^"]*)\.ts"/g, '$1"$2.js"');
      // Compiling for an older ECMAScript lacks these types.
      const disposable = /\bAsyncDisposable\b|\bSymbol\.(asyncDispose|dispose)\b/.test(text);
      writeFileSync(path, disposable ? `/// <reference lib="esnext.disposable" />\n${text}` : text);
    }
    const manifest = JSON.parse(readFileSync(join(source, "package.json"), "utf8")) as Manifest;
    if (manifest.exports) manifest.exports = compiled(manifest.exports);
    writeFileSync(join(staged, "package.json"), `${JSON.stringify(publicManifest(manifest, folder), null, 2)}\n`);
    for (const part of ["bin", "models"]) {
      if (existsSync(join(source, part))) cpSync(join(source, part), join(staged, part), { recursive: true });
    }
    cpSync(join(source, "README.md"), join(staged, "README.md"));
    cpSync(join(root, "LICENSE"), join(staged, "LICENSE"));
    return staged;
  });
  for (const staged of stagedFolders) makeSmall(staged);
  return stagedFolders;
}

/** Tells bundlers to leave the import of an address to the browser. */
const leftToBrowser = "/* @vite-ignore */ /* webpackIgnore: true */";

/** Restores what tsc and packing make of such an import. */
function withImport(code: string): string {
  const restored = code.replace("import(__rewriteRelativeImportExtension(url))", `import(${leftToBrowser} url)`);
  if (restored === code) throw new Error("an import that is left to the browser is not found again");
  return restored;
}

/** Removes indentation, comments from JavaScript, declarations that no entry refers to, and comments of those that none exports. */
function makeSmall(staged: string): void {
  for (const file of globSync("lib/**/*.js", { cwd: staged })) {
    const path = join(staged, file);
    const code = readFileSync(path, "utf8");
    const options = { compress: false, mangle: false, codegen: { removeWhitespace: false } } as const;
    if (/^\t/m.test(code)) throw new Error(`${file}: a text has a line that begins with a tab, which packing removes`);
    const small = minifySync(file, code, options).code.replace(/^\t+/gm, "").replace(namedImport, withoutSpaces);
    writeFileSync(path, code.includes(leftToBrowser) ? withImport(small) : small);
  }
  const declarations = globSync("lib/**/*.d.ts", { cwd: staged }).map((file) => join(staged, file));
  const entries = declarations.filter((path) => /lib[/\\]index\.[^/\\]*$/.test(path));
  const importsOf = (path: string) => {
    const found = readFileSync(path, "utf8").matchAll(/(?:from |import\()"(\.[^"]*)\.js"/g);
    return Array.from(found, ([, from = ""]) => join(dirname(path), `${from}.d.ts`));
  };
  const exported = new Set(entries.flatMap((path) => [path, ...importsOf(path)]));
  const needed = new Set(exported);
  for (const path of needed) for (const other of importsOf(path)) needed.add(other);
  for (const path of declarations) {
    if (!needed.has(path)) {
      rmSync(path);
      continue;
    }
    const text = readFileSync(path, "utf8");
    writeFileSync(path, (exported.has(path) ? text : text.replace(comment, "")).replace(/^ +/gm, ""));
  }
}

const namedImport = /^(import|export) \{ (.*) \} from ("[^"]*");$/gm;
const withoutSpaces = (_line: string, word: string, names: string, from: string) =>
  `${word}{${names.replaceAll(", ", ",")}}from${from};`;

/** A comment of a declaration, with its line. */
const comment = /^[^\S\n]*\/\*\*[\s\S]*?\*\/\n?/gm;

/** The exports map with every `./src/x.ts` replaced by its compiled file. */
function compiled(exports: unknown): unknown {
  if (typeof exports !== "string") {
    return Object.fromEntries(Object.entries(exports as object).map(([key, value]) => [key, compiled(value)]));
  }
  const path = exports.replace(/^\.\/src\//, "./lib/").replace(/\.ts$/, "");
  return { types: `${path}.d.ts`, default: `${path}.js` };
}

/** Packs the staged folders and returns the tarballs. */
export function packPackages(out: string): readonly string[] {
  mkdirSync(out, { recursive: true });
  const options = { encoding: "utf8", cwd: root, shell: process.platform === "win32" } as const;
  return stagePackages().map((staged) => {
    const printed = execFileSync("npm", ["pack", staged, "--pack-destination", out, "--json"], options);
    const [{ filename, size }] = JSON.parse(printed) as [{ filename: string; size: number }];
    console.error(`${join(out, filename)}  ${(size / 1000).toFixed(0)} kB`);
    return join(out, filename);
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  packPackages(resolve(process.argv[2] ?? join(root, "dist")));
}

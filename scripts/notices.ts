/**
 * `npm run notices`: writes THIRD_PARTY_NOTICES.txt, the licences of everything that `movinet` and `@movinet/cli` install,
 * optional peers included. Packages and versions come from package-lock.json, licence texts from what is installed.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
export const noticesFile = "THIRD_PARTY_NOTICES.txt";
const published = ["packages/movinet", "apps/cli"];

interface Locked {
  readonly version?: string;
  readonly license?: string;
  readonly link?: boolean;
  readonly cpu?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** A package that is installed with ours. */
export interface Dependency {
  readonly name: string;
  readonly version: string;
  /** As its package.json says; null where it does not. */
  readonly licence: string | null;
  /** What is in its licence files; null where it has none. */
  readonly text: string | null;
  /** Packages of the same project that hold its programs for one system each. */
  readonly binaries: readonly string[];
}

/** The notices, the same on every system. */
export function buildNotices(): string {
  const dependencies = findDependencies();
  const withText = dependencies.filter(({ text }) => text !== null);
  const texts = Map.groupBy(withText, ({ text }) => (text as string).replace(/\s+/g, " "));
  const sections = [...texts.values()].map((group) => {
    const [{ text } = { text: "" }] = group;
    return [group.map(title).join("\n"), "", text].join("\n");
  });
  const without = dependencies.filter(({ text }) => text === null);
  return [
    "Third-party notices of movinet and @movinet/cli",
    "",
    "The two packages (Apache-2.0) hold their own code, WebAssembly that AssemblyScript (Apache-2.0) compiled from it, and",
    "the class names of Kinetics-600 in the order of tensorflow/models (Apache-2.0). npm installs the packages below with",
    "them, each under its own licence; optional peers of the library are included. Made by `npm run notices` from",
    "package-lock.json; do not edit.",
    "",
    "node-av's binaries contain FFmpeg, built with --enable-gpl --enable-version3, although their package.json says MIT:",
    "docs/licences.md has what follows.",
    "",
    ...licenceCounts(dependencies),
    "",
    rule,
    "Packages without a licence text of their own; the licence is the one that their package.json names.",
    "",
    ...without.map(title),
    ...sections.flatMap((section) => [rule, section]),
    "",
  ].join("\n");
}

const rule = `\n${"-".repeat(80)}\n`;

function title({ name, version, licence, binaries }: Dependency): string {
  const also = binaries.length === 0 ? "" : `\n  with binaries in ${binaries.join(", ")}`;
  return `${name} ${version} (${licence ?? "see its text"})${also}`;
}

function licenceCounts(dependencies: readonly Dependency[]): string[] {
  const groups = Map.groupBy(dependencies, ({ licence }) => licence ?? "named in the text alone");
  const counts = Array.from(groups, ([licence, { length }]) => ({ licence, length }));
  counts.sort((a, b) => b.length - a.length || (a.licence < b.licence ? -1 : 1));
  return [`${dependencies.length} packages:`, ...counts.map(({ licence, length }) => `  ${licence}: ${length}`)];
}

/** Everything that the published packages depend on, by name and version. */
export function findDependencies(): readonly Dependency[] {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, Locked>>;
  };
  const found = new Map<string, Dependency>();
  const walk = (path: string) => {
    const { dependencies, optionalDependencies, peerDependencies } = packages[path] as Locked;
    const peers = published.includes(path) ? peerDependencies : {};
    const binaries: string[] = [];
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peers })) {
      const place = placeOf(packages, path, name);
      if (place === null) continue;
      const locked = packages[place] as Locked;
      if (locked.cpu) binaries.push(`${name} ${locked.version} (${locked.license})`);
      else if (!found.has(place) && !locked.link) {
        found.set(place, { name, version: locked.version ?? "", licence: locked.license ?? null, ...walk(place) });
      }
    }
    return { text: licenceText(path), binaries };
  };
  for (const path of published) walk(path);
  const unique = new Map(Array.from(found.values(), (one) => [`${one.name} ${one.version}`, one]));
  return [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

/** Where npm has put a dependency of the package at `path`: as near to it as there is one. */
function placeOf(packages: Readonly<Record<string, Locked>>, path: string, name: string): string | null {
  for (let from = path; ; ) {
    const place = from === "" ? `node_modules/${name}` : `${from}/node_modules/${name}`;
    if (packages[place]) return place;
    if (from === "") return null;
    const outer = from.lastIndexOf("/node_modules/");
    from = outer === -1 ? "" : from.slice(0, outer);
  }
}

function licenceText(path: string): string | null {
  const folder = join(root, path);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const files = names.filter((name) => /^(licen[cs]e|copying|notice|third.?party)/i.test(name)).sort();
  const texts = files.map((file) =>
    readFileSync(join(folder, file), "utf8")
      .replace(/\r\n?/g, "\n")
      .replace(/[ \t]+$/gm, "")
      .trim(),
  );
  return texts.length === 0 ? null : texts.join("\n\n");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  writeFileSync(join(root, noticesFile), buildNotices());
}

/** A YAML file read strictly: every value knows its line, and what it must be. */
import { readUserFile } from "movinet/files";
import { nearest } from "../nearest.ts";
import { UsageError } from "../usage.ts";

const mostBytes = 2 ** 20;

/** Reads a value as a `T`, or refuses it. */
export type Read<T> = (value: YamlValue) => T;

/** The keys of a mapping, and how their values are read. */
type Fields = Readonly<Record<string, Read<unknown>>>;
type ReadFields<F extends Fields> = { readonly [K in keyof F]?: ReturnType<F[K]> };

/** Plain data with lines: `yaml` is known to this file alone. */
type Node =
  | { readonly kind: "scalar"; readonly value: string | number | boolean | null; readonly line: number }
  | { readonly kind: "list"; readonly items: readonly Node[]; readonly line: number }
  | { readonly kind: "map"; readonly entries: ReadonlyMap<string, Entry>; readonly line: number };
interface Entry {
  readonly line: number;
  readonly node: Node;
}

/** A value in a file. No error shows a text that may be a secret. */
export class YamlValue {
  readonly #file: string;
  readonly #node: Node;
  readonly #env: NodeJS.ProcessEnv;
  /** Its key, or what it is called in errors. */
  readonly name: string;

  constructor(file: string, node: Node, name: string, env: NodeJS.ProcessEnv) {
    this.#file = file;
    this.#node = node;
    this.name = name;
    this.#env = env;
  }

  get line(): number {
    return this.#node.line;
  }

  get isMap(): boolean {
    return this.#node.kind === "map";
  }

  get isText(): boolean {
    return this.#node.kind === "scalar" && typeof this.#node.value === "string";
  }

  fail(problem: string, remedy = "", line = this.line): UsageError {
    return new UsageError(this.#file, `line ${line}: ${problem}`, remedy);
  }

  /** A text that is not empty, with `${NAME}` replaced by the environment variable; `$${` stands for `${`. */
  text(): string {
    const node = this.#node;
    if (node.kind !== "scalar" || typeof node.value !== "string" || node.value.trim() === "") {
      throw this.fail(
        `${this.name} must be a text`,
        node.kind === "scalar" && node.value !== null ? "Put it in quotes" : "",
      );
    }
    return node.value.replace(/\$(\$\{)|\$\{([^}]*)\}/g, (_, escaped: string | undefined, name: string) => {
      if (escaped) return escaped;
      if (!/^[A-Za-z_]\w*$/.test(name)) throw this.fail(`${this.name} has a \${…} without the name of a variable`);
      const value = this.#env[name];
      if (value === undefined || value === "") {
        throw this.fail(
          `the environment variable ${name} is not set`,
          `Set it, or write $\${${name}} for the text itself`,
        );
      }
      return value;
    });
  }

  number(rule: string, isRight: (value: number) => boolean): number {
    const node = this.#node;
    const value = node.kind === "scalar" ? node.value : null;
    if (typeof value === "number" && isRight(value)) return value;
    throw this.fail(`${this.name} must be ${rule}${typeof value === "number" ? `, got ${value}` : ""}`);
  }

  boolean(): boolean {
    const node = this.#node;
    if (node.kind === "scalar" && typeof node.value === "boolean") return node.value;
    throw this.fail(`${this.name} must be true or false`);
  }

  choice<T extends string>(choices: readonly T[]): T {
    const text = this.isText ? this.text() : "";
    const found = choices.find((one) => one === text);
    if (found !== undefined) return found;
    const meant = nearest(text, choices);
    throw this.fail(`${this.name} must be ${choices.join(" or ")}`, meant === null ? "" : `Did you mean ${meant}?`);
  }

  list<T>(read: Read<T>, least = 0): readonly T[] {
    const node = this.#node;
    if (node.kind !== "list") throw this.fail(`${this.name} must be a list`, "Begin each item with a dash");
    if (node.items.length < least) throw this.fail(`${this.name} must have at least ${least} item`);
    return node.items.map((item) => read(new YamlValue(this.#file, item, `an item of ${this.name}`, this.#env)));
  }

  /** A mapping with these keys, and no others. */
  map<F extends Fields>(fields: F, required: readonly (keyof F & string)[] = []): ReadFields<F> {
    const known = Object.keys(fields);
    const read = this.entries().map(([key, value, line]) => {
      const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
      if (field) return [key, field(value)] as const;
      const meant = nearest(key, known);
      const remedy = meant === null ? `Use ${known.join(", ")}` : `Did you mean ${meant}?`;
      throw this.fail(`unknown key ${JSON.stringify(key)} in ${this.name}`, remedy, line);
    });
    const missing = required.find((key) => !read.some(([own]) => own === key));
    if (missing !== undefined) throw this.fail(`${this.name} has no ${missing}`, "Add it");
    return Object.fromEntries(read) as ReadFields<F>;
  }

  /** The keys of a mapping with their values and lines, whatever they are. */
  entries(): readonly (readonly [key: string, value: YamlValue, line: number])[] {
    const node = this.#node;
    if (node.kind !== "map") throw this.fail(`${this.name} must have keys and values`);
    return Array.from(node.entries, ([key, { node, line }]) => {
      return [key, new YamlValue(this.#file, node, key, this.#env), line] as const;
    });
  }
}

/** Reads a file. Throws a {@link UsageError} for one that cannot be read or is no YAML. */
export async function readYaml(path: string, name: string, env: NodeJS.ProcessEnv = process.env): Promise<YamlValue> {
  const refuse = (problem: string, remedy: string) => new UsageError(path, problem, remedy);
  const text = new TextDecoder().decode(await readUserFile(path, { most: mostBytes, refuse }));
  const { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  // Its messages without excerpts, which may contain passwords.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, strict: true, merge: false });
  const lineOf = (offset: number) => lines.linePos(offset).line;
  const fail = (offset: number, problem: string) => new UsageError(path, `line ${lineOf(offset)}: ${problem}`);
  const [error] = [...document.errors, ...document.warnings];
  if (error)
    throw fail(
      error.pos[0],
      error.code === "DUPLICATE_KEY" ? "a key is given twice" : `it is not valid YAML (${error.code})`,
    );
  const convert = (node: unknown, offset: number): Node => {
    const start = (node as { readonly range?: readonly number[] } | null)?.range?.[0] ?? offset;
    const line = lineOf(start);
    if (isAlias(node)) throw fail(start, "aliases (*name) are not supported");
    if (isSeq(node)) return { kind: "list", line, items: node.items.map((item) => convert(item, start)) };
    if (isMap(node)) {
      const entries = node.items.map(({ key, value }) => {
        const at = (key as { readonly range?: readonly number[] }).range?.[0] ?? start;
        if (!isScalar(key)) throw fail(at, "a key must be a text");
        return [String(key.value), { line: lineOf(at), node: convert(value, at) }] as const;
      });
      return { kind: "map", line, entries: new Map(entries) };
    }
    const value = isScalar(node) ? node.value : null;
    const isPlain = value === null || ["string", "number", "boolean"].includes(typeof value);
    if (!isPlain) throw fail(start, "this kind of value is not supported");
    return { kind: "scalar", line, value: value as string | number | boolean | null };
  };
  if (document.contents === null) throw new UsageError(path, "it is empty", "Add cameras");
  return new YamlValue(path, convert(document.contents, 0), name, env);
}

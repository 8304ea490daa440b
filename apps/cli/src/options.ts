/** Options of a command as data: help, parsing, the types of their values, and what is said of wrong ones follow from them. */
import type { ArgsDef } from "citty";
import type { Fit } from "movinet";
import { UsageError } from "./usage.ts";

/** An option, or an argument without a name, whose value is a `T`. */
export interface Option<T> {
  readonly kind: "value" | "flag" | "argument" | "arguments";
  readonly description: string;
  /** What stands for the value in help; default: the name. */
  readonly hint?: string | undefined;
  /** The default that help tells. */
  readonly usual?: string | undefined;
  /** What `--no-NAME` does, where that is more than leaving the option out. */
  readonly negative?: string | undefined;
  /** Whether an argument must be given. */
  readonly required?: boolean;
  /** Takes what was given for it from `given`, which may be empty, and throws a {@link UsageError} for a wrong value. */
  read(given: string[], name: string): T;
}

/** Options by name: `learningRate` is given as `--learning-rate`. */
export type Options = Readonly<Record<string, Option<unknown>>>;
export type ValuesOf<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

/** An option with a value of its own sort, which `parse` reads or refuses; undefined where nothing is given. */
export function parsed<T>(
  description: string,
  parse: (text: string, name: string) => T,
  hint?: string,
): Option<T | undefined> {
  const read = ([text]: string[], name: string) => (text === undefined ? undefined : parse(text, name));
  return { kind: "value", description, hint, read };
}

/** An option with a default, which help tells unless it is null. */
export function usually<const D extends string | number | null, T>(
  usual: D,
  option: Option<T | undefined>,
): Option<NonNullable<T> | D> {
  const read = (given: string[], name: string) => option.read(given, name) ?? usual;
  return { ...option, usual: usual === null ? undefined : String(usual), read };
}

export function text(description: string, hint?: string): Option<string | undefined> {
  return parsed(description, (text) => text, hint);
}

/** A whole number from `least` to `most`. */
export function count(description: string, least = 1, most = Infinity): Option<number | undefined> {
  return parsed(description, (text, name) => {
    const number = Number(text);
    if (text.trim() !== "" && Number.isInteger(number) && number >= least) return atMost(text, number, most, name);
    const problem = `${JSON.stringify(text)} is no whole number of at least ${least}`;
    throw new UsageError(name, problem, `Give ${name} a number`);
  });
}

/** Threads of a network or a training: more than any machine has are a mistake. */
export function threads(description: string): Option<number | undefined> {
  return count(description, 1, 1024);
}

/** A number above 0 and of at most `most`. */
export function positive(description: string, most = Infinity): Option<number | undefined> {
  return parsed(description, (text, name) => readPositive(text, name, most));
}

export function readPositive(text: string, name: string, most = Infinity): number {
  const number = Number(text);
  if (text.trim() !== "" && Number.isFinite(number) && number > 0) return atMost(text, number, most, name);
  throw new UsageError(name, `${JSON.stringify(text)} is no positive number`, `Give ${name} a number above 0`);
}

function atMost(text: string, number: number, most: number, name: string): number {
  if (number <= most) return number;
  throw new UsageError(name, `${text} is more than ${most}, which is the most`, "Give a smaller number");
}

/** One of a few words. */
export function choice<const T extends string>(
  description: string,
  choices: readonly T[],
  hint = choices.join("|"),
): Option<T | undefined> {
  return parsed(description, (text, name) => readChoice(text, name, choices), hint);
}

/** Some of a few words, with commas between them. */
export function list<const T extends string>(description: string, choices: readonly T[]): Option<readonly T[]> {
  const parse = (text: string, name: string) => text.split(",").map((one) => readChoice(one.trim(), name, choices));
  return { kind: "value", description, read: ([text], name) => (text === undefined ? [] : parse(text, name)) };
}

function readChoice<T extends string>(text: string, name: string, choices: readonly T[]): T {
  const found = choices.find((one) => one === text);
  if (found !== undefined) return found;
  throw new UsageError(name, `there is no ${JSON.stringify(text)}`, `Use ${choices.join(", ")}`);
}

export function flag(description: string): Option<boolean> {
  return { kind: "flag", description, read: ([text]) => text === "true" };
}

/** A flag whose `--no-NAME` says more than nothing does. */
export function either(description: string, negative: string): Option<boolean | undefined> {
  const read = ([text]: string[]) => (text === undefined ? undefined : text === "true");
  return { kind: "flag", description, negative, read };
}

export function argument(description: string): Option<string> {
  return { kind: "argument", description, required: true, read: (given) => given.shift() ?? "" };
}

/** All arguments that are left. */
export function rest(description: string, { required = false } = {}): Option<readonly string[]> {
  return { kind: "arguments", description, required, read: (given) => given.splice(0) };
}

/** `--fit` of commands that look at videos. */
export const fitOption = choice(
  "How a picture becomes the network's input: crop, squash or pad (default: as the model was trained)",
  ["crop", "squash", "pad"] as const satisfies readonly Fit[],
);

const device = text(
  "What computes: cpu or another device of ONNX Runtime, wasm, litert, reference, or auto (cpu, else wasm)",
);

export const deviceOption = usually("auto", device);

/** `--device` of what is measured: it must be what it is called. */
export const measuredDeviceOption = usually("cpu", device);

/** Options as the renderer of help takes them. */
export function helpOf(options: Options): ArgsDef {
  const entries = Object.entries(options).map(([name, { kind, description, hint, usual, negative }]) => {
    const more = {
      ...(hint === undefined ? {} : { valueHint: hint }),
      ...(usual === undefined ? {} : { default: usual }),
      ...(negative === undefined ? {} : { negativeDescription: negative }),
    };
    const type = kind === "value" ? "string" : kind === "flag" ? "boolean" : "positional";
    return [dashed(name), { type, description, required: false, ...more }] as const;
  });
  return Object.fromEntries(entries) as ArgsDef;
}

/** What a command takes, beside its options. */
export interface Usage {
  readonly name: string;
  /** What is wrong where its arguments are too few or too many. */
  readonly takes: string;
  /** Its command line, for example. */
  readonly example: string;
}

/**
 * The values of a command line: of a command's own options, and of those that it has in common with all. Throws a
 * {@link UsageError} for what is no option, given twice, or wrong.
 */
export function parseOptions<O extends Options, C extends Options>(
  args: readonly string[],
  own: O,
  common: C,
  usage: Usage,
): readonly [ValuesOf<O>, ValuesOf<C>] {
  const { given, others } = sortArguments(args, { ...own, ...common });
  const places = Object.values(own).filter((option) => !isNamed(option));
  const least = places.filter(({ required }) => required).length;
  const most = places.some(({ kind }) => kind === "arguments") ? Infinity : places.length;
  if (others.length < least || others.length > most) throw wrongArguments(usage);
  const valuesOf = <P extends Options>(options: P) => {
    const values = Object.entries(options).map(([name, option]) => {
      return [name, option.read(isNamed(option) ? (given.get(name) ?? []) : others, `--${dashed(name)}`)];
    });
    return Object.fromEntries(values) as ValuesOf<P>;
  };
  return [valuesOf(own), valuesOf(common)];
}

function isNamed({ kind }: Option<unknown>): boolean {
  return kind === "value" || kind === "flag";
}

export function wrongArguments({ name, takes, example }: Usage): UsageError {
  return new UsageError(name, takes, `Run for example: movinet ${example}`);
}

/** What was given for each option, and the arguments that are none. */
function sortArguments(args: readonly string[], options: Options) {
  const names = Object.keys(options).filter((name) => isNamed(options[name] as Option<unknown>));
  const find = (flag: string) => {
    const plain = names.find((name) => `--${dashed(name)}` === flag);
    const negated = names.find((name) => `--no-${dashed(name)}` === flag && options[name]?.kind === "flag");
    return { name: plain ?? negated, is: plain !== undefined };
  };
  const given = new Map<string, string[]>();
  const others: string[] = [];
  const left = [...args];
  for (let arg = left.shift(); arg !== undefined; arg = left.shift()) {
    if (arg === "--") others.push(...left.splice(0));
    else if (!arg.startsWith("-") || arg === "-") others.push(arg);
    else {
      const [, flag = arg, value] = /^([^=]*)=(.*)$/s.exec(arg) ?? [];
      const { name, is } = find(flag);
      if (name === undefined) {
        const known = names.map((name) => `--${dashed(name)}`).join(", ");
        throw new UsageError(flag, "there is no such option", `Use one of: ${known}`);
      }
      if (given.has(name)) throw new UsageError(`--${dashed(name)}`, "it is given twice", "Give it once");
      if (options[name]?.kind === "flag") given.set(name, [String(is && value !== "false")]);
      else {
        const next = value ?? (left[0]?.startsWith("--") ? undefined : left.shift());
        if (next === undefined) throw new UsageError(flag, "its value is missing", `Give it as ${flag} VALUE`);
        given.set(name, [next]);
      }
    }
  }
  return { given, others };
}

/** `learningRate` as in `--learning-rate`. */
export function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** An option as it is given, for sentences: `--trainable`, `--trainable head`, `--no-flip`. */
export function optionText(name: string, value: string | number | boolean = true): string {
  if (value === false) return `--no-${dashed(name)}`;
  return value === true ? `--${dashed(name)}` : `--${dashed(name)} ${value}`;
}

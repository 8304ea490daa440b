/** Options of a command as data: help, parsing, the types of their values and the errors about wrong ones follow from them. */
import type { Fit } from "movinet";
import { nearest } from "./nearest.ts";
import { UsageError } from "./usage.ts";

/** An option, or an argument without a name, whose value is a `T`. */
export interface Option<T> {
  readonly kind: "value" | "flag" | "argument" | "arguments";
  readonly description: string;
  /** What stands for the value in help; default: the name. */
  readonly hint?: string | undefined;
  /** The default, as help shows it. */
  readonly usual?: string | undefined;
  /** Its short form, a letter. */
  readonly short?: string | undefined;
  /** The heading in help that it stands under; default: `Options`. */
  readonly group?: string | undefined;
  /** Whether `--no-NAME` is more than leaving the flag out. */
  readonly negatable?: boolean;
  /** Whether an argument must be given. */
  readonly required?: boolean;
  /** Takes its values from `given`, which may be empty, and throws a {@link UsageError} for a wrong one. */
  read(given: string[], name: string): T;
}

/** Options by name: `learningRate` is given as `--learning-rate`. */
export type Options = Readonly<Record<string, Option<unknown>>>;
export type ValuesOf<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

/** An option with a value of its own type, which `parse` reads or refuses; undefined where it is not given. */
export function parsed<T>(
  description: string,
  parse: (text: string, name: string) => T,
  hint?: string,
): Option<T | undefined> {
  const read = ([text]: string[], name: string) => (text === undefined ? undefined : parse(text, name));
  return { kind: "value", description, hint, read };
}

/** An option with a default value. */
export function usually<const D extends string | number, T>(
  usual: D,
  option: Option<T | undefined>,
): Option<NonNullable<T> | D> {
  const read = (given: string[], name: string) => option.read(given, name) ?? usual;
  return { ...option, usual: String(usual), read };
}

/** An option whose default is decided later; `usual` says how. */
export function otherwise<T>(usual: string, option: Option<T>): Option<T> {
  return { ...option, usual };
}

/** An option that is null, not undefined, where it is not given. */
export function orNull<T>(option: Option<T | undefined>): Option<NonNullable<T> | null> {
  return { ...option, read: (given, name) => option.read(given, name) ?? null };
}

/** An option that has a short form too, such as `-m`. */
export function short<T>(letter: string, option: Option<T>): Option<T> {
  return { ...option, short: letter };
}

/** Options under one heading of the help. */
export function group<const O extends Options>(heading: string, options: O): O {
  return Object.fromEntries(Object.entries(options).map(([name, one]) => [name, { ...one, group: heading }])) as O;
}

export function text(description: string, hint?: string): Option<string | undefined> {
  return parsed(description, (text) => text, hint);
}

/** A picture to write. */
export function plotOption(description: string): Option<string | undefined> {
  const read = (file: string, name: string) => {
    if (/\.(svg|png)$/i.test(file)) return file;
    throw mustBe(name, "an .svg or .png file", file);
  };
  return parsed(description, read, "file");
}

/** An integer from `least` to `most`. */
export function count(description: string, least = 1, most = Infinity): Option<number | undefined> {
  const rule = most === Infinity ? `an integer ≥ ${least}` : `an integer from ${least} to ${most}`;
  const parse = (text: string, name: string) => {
    const number = Number(text);
    if (text.trim() !== "" && Number.isInteger(number) && number >= least && number <= most) return number;
    throw mustBe(name, rule, text);
  };
  return parsed(description, parse, "N");
}

/** Threads of a network or a training: more than any machine has are a mistake. */
export function threads(description: string): Option<number | undefined> {
  return count(description, 1, 1024);
}

/** A number above 0 and of at most `most`. */
export function positive(description: string, most = Infinity): Option<number | undefined> {
  return parsed(description, (text, name) => readPositive(text, name, most), "X");
}

export function readPositive(text: string, name: string, most = Infinity): number {
  const number = Number(text);
  if (text.trim() !== "" && Number.isFinite(number) && number > 0 && number <= most) return number;
  throw mustBe(name, most === Infinity ? "a number > 0" : `a number > 0 and ≤ ${most}`, text);
}

/** The error about a value that is not what it must be. */
export function mustBe(name: string, rule: string, got: string): UsageError {
  return new UsageError(name, `must be ${rule}, got ${JSON.stringify(got)}`);
}

/** The error about two options of which one would do nothing, or the opposite. */
export function notWith(name: string, other: string): UsageError {
  return new UsageError(name, `cannot be combined with ${other}`);
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
  const meant = nearest(text, choices);
  const problem = `must be one of ${choices.join(", ")}; got ${JSON.stringify(text)}`;
  throw new UsageError(name, problem, meant === null ? "" : `Did you mean ${meant}?`);
}

export function flag(description: string): Option<boolean> {
  return { kind: "flag", description, read: ([text]) => text === "true" };
}

/** A flag that is undefined where neither it nor its `--no-NAME` is given. */
export function either(description: string): Option<boolean | undefined> {
  const read = ([text]: string[]) => (text === undefined ? undefined : text === "true");
  return { kind: "flag", description, negatable: true, read };
}

export function argument(description: string): Option<string> {
  return { kind: "argument", description, required: true, read: (given) => given.shift() ?? "" };
}

export function optionalArgument(description: string): Option<string | undefined> {
  return { kind: "argument", description, read: (given) => given.shift() };
}

/** All arguments that are left. */
export function rest(description: string, { required = false } = {}): Option<readonly string[]> {
  return { kind: "arguments", description, required, read: (given) => given.splice(0) };
}

/** Texts that several commands share. */
export const modelText =
  "Model name (see movinet models) or file: .safetensors, .tflite, .onnx, .pt, SavedModel, checkpoint";
export const datasetText = "Folder with a sub-folder of videos for each class, or a manifest (.csv, .jsonl)";
export const labelsText = "Class names: a file with one per line, or kinetics-600";

/** `--fit` of commands that look at videos. */
export const fitOption = otherwise(
  "as in training",
  choice("How frames are fitted to the network's input", ["crop", "squash", "pad"] as const satisfies readonly Fit[]),
);

const device = text("What to compute on: auto, cpu (or another ONNX Runtime device), wasm, litert or reference");

/** `auto` is litert for int8 models; for others cpu where ONNX Runtime is installed, else wasm. */
export const deviceOption = usually("auto", device);

/** `--device` of a benchmark: it must be what it is called. */
export const measuredDeviceOption = otherwise("cpu; litert for int8 models", device);

/** `learningRate` as in `--learning-rate`. */
export function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** An option as it is given, for sentences: `--trainable`, `--trainable head`, `--no-flip`. */
export function optionText(name: string, value: string | number | boolean = true): string {
  if (value === false) return `--no-${dashed(name)}`;
  return value === true ? `--${dashed(name)}` : `--${dashed(name)} ${value}`;
}

/** A command line's arguments, read by the options of its command. */
import { nearest } from "./nearest.ts";
import { dashed, type Option, type Options, type ValuesOf } from "./options.ts";
import { UsageError } from "./usage.ts";

/** A command's line, as in `movinet classify [options] SOURCE…`. */
export function usageLine(name: string, options: Options): string {
  return [`movinet ${name} [options]`, ...placesOf(options).map(([place, option]) => placeText(place, option))].join(
    " ",
  );
}

/** An argument as usage shows it: `SOURCE…`, `[MODEL…]`. */
export function placeText(name: string, { kind, required }: Option<unknown>): string {
  const text = `${dashed(name).toUpperCase()}${kind === "arguments" ? "…" : ""}`;
  return required ? text : `[${text}]`;
}

export function placesOf(options: Options): readonly (readonly [string, Option<unknown>])[] {
  return Object.entries(options).filter(([, option]) => !isNamed(option));
}

export function isNamed({ kind }: Option<unknown>): boolean {
  return kind === "value" || kind === "flag";
}

/**
 * The values of a command's own options, and of those that all commands have. Throws a {@link UsageError} for an unknown
 * option, one that is given twice, a wrong value, and for too few or too many arguments.
 */
export function parseOptions<O extends Options, C extends Options>(
  args: readonly string[],
  own: O,
  common: C,
  name: string,
): readonly [ValuesOf<O>, ValuesOf<C>] {
  const { given, others } = sortArguments(args, { ...own, ...common }, name);
  const places = placesOf(own);
  const missing = places.filter(([, { required }]) => required)[others.length];
  if (missing) throw wrongArguments(`missing ${dashed(missing[0]).toUpperCase()}`, name, own);
  const most = places.some(([, { kind }]) => kind === "arguments") ? Infinity : places.length;
  const extra = others[most];
  if (extra !== undefined) throw wrongArguments(`unexpected argument ${JSON.stringify(extra)}`, name, own);
  const valuesOf = <P extends Options>(options: P) => {
    const values = Object.entries(options).map(([key, option]) => {
      return [key, option.read(isNamed(option) ? (given.get(key) ?? []) : others, `--${dashed(key)}`)];
    });
    return Object.fromEntries(values) as ValuesOf<P>;
  };
  return [valuesOf(own), valuesOf(common)];
}

export function wrongArguments(problem: string, name: string, options: Options): UsageError {
  return new UsageError(name, problem, `Usage: ${usageLine(name, options)}`);
}

/** What was given for each option, and the arguments that are none. */
function sortArguments(args: readonly string[], options: Options, command: string) {
  const named = Object.entries(options).filter(([, option]) => isNamed(option));
  const given = new Map<string, string[]>();
  const others: string[] = [];
  const left = [...args];
  const unknown = (flag: string) => unknownOption(flag, command, named);
  const set = (key: string, value: string) => {
    if (given.has(key)) throw new UsageError(`--${dashed(key)}`, "is given twice");
    given.set(key, [value]);
  };
  const takeNext = (flag: string) => {
    const next = left[0];
    const isOption = next === undefined || next.startsWith("--") || named.some(([, { short }]) => `-${short}` === next);
    if (isOption) throw new UsageError(flag, "needs a value");
    return left.shift() as string;
  };
  const takeLong = (arg: string) => {
    const [, flag = arg, value] = /^([^=]*)=(.*)$/s.exec(arg) ?? [];
    const plain = named.find(([key]) => `--${dashed(key)}` === flag);
    const negated = named.find(([key, { kind }]) => kind === "flag" && `--no-${dashed(key)}` === flag);
    const [key, { kind }] = plain ?? negated ?? throwing(unknown(flag));
    if (kind === "value") set(key, value ?? takeNext(flag));
    else if (value === undefined) set(key, String(plain !== undefined));
    else throw new UsageError(flag, "takes no value");
  };
  /** `-q`, `-m NAME`, `-m=NAME`, `-j4`, or flags and at last such an option in one: `-qj4`. */
  const takeShort = (arg: string) => {
    for (let letters = arg.slice(1); letters !== ""; letters = letters.slice(1)) {
      const flag = `-${letters.charAt(0)}`;
      const [key, { kind }] = named.find(([, { short }]) => `-${short}` === flag) ?? throwing(unknown(arg));
      if (kind === "flag") set(key, "true");
      else {
        const value = letters.slice(1).replace(/^=/, "");
        return set(key, letters.length > 1 ? value : takeNext(flag));
      }
    }
  };
  for (let arg = left.shift(); arg !== undefined; arg = left.shift()) {
    if (arg === "--") others.push(...left.splice(0));
    else if (!arg.startsWith("-") || arg === "-") others.push(arg);
    else if (arg.startsWith("--")) takeLong(arg);
    else takeShort(arg);
  }
  return { given, others };
}

function unknownOption(
  flag: string,
  command: string,
  named: readonly (readonly [string, Option<unknown>])[],
): UsageError {
  const names = named.flatMap(([key, { negatable }]) => [dashed(key), ...(negatable ? [`no-${dashed(key)}`] : [])]);
  const meant = nearest(flag.replace(/^-+/, ""), [...names, "help"]);
  const remedy = meant === null ? `Run movinet ${command} --help to list the options` : `Did you mean --${meant}?`;
  return new UsageError(command, `unknown option ${JSON.stringify(flag)}`, remedy);
}

function throwing(error: Error): never {
  throw error;
}

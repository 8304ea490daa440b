/** What all commands have in common: `--json`, `--quiet`, `--offline`, `--debug`, typed options, and an end by Ctrl-C. */
import { parseOptions } from "./arguments.ts";
import { interruptible } from "./interrupt.ts";
import { flag, type Options, short, type ValuesOf } from "./options.ts";
import { openTerminal, type Terminal } from "./terminal.ts";

export interface Definition<O extends Options> {
  readonly name: string;
  /** Command lines that help shows, after `movinet`. */
  readonly examples: readonly string[];
  readonly options: O;
  /** What `--json` does. */
  readonly json: string;
  /** What `--quiet` does (default: it shows no progress). */
  readonly quiet?: string;
  /** Whether it takes models, which may be fetched: then there is `--offline`. */
  readonly fetches?: boolean;
  /** Does the work, and returns the exit code. What it throws once `signal` is aborted counts as its end by Ctrl-C. */
  run(options: ValuesOf<O>, context: Context): Promise<number>;
}

export interface Context {
  readonly terminal: Terminal;
  /** Ctrl-C aborts it. */
  readonly signal: AbortSignal;
  /** Whether no model may be fetched; false: what `MOVINET_OFFLINE` says. */
  readonly offline: boolean;
  /** Sets what follows "interrupted": what is left behind, or how to resume. */
  ifInterrupted(text: string): void;
}

/** A command that the program knows by its options alone. */
export interface Command {
  readonly name: string;
  readonly examples: readonly string[];
  readonly options: Options;
  /** Runs with the arguments after its name, and returns the exit code. Throws a `UsageError` for wrong ones. */
  run(args: readonly string[]): Promise<number>;
}

const outputGroup = "Output";

export function defineCommand<const O extends Options>(definition: Definition<O>): Command {
  const { name, examples, options, json, quiet = "No progress", fetches = false } = definition;
  const offline = flag("Never download a model (as MOVINET_OFFLINE=1)");
  const grouped = Object.values(options).some(({ group }) => group === outputGroup);
  const common = {
    json: { ...flag(json), ...(grouped && { group: outputGroup }) },
    quiet: short("q", flag(quiet)),
    ...((fetches && { offline }) as { offline?: typeof offline }),
    debug: flag("Show stack traces of errors"),
  };
  return {
    name,
    examples,
    options: { ...options, ...common },
    async run(args) {
      const [values, shared] = parseOptions(args, options, common, name);
      const terminal = openTerminal(shared);
      let ending = "interrupted.";
      const ifInterrupted = (text: string) => {
        ending = `interrupted. ${text}`;
      };
      const work = (signal: AbortSignal) =>
        definition.run(values, { terminal, signal, offline: shared.offline ?? false, ifInterrupted });
      return interruptible(terminal, work, () => ending);
    },
  };
}

/** The command as it would be typed, for reports. */
export function commandLine(): string {
  return ["movinet", ...process.argv.slice(2).map(quoted)].join(" ");
}

function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

import { type ArgsDef, defineCommand, renderUsage, runCommand } from "citty";
import { MovinetError, writeError as outputError, reportLeaks } from "movinet";
import type { Command, Commands } from "./command.ts";
import { internalText, plainUnlessColored, writeError, writeStack } from "./terminal.ts";
import { UsageError } from "./usage.ts";

const version = "0.1.0";

const commands: Commands = {
  classify: async () => (await import("./commands/classify.ts")).classifyCommand,
  bench: async () => (await import("./commands/bench.ts")).benchCommand,
  evaluate: async () => (await import("./commands/evaluate.ts")).evaluateCommand,
  convert: async () => (await import("./commands/convert.ts")).convertCommand,
  inspect: async () => (await import("./commands/inspect.ts")).inspectCommand,
  train: async () => (await import("./commands/train.ts")).trainCommand,
  verify: async () => (await import("./commands/verify.ts")).verifyCommand,
  dataset: async () => (await import("./commands/dataset.ts")).datasetCommand,
};

const root = defineCommand({
  meta: { name: "movinet", version, description: "Names the action in a video, frame by frame" },
  subCommands: commands,
});

/** Runs the command line and returns the exit code: 0 done, 1 some inputs failed, 2 wrong usage, 130 interrupted. */
export async function main(args: readonly string[]): Promise<number> {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    process.exit(report(outputError("standard output", error), args.includes("--debug")));
  });
  if (args.includes("--debug")) reportLeaks((line) => writeError(`movinet: ${line}`));
  const [name] = args;
  const color = Boolean(process.stdout.isTTY) && !process.env["NO_COLOR"];
  const help = async (command: Command, parent?: Command) => {
    process.stdout.write(`${plainUnlessColored(await renderUsage(command, parent), color)}\n`);
    return 0;
  };
  try {
    if (name === "--version" || name === "-v") {
      process.stdout.write(`${version}\n`);
      return 0;
    }
    if (name === undefined || name === "--help" || name === "-h" || name === "help") return await help(root);
    const { command, parent, rest } = await findCommand(args);
    const own = rest.includes("--") ? rest.slice(0, rest.indexOf("--")) : rest;
    if (command.subCommands || own.includes("--help") || own.includes("-h")) return await help(command, parent);
    checkOptions(own, command.args as ArgsDef);
    const { result } = await runCommand(command, { rawArgs: [...rest] });
    return typeof result === "number" ? result : 0;
  } catch (error) {
    return report(error, args.includes("--debug"));
  }
}

interface FoundCommand {
  readonly command: Command;
  /** What its help names before it. */
  readonly parent: Command;
  /** The arguments after its name. */
  readonly rest: readonly string[];
}

/** Follows names of commands, as in `dataset check`, to one without commands of its own; or to one that is asked for help. */
async function findCommand(args: readonly string[]): Promise<FoundCommand> {
  let found: FoundCommand = { command: root, parent: root, rest: args };
  let path = "movinet";
  while (found.command.subCommands) {
    const [name, ...rest] = found.rest;
    if (name === undefined || name === "--help" || name === "-h" || name === "help") return found;
    const known = found.command.subCommands as Commands;
    const load = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!load) {
      const subject = [...args.slice(0, args.length - found.rest.length), name].join(" ");
      throw new UsageError(subject, "there is no such command", `Use one of: ${Object.keys(known).join(", ")}`);
    }
    found = { command: await load(), parent: defineCommand({ meta: { name: path, version } }), rest };
    path += ` ${name}`;
  }
  return found;
}

/** Refuses options that the command does not have or that are given twice, and values that are missing or unknown. */
function checkOptions(args: readonly string[], defined: ArgsDef): void {
  const options = Object.entries(defined).filter(([, option]) => option.type !== "positional");
  const seen = new Set<string>();
  for (const [i, arg] of args.entries()) {
    if (!arg.startsWith("-") || arg === "-") continue;
    const [flag, given] = arg.split("=", 2) as [string, string | undefined];
    const [name, option] =
      options.find(([name, { type }]) => {
        return `--${name}` === flag || (type === "boolean" && `--no-${name}` === flag);
      }) ?? [];
    if (name === undefined || !option) {
      throw new UsageError(
        flag,
        "there is no such option",
        `Use one of: ${options.map(([name]) => `--${name}`).join(", ")}`,
      );
    }
    if (seen.has(name)) throw new UsageError(`--${name}`, "it is given twice", "Give it once");
    seen.add(name);
    if (option.type !== "string" && option.type !== "enum") continue;
    const next = args[i + 1];
    if (given === undefined && (next === undefined || (next.startsWith("--") && next !== "-"))) {
      throw new UsageError(flag, "its value is missing", `Give it as ${flag} VALUE`);
    }
    const value = given ?? (next as string);
    if (option.type === "enum" && !option.options?.includes(value)) {
      throw new UsageError(flag, `there is no ${JSON.stringify(value)}`, `Use ${option.options?.join(", ")}`);
    }
  }
}

const usageCodes = new Set([
  "E_DATASET_NOT_FOUND",
  "E_DEPENDENCY_MISSING",
  "E_DEVICE_UNAVAILABLE",
  "E_DEVICE_UNKNOWN",
  "E_MODEL_LABELS",
  "E_MODEL_NOT_FOUND",
]);

function report(error: unknown, debug: boolean): number {
  const thrown = error instanceof Error ? error : new Error(String(error));
  const known = error instanceof UsageError || error instanceof MovinetError;
  writeError(`movinet: ${known ? thrown.message : internalText(thrown.message)}`);
  if (debug) writeStack(thrown);
  if (error instanceof UsageError) return 2;
  return error instanceof MovinetError && usageCodes.has(error.code) ? 2 : 1;
}

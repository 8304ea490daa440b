import { renderUsage } from "citty";
import { MovinetError } from "movinet";
import { writeError as outputError } from "movinet/files";
import { reportLeaks } from "movinet/session";
import type { Command } from "./command.ts";
import { helpOf } from "./options.ts";
import { internalText, plainUnlessColored, writeError, writeStack } from "./terminal.ts";
import { UsageError } from "./usage.ts";
import { version } from "./version.ts";

/** A command, loaded when it is asked for, or a name that others stand behind. */
interface Entry {
  readonly description: string;
  readonly load?: () => Promise<Command>;
  readonly commands?: Readonly<Record<string, Entry>>;
}

const root: Entry = {
  description: "Names the action in a video, frame by frame",
  commands: {
    classify: {
      description: "Names the action in each video",
      load: async () => (await import("./classify/command.ts")).classifyCommand,
    },
    bench: {
      description: "Times models, alone or against other engines in the same run",
      load: async () => (await import("./bench/command.ts")).benchCommand,
    },
    evaluate: {
      description: "Tells how often a model is right on labelled clips, and how sure that is",
      load: async () => (await import("./evaluate/command.ts")).evaluateCommand,
    },
    convert: {
      description: "Writes a model as a file of another format, and proves that it says the same",
      load: async () => (await import("./convert/convert.ts")).convertCommand,
    },
    inspect: {
      description: "Shows a network: layers, shapes, parameters, multiply–accumulates, states",
      load: async () => (await import("./inspect.ts")).inspectCommand,
    },
    train: {
      description: "Teaches a model your own actions from a folder of clips",
      load: async () => (await import("./train/command.ts")).trainCommand,
    },
    verify: {
      description: "Runs a model in every way there is here, and tells how far the answers are apart",
      load: async () => (await import("./convert/verify.ts")).verifyCommand,
    },
    pull: {
      description: "Fetches models of the zoo into the cache",
      load: async () => (await import("./zoo/pull.ts")).pullCommand,
    },
    models: {
      description: "Lists the models of the zoo",
      load: async () => (await import("./zoo/models.ts")).modelsCommand,
    },
    cache: {
      description: "Looks after the models that were fetched",
      commands: {
        list: {
          description: "Lists them, and where they came from",
          load: async () => (await import("./zoo/cache.ts")).listCommand,
        },
        verify: {
          description: "Compares them with their hashes",
          load: async () => (await import("./zoo/cache.ts")).verifyCacheCommand,
        },
        clear: {
          description: "Removes them, and what interrupted downloads have left",
          load: async () => (await import("./zoo/cache.ts")).clearCommand,
        },
      },
    },
    dataset: {
      description: "Looks after the clips that a model is trained on",
      commands: {
        check: {
          description:
            "Finds what would spoil training: broken, short and doubled clips, small classes, leaks between splits",
          load: async () => (await import("./dataset/check.ts")).checkCommand,
        },
        synth: {
          description: "Generates clips whose labels are known: camera-motion, what the camera does",
          load: async () => (await import("./dataset/synth.ts")).synthCommand,
        },
      },
    },
  },
};

/** Runs the command line and returns the exit code: 0 done, 1 some inputs failed, 2 wrong usage, 130 interrupted. */
export async function main(args: readonly string[]): Promise<number> {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    process.exit(report(outputError("standard output", error), args.includes("--debug")));
  });
  if (args.includes("--debug")) reportLeaks((line) => writeError(`movinet: ${line}`));
  try {
    if (args[0] === "--version" || args[0] === "-v") {
      process.stdout.write(`${version}\n`);
      return 0;
    }
    const found = find(args);
    const { entry, rest } = found;
    const command = await entry.load?.();
    const own = rest.includes("--") ? rest.slice(0, rest.indexOf("--")) : rest;
    if (command && !own.includes("--help") && !own.includes("-h")) return await command.run(rest);
    const color = Boolean(process.stdout.isTTY) && !process.env["NO_COLOR"];
    process.stdout.write(`${plainUnlessColored(await renderHelp(found, command), color)}\n`);
    return 0;
  } catch (error) {
    return report(error, args.includes("--debug"));
  }
}

interface Found {
  readonly entry: Entry;
  readonly path: readonly string[];
  /** The arguments after its name. */
  readonly rest: readonly string[];
}

/** Follows names of commands, as in `dataset check`, to one without commands of its own; or to one that is asked for help. */
function find(args: readonly string[]): Found {
  let entry = root;
  const path = ["movinet"];
  for (const [i, name] of args.entries()) {
    if (!entry.commands || /^(--help|-h|help)$/.test(name)) return { entry, path, rest: args.slice(i) };
    const next = Object.hasOwn(entry.commands, name) ? entry.commands[name] : undefined;
    if (!next) {
      const known = Object.keys(entry.commands).join(", ");
      throw new UsageError(args.slice(0, i + 1).join(" "), "there is no such command", `Use one of: ${known}`);
    }
    entry = next;
    path.push(name);
  }
  return { entry, path, rest: [] };
}

function renderHelp({ entry: { description, commands }, path }: Found, command?: Command): Promise<string> {
  const subCommands = Object.entries(commands ?? {}).map(([name, { description }]) => {
    return [name, { meta: { description } }] as const;
  });
  const shown = {
    meta: { name: path.at(-1) as string, version, description },
    args: helpOf(command?.options ?? {}),
    ...(commands && { subCommands: Object.fromEntries(subCommands) }),
  };
  return renderUsage(shown, { meta: { name: path.slice(0, -1).join(" "), version } });
}

const usageCodes = new Set([
  "E_DATASET_NOT_FOUND",
  "E_DEPENDENCY_MISSING",
  "E_DEVICE_UNAVAILABLE",
  "E_DEVICE_UNKNOWN",
  "E_MODEL_LABELS",
  "E_MODEL_NOT_FOUND",
  "E_TRAIN_CHOICE",
  "E_USAGE",
]);

function report(error: unknown, debug: boolean): number {
  const thrown = error instanceof Error ? error : new Error(String(error));
  const known = error instanceof MovinetError;
  writeError(`movinet: ${known ? thrown.message : internalText(thrown.message)}`);
  if (debug) writeStack(thrown);
  return known && usageCodes.has(error.code) ? 2 : 1;
}

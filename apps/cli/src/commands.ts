/** All commands by name, how an argument list leads to one, and its help. */
import type { Command } from "./command.ts";
import { commandHelp, groupHelp, type HelpStyle } from "./help.ts";
import { nearest } from "./nearest.ts";
import { UsageError } from "./usage.ts";

/** A command, loaded when it is asked for, or a name that others stand behind. */
interface Entry {
  readonly description: string;
  readonly load?: () => Promise<Command>;
  readonly commands?: Readonly<Record<string, Entry>>;
}

/** Commands in the order in which a user comes to need them. */
const root: Entry = {
  description: "Recognize actions in video, frame by frame",
  commands: {
    classify: {
      description: "Name the action in each video",
      load: async () => (await import("./classify/command.ts")).classifyCommand,
    },
    watch: {
      description: "Name the action in live streams: cameras, RTSP, HTTP",
      load: async () => (await import("./watch/command.ts")).watchCommand,
    },
    train: {
      description: "Teach a model your own actions from a folder of clips",
      load: async () => (await import("./train/command.ts")).trainCommand,
    },
    evaluate: {
      description: "Measure a model's accuracy on labelled clips, with its confidence interval",
      load: async () => (await import("./evaluate/command.ts")).evaluateCommand,
    },
    dataset: {
      description: "Check or generate a dataset",
      commands: {
        check: {
          description:
            "Find what would spoil training: broken, short and duplicate clips, small classes, leaks between splits",
          load: async () => (await import("./dataset/check.ts")).checkCommand,
        },
        synth: {
          description: "Generate labelled clips of camera motion",
          load: async () => (await import("./dataset/synth.ts")).synthCommand,
        },
      },
    },
    convert: {
      description: "Write a model in another format and prove that its answers are the same",
      load: async () => (await import("./convert/convert.ts")).convertCommand,
    },
    quantize: {
      description: "Make a model small, with int8 where it keeps its answers, and measure what that costs",
      load: async () => (await import("./convert/quantize.ts")).quantizeCommand,
    },
    verify: {
      description: "Run a model in every way available here and compare the answers",
      load: async () => (await import("./convert/verify.ts")).verifyCommand,
    },
    inspect: {
      description: "Show what a model is and what it costs, then its layers",
      load: async () => (await import("./inspect.ts")).inspectCommand,
    },
    models: {
      description: "List the models that can be downloaded by name",
      load: async () => (await import("./zoo/models.ts")).modelsCommand,
    },
    pull: {
      description: "Download models into the cache",
      load: async () => (await import("./zoo/pull.ts")).pullCommand,
    },
    cache: {
      description: "List, verify or clear downloaded models",
      commands: {
        list: {
          description: "List downloaded models and where they came from",
          load: async () => (await import("./zoo/cache.ts")).listCommand,
        },
        verify: {
          description: "Check downloaded models against their checksums",
          load: async () => (await import("./zoo/cache.ts")).verifyCacheCommand,
        },
        clear: {
          description: "Remove downloaded models and interrupted downloads",
          load: async () => (await import("./zoo/cache.ts")).clearCommand,
        },
      },
    },
    bench: {
      description: "Time models, alone or side by side with other engines",
      load: async () => (await import("./bench/command.ts")).benchCommand,
    },
    doctor: {
      description: "Check what works on this machine: decoding, engines, cameras",
      load: async () => (await import("./doctor/command.ts")).doctorCommand,
    },
  },
};

export interface Found {
  readonly entry: Entry;
  readonly path: readonly string[];
  /** The arguments after its name. */
  readonly rest: readonly string[];
}

/** Follows names of commands, as in `dataset check`, to one without commands of its own; or to one that is asked for help. */
export function findCommand(args: readonly string[]): Found {
  if (args[0] === "help" && args.length > 1) return { ...findCommand(args.slice(1)), rest: ["--help"] };
  let entry = root;
  const path = ["movinet"];
  for (const [i, name] of args.entries()) {
    if (!entry.commands || /^(--help|-h|help)$/.test(name)) return { entry, path, rest: args.slice(i) };
    const next = Object.hasOwn(entry.commands, name) ? entry.commands[name] : undefined;
    if (!next) throw unknownCommand(args.slice(0, i), name, Object.keys(entry.commands));
    entry = next;
    path.push(name);
  }
  return { entry, path, rest: [] };
}

function unknownCommand(before: readonly string[], name: string, known: readonly string[]): UsageError {
  const group = ["movinet", ...before].join(" ");
  const what = name.startsWith("-") ? "option" : "command";
  const meant = what === "command" ? nearest(name, known) : null;
  const isFile = before.length === 0 && /[\w)]\.[a-z]\w{1,4}$/i.test(name);
  const help = isFile ? `To classify a video, run movinet classify ${name}` : `Run ${group} --help`;
  const remedy = meant === null ? help : `Did you mean ${[...before, meant].join(" ")}?`;
  return new UsageError(before.join(" "), `unknown ${what} ${JSON.stringify(name)}`, remedy);
}

/** The help of a command, or of a name that others stand behind. */
export async function renderHelp({ entry, path }: Found, style: HelpStyle): Promise<string> {
  const { description, commands, load } = entry;
  if (load) return commandHelp({ ...(await load()), description }, style);
  const rows = Object.entries(commands ?? {}).map(([name, entry]) => [name, entry.description] as const);
  const versionRow = ["-v, --version", "Show the version"] as const;
  const flags = [["-h, --help", "Show this help"] as const, ...(path.length === 1 ? [versionRow] : [])];
  return groupHelp({ name: path.join(" "), description, commands: rows, flags }, style);
}

/** The names of all commands in order, those that others stand behind first: `dataset`, `dataset check`, … */
export function commandNames({ commands = {} }: Entry = root): readonly string[] {
  return Object.entries(commands).flatMap(([name, entry]) => [
    name,
    ...commandNames(entry).map((inner) => `${name} ${inner}`),
  ]);
}

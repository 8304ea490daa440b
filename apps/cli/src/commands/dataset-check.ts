import { defineCommand } from "citty";
import { openTerminal } from "../terminal.ts";
import { parseCount, UsageError } from "../usage.ts";

export const datasetCheckCommand = defineCommand({
  meta: {
    name: "check",
    description:
      "Finds what would spoil training: broken, short and doubled clips, small classes, leaks between splits",
  },
  args: {
    dataset: {
      type: "positional",
      description: "A folder with a sub-folder of videos for each class, or a manifest (.csv, .jsonl)",
      required: false,
    },
    jobs: { type: "string", description: "Videos to decode at a time (default: the machine's cores)" },
    json: { type: "boolean", description: "One JSON object on stdout" },
    quiet: { type: "boolean", description: "No progress" },
    debug: { type: "boolean", description: "Show the stack of an error" },
  },
  async run({ args }) {
    const [path, ...more] = args._;
    if (path === undefined || more.length > 0) {
      throw new UsageError("dataset check", "it takes one dataset", "Run for example: movinet dataset check clips");
    }
    const jobs = args.jobs === undefined ? undefined : parseCount("jobs", args.jobs as string);
    const terminal = openTerminal({ json: Boolean(args.json), quiet: Boolean(args.quiet) });
    const { runCheck } = await import("../dataset/check.ts");
    return runCheck(path, { jobs, terminal });
  },
});

import { defineCommand } from "citty";
import { openTerminal } from "../terminal.ts";
import { parseCount, parsePositive, parseThreads, UsageError } from "../usage.ts";

const recipes = ["none", "light", "strong"] as const;

export const trainCommand = defineCommand({
  meta: { name: "train", description: "Teaches a model your own actions from a folder of clips" },
  args: {
    dataset: {
      type: "positional",
      description: "A folder with a sub-folder of videos for each class, or a manifest (.csv, .jsonl)",
      required: false,
    },
    from: { type: "string", description: "The model to begin with: a file or a name in the cache (default a0-stream)" },
    out: { type: "string", description: "Folder of this run (default runs/train-1, 2, …)", valueHint: "folder" },
    resume: { type: "boolean", description: "Go on with the run in --out (default: the last in runs)" },
    trainable: {
      type: "string",
      description:
        "What learns: classifier, head, a number of last blocks, or all (default: classifier; from 400 clips on 2 blocks)",
    },
    folds: {
      type: "string",
      description:
        "Parts of the cross-validation, where only the classifier learns (default: one a group up to 10 groups, else 5)",
    },
    validation: { type: "string", description: "Share of the clips to test with instead, by group (default 0.2)" },
    epochs: { type: "string", description: "Times that each clip is learned from (default 15)" },
    batch: { type: "string", description: "Clips in a step (default 8)" },
    frames: { type: "string", description: "Frames of a clip in training (default 16)" },
    "learning-rate": { type: "string", description: "The highest (default 0.0003)" },
    augment: {
      type: "enum",
      options: [...recipes],
      description: "How much clips are varied: none, light or strong (default light)",
    },
    flip: {
      type: "boolean",
      description: "Also mirror clips (default: unless labels or clips say that left and right matter)",
      negativeDescription: "Left and right matter",
    },
    seed: { type: "string", description: "Another number draws other splits and variations (default 0)" },
    threads: { type: "string", description: "Threads that train (default: the machine's cores)" },
    json: { type: "boolean", description: "One JSON object a line on stdout: each epoch, then what was reached" },
    quiet: { type: "boolean", description: "No progress" },
    debug: { type: "boolean", description: "Show the stack of an error" },
  },
  async run({ args }) {
    const [dataset, ...more] = args._;
    const resume = Boolean(args.resume);
    if ((dataset === undefined) !== resume || more.length > 0) {
      const problem = resume ? "a resumed run knows its dataset" : "it takes one dataset";
      throw new UsageError("train", problem, "Run for example: movinet train clips, or: movinet train --resume");
    }
    const given = (name: string) => args[name as keyof typeof args] as string | undefined;
    const count = (name: string, most: number) => {
      return given(name) === undefined ? null : parseCount(name, given(name) as string, 1, most);
    };
    const positive = (name: string) => (given(name) === undefined ? null : parsePositive(name, given(name) as string));
    const validation = positive("validation");
    if (validation !== null && validation >= 1) {
      throw new UsageError("--validation", "it is a share of the clips", "Give a number above 0 and below 1");
    }
    if (validation !== null && given("folds") !== undefined) {
      throw new UsageError("--validation", "it and --folds are two ways to test", "Give one of them");
    }
    if (resume) refuseWithResume(args);
    const settings = {
      from: given("from") ?? null,
      trainable: parseTrainable(given("trainable")),
      folds: given("folds") === undefined ? null : parseCount("folds", given("folds") as string, 2),
      validation,
      epochs: count("epochs", 100_000),
      batch: count("batch", 1024),
      frames: count("frames", 4096),
      learningRate: positive("learning-rate"),
      augment: recipes.find((name) => name === given("augment")) ?? null,
      flip: args.flip === undefined ? null : Boolean(args.flip),
      seed: parseCount("seed", given("seed") ?? "0", 0),
      threads: args.threads === undefined ? null : parseThreads(args.threads as string),
    };
    const terminal = openTerminal({ json: Boolean(args.json), quiet: Boolean(args.quiet) });
    const { train, resumeTraining } = await import("../train/train.ts");
    if (dataset === undefined) return resumeTraining(given("out"), terminal);
    return train({ dataset, ...settings }, given("out"), terminal);
  },
});

/** A run that goes on does what it was begun with. */
function refuseWithResume(args: Readonly<Record<string, unknown>>): void {
  const allowed = ["_", "resume", "out", "json", "quiet", "debug"];
  const given = Object.keys(args).find((name) => args[name] !== undefined && !allowed.includes(name));
  if (given === undefined) return;
  const name = args[given] === false ? `--no-${given}` : `--${given}`;
  throw new UsageError(name, "a resumed run does what it was begun with", "Leave it out, or train anew");
}

function parseTrainable(text: string | undefined): "classifier" | "head" | "all" | { lastBlocks: number } | null {
  if (text === undefined || text === "classifier" || text === "head" || text === "all") return text ?? null;
  const lastBlocks = Number(text);
  if (Number.isInteger(lastBlocks) && lastBlocks >= 1) return { lastBlocks };
  throw new UsageError(
    "--trainable",
    `${JSON.stringify(text)} is no part of a network`,
    "Use classifier, head, 2 or all",
  );
}

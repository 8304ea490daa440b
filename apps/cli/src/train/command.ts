import type { Trainable } from "movinet/train";
import { defineCommand } from "../command.ts";
import {
  choice,
  count,
  dashed,
  either,
  flag,
  type Options,
  parsed,
  positive,
  rest,
  text,
  threads,
  usually,
  wrongArguments,
} from "../options.ts";
import { UsageError } from "../usage.ts";
import { override, readRepeated } from "./repeat.ts";
import type { RunChoices } from "./run-folder.ts";
import { resumeTraining, train } from "./train.ts";

const usage = {
  name: "train",
  takes: "it takes one dataset",
  example: "train clips, or: movinet train --resume",
};

const options = {
  dataset: rest("A folder with a sub-folder of videos for each class, or a manifest (.csv, .jsonl)"),
  from: usually(null, text("The model to begin with: a file or a name of the zoo (default a0-stream)")),
  out: text("Folder of this run (default runs/train-1, 2, …)", "folder"),
  resume: flag("Go on with the run in --out (default: the last in runs)"),
  config: text("Repeat the training of a config.json; other options replace what it says", "file"),
  trainable: usually(
    null,
    parsed(
      "What learns: classifier, head, a number of last blocks, or all (default: classifier; from 400 clips on 2 blocks)",
      readTrainable,
    ),
  ),
  folds: usually(
    null,
    count(
      "Parts of the cross-validation, where only the classifier learns (default: one a group up to 10 groups, else 5)",
      2,
    ),
  ),
  validation: usually(null, positive("Share of the clips to test with instead, by group (default 0.2)")),
  epochs: usually(null, count("Times that each clip is learned from (default 15)", 1, 100_000)),
  batch: usually(null, count("Clips in a step (default 8)", 1, 1024)),
  frames: usually(null, count("Frames of a clip in training (default 16)", 1, 4096)),
  learningRate: usually(null, positive("The highest (default 0.0003)")),
  augment: usually(
    null,
    choice("How much clips are varied: none, light or strong (default light)", ["none", "light", "strong"]),
  ),
  flip: either(
    "Also mirror clips (default: unless labels or clips say that left and right matter)",
    "Left and right matter",
  ),
  seed: usually(null, count("Another number draws other splits and variations (default 0)", 0)),
  threads: usually(null, threads("Threads that train (default: the machine's cores)")),
} satisfies Options;

/** Trains; the exit code is 1 where clips could not be decoded. */
export const trainCommand = defineCommand({
  ...usage,
  options,
  fetches: true,
  json: "One JSON object a line on stdout: each epoch, then what was reached",
  async run({ dataset: [dataset, ...more], out, resume, config, ...given }, context) {
    if (resume && config !== undefined) {
      throw new UsageError("--config", "--resume continues a run with its own settings", "Give one of them");
    }
    const known = resume || config !== undefined;
    if ((dataset === undefined && !known) || (dataset !== undefined && resume) || more.length > 0) {
      throw wrongArguments({ ...usage, ...(resume && { takes: "a resumed run knows its dataset" }) });
    }
    if (resume) {
      refuseWithResume(given);
      return resumeTraining(out, context);
    }
    const { flip = null, ...others } = given;
    const asked = { dataset: dataset ?? null, ...others, flip };
    if (config === undefined) return train(checked(asked), out, null, context);
    const repeated = await readRepeated(config, options);
    const { settings, changes } = override(repeated, asked);
    return train(checked(settings), out, { ...repeated, changes }, context);
  },
});

type Asked = Omit<RunChoices, "threads"> & { readonly threads: number | null };

/** Settings that go together. */
function checked(settings: { readonly [K in keyof Asked]?: Asked[K] | null }): Asked {
  const { dataset, validation, folds, seed } = settings;
  if (typeof dataset !== "string") throw wrongArguments(usage);
  if (validation && validation >= 1) {
    throw new UsageError("--validation", "it is a share of the clips", "Give a number above 0 and below 1");
  }
  if (validation && folds) {
    throw new UsageError("--validation", "it and --folds are two ways to test", "Give one of them");
  }
  return { ...(settings as Asked), dataset, seed: seed ?? 0 };
}

/** A run that goes on does what it was begun with. */
function refuseWithResume(choices: Readonly<Record<string, unknown>>): void {
  const [name, value] = Object.entries(choices).find(([, value]) => value !== null && value !== undefined) ?? [];
  if (name === undefined) return;
  const option = value === false ? `--no-${dashed(name)}` : `--${dashed(name)}`;
  throw new UsageError(option, "a resumed run does what it was begun with", "Leave it out, or train anew");
}

function readTrainable(text: string, name: string): Trainable {
  if (text === "classifier" || text === "head" || text === "all") return text;
  const lastBlocks = Number(text);
  if (Number.isInteger(lastBlocks) && lastBlocks >= 1) return { lastBlocks };
  throw new UsageError(name, `${JSON.stringify(text)} is no part of a network`, "Use classifier, head, 2 or all");
}

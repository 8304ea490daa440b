import type { Trainable } from "movinet/train";
import { wrongArguments } from "../arguments.ts";
import { defineCommand } from "../command.ts";
import {
  choice,
  count,
  datasetText,
  either,
  flag,
  group,
  mustBe,
  notWith,
  optionalArgument,
  optionText,
  orNull,
  otherwise,
  parsed,
  positive,
  short,
  text,
  threads,
} from "../options.ts";
import { UsageError } from "../usage.ts";
import { override, readRepeated } from "./repeat.ts";
import type { RunChoices } from "./run-folder.ts";
import { resumeTraining, train } from "./train.ts";

const trainOptions = {
  dataset: optionalArgument(`${datasetText}; none with --resume`),
  ...group("Run", {
    out: short("o", otherwise("runs/train-1, 2, …", text("Folder of this run", "folder"))),
    resume: flag("Resume the run in --out, or the last one in runs"),
    config: text("Repeat the training of a run's config.json; other options override its settings", "file"),
  }),
  ...group("Training", {
    from: otherwise("a0-stream", orNull(text("Model to start from: a name or a file", "model"))),
    trainable: otherwise(
      "classifier; 2 from 400 clips on",
      orNull(
        parsed(
          "What to train: the classifier, the head, the last N blocks, or all",
          readTrainable,
          "classifier|head|N|all",
        ),
      ),
    ),
    epochs: otherwise("15", orNull(count("Passes over the clips", 1, 100_000))),
    batch: otherwise("8", orNull(count("Clips per step", 1, 1024))),
    frames: otherwise("16", orNull(count("Frames per clip", 1, 4096))),
    learningRate: otherwise("0.0003", orNull(positive("Peak learning rate"))),
    augment: otherwise("light", orNull(choice("How much to vary clips", ["none", "light", "strong"]))),
    flip: otherwise("unless labels or clips show that left and right differ", either("Also train on mirrored clips")),
    seed: otherwise("0", orNull(count("Seed for splits and variations", 0))),
    threads: otherwise("CPU cores", orNull(threads("Threads to train with"))),
  }),
  ...group("Testing", {
    folds: otherwise(
      "one per group up to 10 groups, else 5",
      orNull(count("Parts of the cross-validation, if only the classifier is trained", 2)),
    ),
    validation: otherwise("0.2", orNull(positive("Share of the clips to test on instead, split by group"))),
  }),
};

/** Trains; the exit code is 1 where clips could not be decoded. */
export const trainCommand = defineCommand({
  name: "train",
  examples: ["train clips/", "train clips/ --from a2-stream --trainable 2", "train --resume"],
  options: trainOptions,
  fetches: true,
  json: "Print one JSON object per line: each epoch, then the result",
  async run({ dataset, out, resume, config, flip = null, ...given }, context) {
    if (resume && config !== undefined) throw notWith("--config", "--resume");
    if (resume && dataset !== undefined) throw new UsageError("--resume", "takes no dataset: the run has its own");
    const asked = { dataset: dataset ?? null, ...given, flip };
    if (resume) {
      refuseWithResume(asked);
      return resumeTraining(out, context);
    }
    if (config === undefined) return train(checked(asked), out, null, context);
    const repeated = await readRepeated(config, trainOptions);
    const { settings, changes } = override(repeated, asked);
    return train(checked(settings), out, { ...repeated, changes }, context);
  },
});

type Asked = Omit<RunChoices, "threads"> & { readonly threads: number | null };

/** Refuses settings that are incomplete or do not go together. */
function checked(settings: { readonly [K in keyof Asked]?: Asked[K] | null }): Asked {
  const { dataset, validation = null, folds = null, seed } = settings;
  if (typeof dataset !== "string") throw wrongArguments("missing DATASET", "train", trainOptions);
  if (validation !== null && validation >= 1) {
    throw mustBe("--validation", "a number > 0 and < 1", String(validation));
  }
  if (validation !== null && folds !== null) throw notWith("--validation", "--folds");
  return { ...(settings as Asked), dataset, seed: seed ?? 0 };
}

/** A resumed run keeps its settings. */
function refuseWithResume(choices: Readonly<Record<string, unknown>>): void {
  const [name, value] = Object.entries(choices).find(([, value]) => value !== null && value !== undefined) ?? [];
  if (name === undefined) return;
  throw new UsageError(
    optionText(name, value !== false),
    "cannot be combined with --resume: a run keeps its settings",
    "Leave it out, or start a new run",
  );
}

function readTrainable(text: string, name: string): Trainable {
  if (text === "classifier" || text === "head" || text === "all") return text;
  const lastBlocks = Number(text);
  if (Number.isInteger(lastBlocks) && lastBlocks >= 1) return { lastBlocks };
  throw mustBe(name, "classifier, head, all or a number of blocks", text);
}

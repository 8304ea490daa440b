import { defineCommand } from "citty";
import { fitOption, parseFit } from "../fit-option.ts";
import { openTerminal } from "../terminal.ts";
import { parseThreads, UsageError } from "../usage.ts";

const splits = ["test", "validation", "train", "all"] as const;

export const evaluateCommand = defineCommand({
  meta: { name: "evaluate", description: "Tells how often a model is right on labelled clips, and how sure that is" },
  args: {
    model: {
      type: "positional",
      description: "A model file (.tflite, .safetensors, .onnx) or a name in the cache",
      required: false,
    },
    dataset: {
      type: "positional",
      description: "A folder with a sub-folder of videos for each class, or a manifest (.csv, .jsonl)",
      required: false,
    },
    split: {
      type: "string",
      description:
        "Which clips to judge: test, validation, train or all (default: test, else validation, where the dataset names them; else all)",
      valueHint: "part",
    },
    labels: {
      type: "string",
      description: "The model's class names: a file with one a line, or kinetics-600 (default: its own)",
    },
    out: {
      type: "string",
      description: "Write the report into this folder (default with --compare: runs/compare-1, 2, …)",
      valueHint: "folder",
    },
    fit: fitOption,
    compare: {
      type: "boolean",
      description: "Train a base network and a frame-by-frame one on the other clips, and set the model beside them",
    },
    base: { type: "string", description: "With --compare: a base network that is trained already", valueHint: "model" },
    "frame-by-frame": {
      type: "string",
      description: "With --compare: a frame-by-frame network that is trained already",
      valueHint: "model",
    },
    device: { type: "string", description: "What computes: cpu, or another device of ONNX Runtime", default: "cpu" },
    threads: { type: "string", description: "Threads of the network (default: the machine's cores, at most 4)" },
    json: { type: "boolean", description: "One JSON object a line on stdout: each clip, then all together" },
    quiet: { type: "boolean", description: "No progress" },
    debug: { type: "boolean", description: "Show the stack of an error" },
  },
  async run({ args }) {
    const [model, dataset, ...more] = args._;
    if (model === undefined || dataset === undefined || more.length > 0) {
      const example = "Run for example: movinet evaluate runs/train-1/model.safetensors clips";
      throw new UsageError("evaluate", "it takes a model and a dataset", example);
    }
    const split = args.split as string | undefined;
    const known = splits.find((name) => name === split);
    if (split !== undefined && known === undefined) {
      throw new UsageError("--split", `${JSON.stringify(split)} is no part of a dataset`, `Use ${splits.join(", ")}`);
    }
    const compare = Boolean(args.compare);
    for (const name of ["base", "frame-by-frame"] as const) {
      if (args[name] !== undefined && !compare) {
        throw new UsageError(`--${name}`, "it is for a comparison", "Give --compare too");
      }
    }
    if (args.fit !== undefined && compare) {
      throw new UsageError(
        "--fit",
        "--compare looks at clips as the networks were trained",
        "Leave one of the two out",
      );
    }
    const { runEvaluation } = await import("../evaluate/run.ts");
    return runEvaluation(
      {
        model,
        dataset,
        split: known ?? null,
        labels: args.labels as string | undefined,
        out: args.out as string | undefined,
        compare,
        base: args.base as string | undefined,
        frameByFrame: args["frame-by-frame"] as string | undefined,
        fit: parseFit(args.fit as string | undefined),
        device: args.device as string,
        threads: args.threads === undefined ? undefined : parseThreads(args.threads as string),
        debug: Boolean(args.debug),
      },
      openTerminal({ json: Boolean(args.json), quiet: Boolean(args.quiet) }),
    );
  },
});

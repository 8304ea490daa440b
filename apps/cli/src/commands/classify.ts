import { availableParallelism } from "node:os";
import { defineCommand } from "citty";
import { fitOption, parseFit } from "../fit-option.ts";
import { openTerminal } from "../terminal.ts";
import { parseCount, parsePositive, parseThreads, UsageError } from "../usage.ts";

export const classifyCommand = defineCommand({
  meta: { name: "classify", description: "Names the action in each video" },
  args: {
    source: {
      type: "positional",
      description: "Video files, folders, globs, http(s) URLs, or - for standard input",
      required: false,
    },
    model: {
      type: "string",
      description: "A model file (.tflite, .safetensors, .onnx) or a name in the cache (default a0-stream)",
    },
    labels: {
      type: "string",
      description:
        "Class names: a file with one a line, or kinetics-600 (default: the model's, or a label file beside it)",
    },
    device: { type: "string", description: "What computes: cpu, or another device of ONNX Runtime", default: "cpu" },
    threads: {
      type: "string",
      description: "Threads of the network (default: the machine's cores, at most 4; 1 for each of several jobs)",
    },
    jobs: { type: "string", description: "Videos to work on at a time (default: the machine's cores, at most 8)" },
    top: { type: "string", description: "Predictions to show", default: "5" },
    fps: { type: "string", description: "Frames a second to look at (default: what the model was trained on)" },
    fit: fitOption,
    every: {
      type: "enum",
      options: ["final", "frame"],
      description: "Answer at the end, or after every frame",
      default: "final",
    },
    plot: {
      type: "string",
      description: "Draw the top classes over time into FILE.svg or FILE.png",
      valueHint: "file",
    },
    segments: {
      type: "boolean",
      description: "Tell what is seen from when to when (default: of videos over 30 s, and where it changes)",
      negativeDescription: "Tell no segments",
    },
    subtitles: {
      type: "string",
      description: "Write the segments as subtitles into FILE.vtt or FILE.srt",
      valueHint: "file",
    },
    out: { type: "string", description: "Write JSON lines into FILE, each video's as it is done", valueHint: "file" },
    resume: { type: "boolean", description: "Continue the run that --out FILE is of; failed videos are tried again" },
    json: { type: "boolean", description: "One JSON object a line on stdout" },
    quiet: { type: "boolean", description: "No progress and no timings" },
    debug: { type: "boolean", description: "Show the stack of an error" },
  },
  async run({ args }) {
    const sources = args._;
    if (sources.length === 0) {
      throw new UsageError("classify", "no video was given", "Run for example: movinet classify clip.mp4");
    }
    if (sources.indexOf("-") !== sources.lastIndexOf("-")) {
      throw new UsageError("-", "standard input is named twice", "Name it once: it can be read once only");
    }
    const every = args.every as string;
    if (every !== "final" && every !== "frame") {
      throw new UsageError("--every", `${JSON.stringify(every)} is neither final nor frame`, "Use one of them");
    }
    const plot = args.plot as string | undefined;
    if (plot !== undefined && !/\.(svg|png)$/i.test(plot)) {
      throw new UsageError(plot, "a plot is an .svg or a .png file", "Give --plot a name that ends so");
    }
    const subtitles = args.subtitles as string | undefined;
    if (subtitles !== undefined && !/\.(vtt|srt)$/i.test(subtitles)) {
      throw new UsageError(subtitles, "subtitles are a .vtt or a .srt file", "Give --subtitles a name that ends so");
    }
    const segments = args.segments as boolean | undefined;
    if (subtitles !== undefined && segments === false) {
      throw new UsageError("--no-segments", "subtitles are made of segments", "Leave one of the two out");
    }
    const out = args.out as string | undefined;
    if (out === "-") throw new UsageError("--out", "it names a file", "Use --json for lines on standard output");
    if (args.resume && out === undefined) {
      throw new UsageError("--resume", "it continues a file of results", "Name the file with --out FILE");
    }
    const { classifyAll } = await import("../classify/all.ts");
    return classifyAll(
      sources,
      {
        model: args.model as string | undefined,
        labels: args.labels as string | undefined,
        device: args.device as string,
        threads: args.threads === undefined ? undefined : parseThreads(args.threads as string),
        jobs: args.jobs === undefined ? Math.min(availableParallelism(), 8) : parseCount("jobs", args.jobs as string),
        fps: args.fps === undefined ? undefined : parsePositive("fps", args.fps as string, 1000),
        fit: parseFit(args.fit as string | undefined),
        top: parseCount("top", args.top as string),
        everyFrame: every === "frame",
        segments: subtitles === undefined ? segments : true,
        plot,
        subtitles,
        out,
        resume: Boolean(args.resume),
        json: Boolean(args.json) || out !== undefined,
        debug: Boolean(args.debug),
      },
      openTerminal({ json: Boolean(args.json), quiet: Boolean(args.quiet) }),
    );
  },
});

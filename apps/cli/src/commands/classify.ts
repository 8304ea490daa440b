import { defineCommand } from "citty";
import { openTerminal } from "../terminal.ts";
import { parseCount, parsePositive, UsageError } from "../usage.ts";

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
      description: "A model file (.tflite, .safetensors) or a name in the cache (default a0-stream)",
    },
    labels: {
      type: "string",
      description: "Class names, one a line (default: the model's own, or a label file beside it)",
    },
    device: { type: "string", description: "What computes: cpu, or another device of ONNX Runtime", default: "cpu" },
    threads: { type: "string", description: "Threads of the network (default: the machine's cores, at most 4)" },
    top: { type: "string", description: "Predictions to show", default: "5" },
    fps: { type: "string", description: "Frames a second to look at (default: what the model was trained on)" },
    every: {
      type: "enum",
      options: ["final", "frame"],
      description: "Answer at the end, or after every frame",
      default: "final",
    },
    segments: {
      type: "boolean",
      description: "Cut each video where the action changes (default: where it is longer than 30 s)",
      negativeDescription: "Never cut",
    },
    subtitles: {
      type: "string",
      description: "Write the segments as subtitles into FILE.vtt or FILE.srt",
      valueHint: "file",
    },
    jobs: { type: "string", description: "Videos to decode at once (default: the machine's cores and one)" },
    out: { type: "string", description: "Write JSON lines into FILE, from which --resume goes on", valueHint: "file" },
    resume: { type: "boolean", description: "Go on with the run whose results --out names" },
    plot: {
      type: "string",
      description: "Draw the top classes over time into FILE.svg or FILE.png",
      valueHint: "file",
    },
    json: { type: "boolean", description: "One JSON object a line on stdout" },
    quiet: { type: "boolean", description: "No progress and no timings" },
    debug: { type: "boolean", description: "Show the stack of an error" },
  },
  async run({ args }) {
    const sources = args._;
    if (sources.length === 0) {
      throw new UsageError("classify", "no video was given", "Run for example: movinet classify clip.mp4");
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
      throw new UsageError(subtitles, "subtitles are a .vtt or an .srt file", "Give --subtitles a name that ends so");
    }
    if (args.resume && args.out === undefined) {
      throw new UsageError("--resume", "it needs the file of results", "Name it with --out FILE");
    }
    const { classifyAll } = await import("../classify/all.ts");
    return classifyAll(
      sources,
      {
        model: args.model as string | undefined,
        labels: args.labels as string | undefined,
        device: args.device as string,
        threads: args.threads === undefined ? null : parseCount("threads", args.threads as string),
        fps: args.fps === undefined ? null : parsePositive("fps", args.fps as string),
        jobs: args.jobs === undefined ? null : parseCount("jobs", args.jobs as string),
        segments: (args.segments as boolean | undefined) ?? null,
        subtitles,
        out: args.out as string | undefined,
        resume: Boolean(args.resume),
        top: parseCount("top", args.top as string),
        everyFrame: every === "frame",
        plot,
        debug: Boolean(args.debug),
      },
      openTerminal({ json: Boolean(args.json), quiet: Boolean(args.quiet) }),
    );
  },
});

import { availableParallelism } from "node:os";
import {
  choice,
  count,
  deviceOption,
  either,
  fitOption,
  flag,
  parsed,
  positive,
  rest,
  text,
  threads,
  usually,
  type ValuesOf,
} from "../options.ts";
import { UsageError } from "../usage.ts";

export const classifyOptions = {
  source: rest("Video files, folders, globs, http(s) URLs, or - for standard input", { required: true }),
  model: text(
    "A model: a file (.tflite, .safetensors, .onnx, .pt), a SavedModel, a checkpoint, or a name (default a0-stream)",
  ),
  labels: text(
    "Class names: a file with one a line, or kinetics-600 (default: the model's, or a label file beside it)",
  ),
  device: deviceOption,
  threads: threads("Threads of the network (default: the machine's cores, at most 4; 1 for each of several jobs)"),
  jobs: count("Videos to work on at a time (default: the machine's cores, at most 8)"),
  top: usually(5, count("Predictions to show")),
  fps: positive("Frames a second to look at (default: what the model was trained on)", 1000),
  fit: fitOption,
  every: usually("final", choice("Answer at the end, or after every frame", ["final", "frame"])),
  plot: parsed("Draw the top classes over time into FILE.svg or FILE.png", readPlot, "file"),
  annotate: parsed("Write the video with its answers drawn in, sound kept, as .mp4 or .webm", readAnnotate, "file"),
  segments: either(
    "Tell what is seen from when to when (default: of videos over 30 s, and where it changes)",
    "Tell no segments",
  ),
  subtitles: parsed("Write the segments as subtitles into FILE.vtt or FILE.srt", readSubtitles, "file"),
  out: parsed("Write JSON lines into FILE, each video's as it is done", readOut, "file"),
  resume: flag("Continue the run that --out FILE is of; failed videos are tried again"),
};

type Given = ValuesOf<typeof classifyOptions>;

/** What `movinet classify` was told to do. */
export interface ClassifySettings extends Omit<Given, "source" | "jobs"> {
  /** Sources that are worked on at the same time. */
  readonly jobs: number;
  /** Whether results are JSON lines. */
  readonly json: boolean;
}

/** The settings, or a {@link UsageError} where options do not go together. */
export function settingsOf({ source: _, ...given }: Given, json: boolean): ClassifySettings {
  const { subtitles, segments, resume, out, annotate } = given;
  if (subtitles !== undefined && segments === false) {
    throw new UsageError("--no-segments", "subtitles are made of segments", "Leave one of the two out");
  }
  if (resume && out === undefined) {
    throw new UsageError("--resume", "it continues a file of results", "Name the file with --out FILE");
  }
  if (resume && annotate !== undefined) {
    throw new UsageError("--annotate", "cannot be combined with --resume", "Leave out one of the two");
  }
  return {
    ...given,
    jobs: given.jobs ?? Math.min(availableParallelism(), 8),
    segments: subtitles === undefined ? segments : true,
    json: json || out !== undefined,
  };
}

function readPlot(file: string): string {
  if (/\.(svg|png)$/i.test(file)) return file;
  throw new UsageError(file, "a plot is an .svg or a .png file", "Give --plot a name that ends so");
}

function readAnnotate(file: string, name: string): string {
  if (/\.(mp4|webm)$/i.test(file)) return file;
  throw new UsageError(name, `must be an .mp4 or .webm file, got "${file}"`, "Give the file one of these endings");
}

function readSubtitles(file: string): string {
  if (/\.(vtt|srt)$/i.test(file)) return file;
  throw new UsageError(file, "subtitles are a .vtt or a .srt file", "Give --subtitles a name that ends so");
}

function readOut(file: string, name: string): string {
  if (file !== "-") return file;
  throw new UsageError(name, "it names a file", "Use --json for lines on standard output");
}

import { availableParallelism } from "node:os";
import {
  choice,
  count,
  deviceOption,
  either,
  fitOption,
  flag,
  group,
  labelsText,
  modelText,
  mustBe,
  notWith,
  otherwise,
  parsed,
  plotOption,
  positive,
  rest,
  short,
  text,
  threads,
  usually,
  type ValuesOf,
} from "../options.ts";
import { UsageError } from "../usage.ts";
import { csvLines, jsonLines, type Lines } from "./lines.ts";

export const classifyOptions = {
  source: rest("Video files, folders, globs, http(s) URLs, or - for standard input", { required: true }),
  ...group("Model", {
    model: short("m", otherwise("a0-stream", text(modelText))),
    labels: otherwise("the model's own", text(labelsText, "file")),
    fit: fitOption,
    fps: otherwise("as in training", positive("Frames per second to look at", 1000)),
  }),
  ...group("Output", {
    top: usually(5, count("Predictions to show")),
    every: usually("final", choice("Answer once at the end, or after every frame", ["final", "frame"])),
    segments: otherwise("over 30 s, or where the action changes", either("List each action with its start and end")),
    plot: plotOption("Plot the top classes over time as .svg or .png"),
    plotShape: otherwise(
      "portrait",
      choice("Shape of the plot: for a phone, or for a slide (16:9)", ["portrait", "landscape"]),
    ),
    annotate: parsed("Write the video with its answers drawn in, sound kept, as .mp4 or .webm", readAnnotate, "file"),
    subtitles: parsed("Write segments as .vtt or .srt subtitles", readSubtitles, "file"),
    out: short("o", parsed("Write JSON lines to a file, each video's as soon as it is done", readOut, "file")),
    resume: flag("Continue the run in --out; failed videos are tried again"),
    sortInto: text(
      "Link each clip into a sub-folder of FOLDER named after its label; clips stay where they are",
      "folder",
    ),
    minScore: otherwise(
      "0.5",
      parsed("With --sort-into: clips with a lower score go to the sub-folder unsure", readShare, "X"),
    ),
    csv: flag("Print comma-separated values, one row per answer"),
  }),
  ...group("Performance", {
    device: deviceOption,
    threads: otherwise("CPU cores, at most 4; 1 with wasm or several jobs", threads("Threads of the network")),
    jobs: short("j", otherwise("CPU cores, at most 8", count("Videos to process at a time"))),
  }),
};

type Given = ValuesOf<typeof classifyOptions>;

/** The settings of `movinet classify`. */
export interface ClassifySettings extends Omit<Given, "source" | "jobs" | "csv" | "minScore"> {
  /** Sources that are processed at the same time. */
  readonly jobs: number;
  /** Results as lines for other programs; null: as text. */
  readonly lines: Lines | null;
  readonly minScore: number;
}

/** The settings, or a {@link UsageError} where options do not go together. */
export function settingsOf({ source: _, csv, minScore, ...given }: Given, json: boolean): ClassifySettings {
  const { subtitles, segments, resume, out, top, sortInto, plot, plotShape, annotate } = given;
  if (csv && json) throw notWith("--csv", "--json");
  if (csv && out !== undefined) throw notWith("--csv", "--out, which writes JSON lines");
  if (minScore !== undefined && sortInto === undefined) throw new UsageError("--min-score", "needs --sort-into");
  if (plotShape !== undefined && plot === undefined) throw new UsageError("--plot-shape", "needs --plot FILE");
  if (subtitles !== undefined && segments === false) {
    throw new UsageError("--no-segments", "cannot be combined with --subtitles, which are made of segments");
  }
  if (resume && out === undefined) throw new UsageError("--resume", "needs --out FILE, the file to continue");
  if (resume && annotate !== undefined) throw notWith("--annotate", "--resume");
  return {
    ...given,
    jobs: given.jobs ?? Math.min(availableParallelism(), 8),
    segments: subtitles === undefined ? segments : true,
    lines: csv ? csvLines(top) : json || out !== undefined ? jsonLines : null,
    minScore: minScore ?? 0.5,
  };
}

function readAnnotate(file: string, name: string): string {
  if (/\.(mp4|webm)$/i.test(file)) return file;
  throw mustBe(name, "an .mp4 or .webm file", file);
}

function readSubtitles(file: string, name: string): string {
  if (/\.(vtt|srt)$/i.test(file)) return file;
  throw mustBe(name, "a .vtt or .srt file", file);
}

function readOut(file: string, name: string): string {
  if (file === "-") throw new UsageError(name, "must be a file", "Use --json to write to standard output");
  if (!/\.(csv|tsv)$/i.test(file)) return file;
  throw new UsageError(name, `writes JSON lines, not ${file}`, `Use --csv > ${file}`);
}

function readShare(text: string, name: string): number {
  const share = Number(text);
  if (text.trim() !== "" && share >= 0 && share <= 1) return share;
  throw mustBe(name, "a number from 0 to 1", text);
}

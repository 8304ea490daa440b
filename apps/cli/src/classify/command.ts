import { createHash } from "node:crypto";
import type { Model } from "movinet";
import { dataSetsOf, expandSources, nameOfSource } from "movinet/files";
import { Decoders } from "movinet/video";
import { type Context, defineCommand } from "../command.ts";
import { checkOutputFiles, checkOutputFolder } from "../files.ts";
import { findNamedModel, openNamedModel } from "../models.ts";
import { UsageError } from "../usage.ts";
import { type ClassifySettings, classifyOptions, settingsOf } from "./options.ts";
import { ResultsFile, type RunSettings } from "./results-file.ts";
import { runSources } from "./run-sources.ts";
import { checkSorting, Sorter } from "./sorter.ts";

export const classifyCommand = defineCommand({
  name: "classify",
  examples: [
    "classify clip.mp4",
    "classify clips/ --out results.jsonl",
    "classify clip.mp4 --model a2-stream --plot plot.svg",
    "classify match.mp4 --subtitles match.vtt",
    "classify clips/ --sort-into sorted",
  ],
  options: classifyOptions,
  fetches: true,
  json: "Print one JSON object per line",
  quiet: "No progress and no timings",
  run: (options, context) => {
    const { source: args } = options;
    if (args.indexOf("-") !== args.lastIndexOf("-")) {
      throw new UsageError("-", "standard input can be read only once", "Give it once");
    }
    return classifyAll(args, settingsOf(options, context.terminal.json), context);
  },
});

/** Classifies every source and returns the exit code: 0, or 1 when some failed, or 130 after an interrupt. */
async function classifyAll(args: readonly string[], settings: ClassifySettings, context: Context): Promise<number> {
  const { terminal, signal } = context;
  const started = performance.now();
  const decoders = new Decoders();
  try {
    const found = await expandSources(args);
    const { sources, leftOut } = found;
    const before = found.failures.map((error) => ({ source: error.subject, error }));
    terminal.reportLeftOut(found);
    checkSingle("--plot", settings.plot, sources.length + before.length);
    checkSingle("--subtitles", settings.subtitles, sources.length + before.length);
    if (settings.sortInto !== undefined) {
      await checkSorting(settings.sortInto, args, sources);
      await checkOutputFolder(settings.sortInto, async () => true);
    }
    checkSingle("--annotate", settings.annotate, sources.length + before.length);
    const naming = { ...context, option: "--model" } as const;
    await checkOutputs(sources, settings, await findNamedModel(settings.model, naming));
    if (sources.some((source) => source !== "-")) decoders.warm();
    const model = await openNamedModel(settings.model, { ...naming, labels: settings.labels });
    if (model.card.labels === null) {
      const [dataSet] = dataSetsOf(model.spec.classes);
      const hint =
        dataSet === undefined ? "" : `, or --labels ${dataSet} if these are its ${model.spec.classes} classes`;
      terminal.warn(
        `movinet: ${model.card.name}: this model has no class names, so class numbers are shown. Give --labels FILE${hint}.`,
      );
    }
    const { sortInto, minScore } = settings;
    const { labels } = model.card;
    const sorter = sortInto === undefined ? null : new Sorter(sortInto, labels, model.spec.classes, minScore);
    const task = { sources, leftOut, before, model, settings, terminal, decoders, sorter, file: null, signal, started };
    if (settings.out === undefined) return await runSources(task);
    checkNames(sources);
    const options = { resume: settings.resume, settings: runSettings(model, settings) };
    const file = await ResultsFile.open(settings.out, options);
    try {
      const left = [...new Set(sources)].filter((source) => !file.done.has(nameOfSource(source)));
      if (file.done.size > 0) terminal.note(`${settings.out}: ${file.done.size} done earlier, ${left.length} to go`);
      return await runSources({ ...task, sources: left, file });
    } finally {
      await file[Symbol.asyncDispose]();
    }
  } finally {
    await decoders[Symbol.asyncDispose]();
  }
}

async function checkOutputs(
  sources: readonly string[],
  { plot, subtitles, annotate, out, labels }: ClassifySettings,
  model: string,
): Promise<void> {
  const run = out === undefined ? undefined : `${out}.run`;
  await checkOutputFiles(
    [plot, subtitles, annotate, out, run],
    [
      ...sources.map((path) => ({ what: "video", path }) as const),
      { what: "model", path: model },
      { what: "list of labels", path: labels },
    ],
  );
}

/** A file of results knows a source by its name, in which secrets of a URL are hidden. */
function checkNames(sources: readonly string[]): void {
  const named = new Map<string, string>();
  for (const source of sources) {
    const name = nameOfSource(source);
    if ((named.get(name) ?? source) !== source) {
      throw new UsageError(name, "two URLs differ only in their secret parts", "Give each its own --out");
    }
    named.set(name, source);
  }
}

function checkSingle(option: string, value: string | undefined, sources: number): void {
  if (value === undefined || sources <= 1) return;
  throw new UsageError(option, `takes one video, got ${sources}`);
}

/** What decides the results of a run, beside its sources. */
function runSettings(
  model: Model,
  { fps, fit, top, every, segments, sortInto, minScore }: ClassifySettings,
): RunSettings {
  const content = createHash("sha256").update(JSON.stringify([model.spec, model.card]));
  for (const [name, { shape, data }] of model.weights) content.update(`${name} ${shape}`).update(data);
  return {
    model: model.card.name,
    "model content": content.digest("hex").slice(0, 16),
    fps: fps ?? model.card.fps,
    fit: fit ?? model.card.input.fit,
    top,
    every,
    segments: segments ?? "automatic",
    ...(sortInto !== undefined && { "sort into": sortInto, "min score": minScore }),
  };
}

import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { expandSources, ModelSource } from "movinet/files";
import { preprocess } from "movinet/session";
import { openRunners, verifyFiles, windowOf } from "movinet/train";
import { openVideo } from "movinet/video";
import { defineCommand } from "../command.ts";
import { openNamedEngine } from "../engine.ts";
import { findNamedModel } from "../models.ts";
import { argument, modelText, otherwise, text } from "../options.ts";
import { renderChecks } from "../tables/receipt.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../usage.ts";

type OpenedFile = Awaited<ReturnType<typeof openRunners>>;

/** Of how many videos, and how many frames of each, where there are clips of any length. */
const [mostVideos, mostFrames] = [8, 16];
/** If there are fewer videos, several parts of each make up this many clips. */
const enoughClips = 4;

/** Compares; the exit code is 1 where answers are too far apart, or the comparison is inconclusive. */
export const verifyCommand = defineCommand({
  name: "verify",
  examples: ["verify model.tflite --against runs/train-1/model.safetensors"],
  options: {
    model: argument(modelText),
    against: text("Another file of the same network to compare with", "model"),
    clips: otherwise("generated clips with motion", text("Compare on the first frames of these videos", "folder")),
  },
  fetches: true,
  json: "Print the comparison as one JSON object",
  async run({ model, against, clips }, context) {
    const { terminal, signal } = context;
    const engine = await openNamedEngine({}, terminal);
    const files: OpenedFile[] = [];
    try {
      const names = against === undefined ? [model] : [against, model];
      const sources: ModelSource[] = [];
      for (const name of names) sources.push(await ModelSource.at(await findNamedModel(name, context)));
      await refuseItself(sources);
      for (const source of sources) {
        files.push(await openRunners(await source.read({ signal }), basename(source.path), engine, { signal }));
        signal.throwIfAborted();
      }
      const [first, ...others] = files as [OpenedFile, ...OpenedFile[]];
      for (const other of others) refuseAnother(first, other);
      const ways = files.reduce((sum, { runners }) => sum + runners.length, 0);
      if (ways < 2) throw nothingToCompare(model);
      const progress = terminal.progress();
      const onProgress = (done: number, total: number) =>
        progress.update({ done, total, label: "comparing", detail: `${done} of ${total} runs` });
      const seen = clips === undefined ? undefined : await filmed(clips, files, terminal, signal);
      const receipt = await verifyFiles([first, ...others], { clips: seen, signal, onProgress }).finally(() =>
        progress.stop(),
      );
      if (receipt.checks.length === 0) throw nothingToCompare(model);
      terminal.result(terminal.json ? JSON.stringify(receipt) : renderChecks(receipt, terminal).join("\n"));
      return receipt.pass ? 0 : 1;
    } finally {
      for (const file of files) await file[Symbol.asyncDispose]();
    }
  },
});

function nothingToCompare(model: string): UsageError {
  const remedy = "Pass another file of the same network with --against";
  return new UsageError(model, "there is only one way to run it here, so nothing to compare", remedy);
}

async function refuseItself([one, other]: readonly ModelSource[]): Promise<void> {
  const [first, second] = [one?.files[0], other?.files[0]];
  if (other === undefined || first === undefined || second === undefined) return;
  const [a, b] = [await stat(first), await stat(second)];
  if (a.ino !== b.ino || a.dev !== b.dev) return;
  throw new UsageError("--against", `is the same file: ${other.path}`, "Pass another file of the same network");
}

function refuseAnother(first: OpenedFile, second: OpenedFile): void {
  const network = ({ model: { spec } }: OpenedFile) =>
    `${spec.classes} classes at ${spec.resolution.height}×${spec.resolution.width}`;
  const window = (file: OpenedFile) => `clips of ${windowOf([file]) ?? "any number of"} frames`;
  for (const fact of [network, window]) {
    if (fact(first) === fact(second)) continue;
    if (fact === window && [first, second].some((file) => windowOf([file]) === null)) continue;
    const problem = `has ${fact(second)}, but ${first.name} has ${fact(first)}`;
    throw new UsageError(second.name, problem, "Give two files of the same network");
  }
}

/** The first frames of some videos, as the network sees them; of few videos, stretches that follow each other. */
async function filmed(
  folder: string,
  files: readonly OpenedFile[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<(readonly Float32Array[])[]> {
  const [{ model }] = files as [OpenedFile];
  const { card } = model;
  const window = windowOf(files);
  const length = window ?? mostFrames;
  const found = await expandSources([folder]);
  terminal.reportLeftOut(found);
  for (const failure of found.failures) {
    if (found.sources.length === 0) throw failure;
    terminal.warn(`movinet: ${failure.message}`);
  }
  const sources = found.sources.slice(0, mostVideos);
  const stretches = Math.max(1, Math.ceil(enoughClips / sources.length));
  const clips: Float32Array[][] = [];
  for (const source of sources) {
    const frames: Float32Array[] = [];
    for await (const frame of openVideo(source, { fps: card.fps, size: card.input, signal })) {
      frames.push(preprocess(frame, card.input));
      if (frames.length === stretches * length) break;
    }
    for (let at = 0; at < frames.length; at += length) {
      const clip = frames.slice(at, at + length);
      if (window === null || clip.length === window) clips.push(clip);
    }
  }
  if (clips.length > 1) return clips;
  const least = window === null ? "two videos" : `two videos of ${window} frames at ${card.fps} fps`;
  throw new UsageError(folder, "has too few frames to compare on", `Pass a folder with at least ${least}`);
}

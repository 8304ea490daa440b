import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { expandSources, nodeBackend, openVideo, preprocess } from "movinet";
import { type OpenedFile, openRunners, verifyFiles } from "movinet/make";
import { interruptible } from "../interrupt.ts";
import { findNamedModel } from "../models.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../usage.ts";
import { renderChecks } from "./table.ts";

export interface VerifySettings {
  readonly model: string;
  readonly against: string | undefined;
  readonly clips: string | undefined;
}

/** Of how many videos, and how many frames of each, where there are clips. */
const [mostVideos, mostFrames] = [8, 16];

/** Compares, and returns the exit code: 0; 1 where answers are too far apart; 130. */
export function verify({ model, against, clips }: VerifySettings, terminal: Terminal): Promise<number> {
  return interruptible(terminal, async (signal) => {
    const backend = await nodeBackend();
    const files: OpenedFile[] = [];
    try {
      for (const name of against === undefined ? [model] : [model, against]) {
        const path = await findNamedModel(name);
        files.push(await openRunners(await readFile(path), basename(name), backend));
        signal.throwIfAborted();
      }
      const [first, ...others] = files as [OpenedFile, ...OpenedFile[]];
      for (const other of others) refuseAnother(first, other);
      const progress = terminal.progress();
      const onProgress = (done: number, total: number) =>
        progress.update({ done, total, label: "comparing", detail: `${done} of ${total} ways` });
      const seen = clips === undefined ? undefined : await filmed(clips, first, signal);
      const receipt = await verifyFiles([first, ...others], { clips: seen, signal, onProgress }).finally(() =>
        progress.stop(),
      );
      terminal.result(terminal.json ? JSON.stringify(receipt) : renderChecks(receipt).join("\n"));
      return receipt.pass ? 0 : 1;
    } finally {
      for (const file of files) await file[Symbol.asyncDispose]();
    }
  });
}

function refuseAnother({ model: { spec }, name }: OpenedFile, { model, name: other }: OpenedFile): void {
  const size = ({ height, width }: typeof spec.resolution) => `${height}×${width}`;
  const facts = (one: typeof spec) => `${one.classes} classes at ${size(one.resolution)}`;
  if (facts(spec) === facts(model.spec)) return;
  throw new UsageError(
    other,
    `it has ${facts(model.spec)}, but ${name} has ${facts(spec)}`,
    "Give files of one network",
  );
}

/** The first frames of some videos, as the network sees them. */
async function filmed(folder: string, { model: { card } }: OpenedFile, signal: AbortSignal): Promise<Float32Array[][]> {
  const sources = (await expandSources([folder])).slice(0, mostVideos);
  const clips: Float32Array[][] = [];
  for (const source of sources) {
    const clip: Float32Array[] = [];
    for await (const frame of openVideo(source, { fps: card.fps, size: card.input, signal })) {
      clip.push(preprocess(frame, card.input));
      if (clip.length === mostFrames) break;
    }
    if (clip.length > 0) clips.push(clip);
  }
  if (clips.length === 0) throw new UsageError(folder, "it has no video with pictures", "Give a folder of videos");
  return clips;
}

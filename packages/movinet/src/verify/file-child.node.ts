/**
 * The process that runs a third-party file, so that it can be stopped: whatever the file makes its runtime do, it is
 * killed if it uses too much memory, and by its parent if it takes too long.
 */
import { answerParent } from "../common/child.node.ts";
import { watchMemory } from "../common/process.node.ts";
import type { Frames } from "./clips.ts";
import { type FileJob, type FileRunner, openFile } from "./open-file.node.ts";
import type { Runner } from "./runner.ts";

/** Opens the file first, then runs clips one by one. */
export type FileRequest =
  | { readonly job: FileJob /** Memory allowed in addition to what the process has. */; readonly memoryBytes: number }
  | { readonly clip: Frames };

/** What the process reports about the opened file. */
export type OpenedFile = Pick<FileRunner, "model"> & { readonly runner: Omit<Runner, "logits"> };

let file: FileRunner | null = null;

answerParent(async (request: FileRequest): Promise<OpenedFile | readonly Float32Array[]> => {
  if ("clip" in request) return (file as FileRunner).runner.logits(request.clip);
  watchMemory(process.memoryUsage.rss() + request.memoryBytes);
  file = await openFile(request.job);
  const { logits: _, ...runner } = file.runner;
  return { model: file.model, runner };
});

/**
 * The process that runs a file of others, so that it can be ended: whatever the file makes its runtime do, it is killed where it
 * takes more memory than it may, and by its parent where it takes too long.
 */
import { watchMemory } from "../common/process.node.ts";
import { type PlainError, plainError } from "../session/worker-protocol.node.ts";
import type { Frames } from "./clips.ts";
import { type FileJob, type FileRunner, openFile } from "./open-file.node.ts";
import type { Runner } from "./runner.ts";

/** Opens the file first, then clips one by one. */
export type FileRequest =
  | { readonly job: FileJob /** That may be taken beside what the process has. */; readonly memoryBytes: number }
  | { readonly clip: Frames };

export type FileAnswer =
  | { readonly opened: Pick<FileRunner, "model"> & { readonly runner: Omit<Runner, "logits"> } }
  | { readonly logits: readonly Float32Array[] }
  | { readonly error: PlainError };

let file: FileRunner | null = null;

async function answer(request: FileRequest): Promise<FileAnswer> {
  if ("job" in request) {
    watchMemory(process.memoryUsage.rss() + request.memoryBytes);
    file = await openFile(request.job);
    const { name, runtime, call, frames } = file.runner;
    return { opened: { model: file.model, runner: { name, runtime, call, frames } } };
  }
  return { logits: await (file as FileRunner).runner.logits(request.clip) };
}

process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit(0));
process.on("message", async (request: FileRequest) => {
  const given = await answer(request).catch((error: unknown) => ({ error: plainError(error) }));
  process.send?.(given);
});

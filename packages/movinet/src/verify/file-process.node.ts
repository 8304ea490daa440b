import { Child, ChildEnded } from "../common/child.node.ts";
import { ModelError, MovinetError } from "../common/errors.ts";
import { ownModule } from "../common/modules.node.ts";
import { memoryComplaint } from "../common/process.node.ts";
import type { FileRequest, OpenedFile } from "./file-child.node.ts";
import type { FileJob, FileRunner } from "./open-file.node.ts";

export interface FileLimits {
  /** Memory limit for running the file. */
  readonly memoryBytes: number;
  /** Ends the process: pending promises reject with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Time limits for opening a file, and for a clip in addition to that, per frame. */
const [openMs, frameMs] = [60_000, 10_000];

/**
 * Opens a file with its own runtime in a separate process, which is stopped if the file exceeds its limits on memory
 * or time. Throws {@link ModelError}: what opening the file throws, and `E_MODEL_RUNTIME` if it or its runtime fails.
 */
export async function openFileApart(job: FileJob, { memoryBytes, signal }: FileLimits): Promise<FileRunner> {
  signal?.throwIfAborted();
  const child = new Child<FileRequest, OpenedFile | readonly Float32Array[]>(ownModule("verify/file-child.node"));
  /** Ends the process if no answer arrives in time. */
  const ask = async <Result extends OpenedFile | readonly Float32Array[]>(request: FileRequest, mostMs: number) => {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new Error(`no answer within ${mostMs / 1000} s`)), mostMs);
    try {
      return await child.ask<Result>(request, signal, late.signal);
    } catch (error) {
      child.end();
      signal?.throwIfAborted();
      if (error instanceof MovinetError) throw error;
      throw failed(job.name, late.signal.aborted ? (error as Error).message : problemOf(error as Error, memoryBytes));
    } finally {
      clearTimeout(timer);
    }
  };
  const { model, runner } = await ask<OpenedFile>({ job, memoryBytes }, openMs);
  return {
    model,
    runner: {
      ...runner,
      logits: (clip) => ask<readonly Float32Array[]>({ clip }, openMs + clip.length * frameMs),
    },
    close: async () => child.end(),
  };
}

function problemOf(error: Error, memoryBytes: number): string {
  if (!(error instanceof ChildEnded)) return `its runtime failed (${error.message})`;
  if (error.message !== memoryComplaint) return `its runtime crashed (${error.message})`;
  return `running it needs more than ${Math.round(memoryBytes / 1e6)} MB, far more than this network should`;
}

function failed(subject: string, problem: string): ModelError {
  const remedy = "Check that the file is complete, or convert the model again";
  return new ModelError({ code: "E_MODEL_RUNTIME", subject, problem, remedy });
}

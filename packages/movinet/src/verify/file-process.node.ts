import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ModelError, MovinetError } from "../common/errors.ts";
import { memoryComplaint, moduleBeside } from "../common/process.node.ts";
import { revive } from "../session/worker-protocol.node.ts";
import type { FileAnswer, FileRequest } from "./file-child.node.ts";
import type { FileJob, FileRunner } from "./open-file.node.ts";

export interface FileLimits {
  /** Memory that running the file may take. */
  readonly memoryBytes: number;
  /** Ends the process: what is awaited is then rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Time that opening a file may take, and that a clip may take beside that for each of its frames. */
const [openMs, frameMs] = [60_000, 10_000];

/**
 * Opens a file with its own runtime in a process of its own, which ends where the file takes more memory or time than it may.
 * Throws {@link ModelError}: what opening the file throws, and `E_MODEL_RUNTIME` where it or its runtime fails.
 */
export async function openFileApart(job: FileJob, { memoryBytes, signal }: FileLimits): Promise<FileRunner> {
  signal?.throwIfAborted();
  const child = fork(fileURLToPath(moduleBeside("file-child.node", import.meta.url)), [], {
    serialization: "advanced",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  const asked = new FileQuestions(child, job.name, memoryBytes, signal);
  try {
    const answer = await asked.ask({ job, memoryBytes }, openMs);
    if (!("opened" in answer)) throw new Error("internal: the file was not opened");
    const { model, runner } = answer.opened;
    return {
      model,
      runner: {
        ...runner,
        async logits(clip) {
          const { logits = [] } = (await asked.ask({ clip }, openMs + clip.length * frameMs)) as Partial<{
            readonly logits: readonly Float32Array[];
          }>;
          return logits;
        },
      },
      close: async () => asked.end(),
    };
  } catch (error) {
    asked.end();
    throw error;
  }
}

/** One question at a time to a process, which is ended where no answer comes in time. */
class FileQuestions {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #memoryBytes: number;
  readonly #signal: AbortSignal | undefined;
  #complaint = "";

  constructor(child: ChildProcess, name: string, memoryBytes: number, signal: AbortSignal | undefined) {
    this.#child = child;
    this.#name = name;
    this.#memoryBytes = memoryBytes;
    this.#signal = signal;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#complaint = text.trim().split("\n").at(-1) || this.#complaint;
    });
  }

  async ask(request: FileRequest, mostMs: number): Promise<FileAnswer> {
    this.#signal?.throwIfAborted();
    const child = this.#child;
    const { promise, resolve, reject } = Promise.withResolvers<FileAnswer>();
    const late = setTimeout(() => reject(this.#failed(`it gives no answer in ${mostMs / 1000} s`)), mostMs);
    const aborted = () => reject(this.#signal?.reason);
    const closed = () => reject(this.#failed(this.#ending()));
    this.#signal?.addEventListener("abort", aborted);
    child.once("message", resolve).once("error", reject).once("close", closed);
    child.send(request, (error) => {
      if (error) closed();
    });
    try {
      const answer = await promise;
      if (!("error" in answer)) return answer;
      const error = revive(answer.error);
      throw error instanceof MovinetError ? error : this.#failed(`its runtime fails on it (${error.message})`);
    } catch (error) {
      this.end();
      throw error;
    } finally {
      clearTimeout(late);
      this.#signal?.removeEventListener("abort", aborted);
      child.off("message", resolve).off("error", reject).off("close", closed);
    }
  }

  end(): void {
    this.#child.kill("SIGKILL");
  }

  #ending(): string {
    if (this.#complaint !== memoryComplaint) return `its runtime ends on it (${this.#complaint || "no reason given"})`;
    return `running it takes more than ${Math.round(this.#memoryBytes / 1e6)} MB, far more than such a network needs`;
  }

  #failed(problem: string): ModelError {
    const remedy = "Check that the file was copied whole, or convert the model again";
    return new ModelError({ code: "E_MODEL_RUNTIME", subject: this.#name, problem, remedy });
  }
}

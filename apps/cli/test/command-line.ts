import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const bin = fileURLToPath(new URL("../bin/movinet.js", import.meta.url));
/** Of all tests: else each folder's first command would compile everything anew. */
const compiled = fileURLToPath(new URL("../../../node_modules/.cache/movinet-tests", import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line in a folder, with a cache of its own there; `more` is put into its environment. */
export function commandLine(folder: () => string, more: () => NodeJS.ProcessEnv = () => ({})) {
  const start = (...args: string[]): ChildProcess => {
    const own = { NO_COLOR: "1", MOVINET_CACHE: join(folder(), "cache"), NODE_COMPILE_CACHE: compiled, ...more() };
    const env = { ...process.env, ...own };
    return spawn(process.execPath, [bin, ...args], { env, cwd: folder(), stdio: ["ignore", "pipe", "pipe"] });
  };
  return { start, finish, run: (...args: string[]) => finish(start(...args)) };
}

/** What a process wrote, and its exit code, when it has ended. */
function finish(child: ChildProcess): Promise<Outcome> {
  let [stdout, stderr] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
}

import { stat } from "node:fs/promises";
import { MovinetError } from "movinet";
import { formatBytes, ModelCache } from "movinet/files";
import { defineCommand } from "../command.ts";
import { rest } from "../options.ts";
import { PullProgress } from "./pull-progress.ts";

/** Downloads models; the exit code is 1 where one failed. */
export const pullCommand = defineCommand({
  name: "pull",
  examples: ["pull a0-stream", "pull a2-stream a2-base"],
  options: { names: rest("Model names (see movinet models)", { required: true }) },
  fetches: true,
  json: "Print one line of JSON per model",
  async run({ names }, { terminal, signal, offline, ifInterrupted }) {
    ifInterrupted("Repeat the command to continue the download.");
    const cache = new ModelCache();
    let failed = 0;
    for (const name of names) {
      const progress = new PullProgress(terminal);
      try {
        const path = await cache.pull(name, { signal, offline: offline || undefined, onProgress: progress.tell });
        const { size } = await stat(path);
        const result = { type: "pulled", name, path, bytes: size };
        terminal.result(terminal.json ? JSON.stringify(result) : `${name}  ${formatBytes(size)}  ${path}`);
      } catch (error) {
        if (signal.aborted || !(error instanceof MovinetError) || names.length === 1) throw error;
        failed++;
        progress.stop();
        terminal.warn(`movinet: ${error.message}`);
        if (terminal.json)
          terminal.result(JSON.stringify({ type: "error", name, code: error.code, message: error.message }));
      } finally {
        progress.stop();
      }
    }
    return failed > 0 ? 1 : 0;
  },
});

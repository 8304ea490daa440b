import { basename } from "node:path";
import { formatBytes, ModelCache, printable } from "movinet/files";
import { defineCommand } from "../command.ts";
import { otherwise, rest } from "../options.ts";
import { counted, tableLines } from "../tables/text.ts";
import { PullProgress } from "./pull-progress.ts";

type Cached = Awaited<ReturnType<ModelCache["list"]>>[number];

export const listCommand = defineCommand({
  name: "cache list",
  examples: ["cache list"],
  options: {},
  json: "Print one line of JSON per file",
  async run(_, { terminal }) {
    const cache = new ModelCache();
    const files = await cache.list();
    if (terminal.json) for (const file of files) terminal.result(JSON.stringify({ type: "cached", ...file }));
    else terminal.result([...renderFiles(files), `${counted(files.length, "model")} in ${cache.folder}`].join("\n"));
    return 0;
  },
});

function renderFiles(files: readonly Cached[]): readonly string[] {
  if (files.length === 0) return [];
  const rows = files.map(({ path, bytes, pulled }) =>
    [
      basename(path),
      formatBytes(bytes),
      pulled?.since.slice(0, 10) ?? "",
      pulled?.licence ?? "",
      pulled?.url ?? "added by hand",
    ].map(printable),
  );
  return tableLines(["file", "size", "downloaded", "licence", "source"], rows, 5);
}

/** Checks files against their checksums; the exit code is 1 where one is wrong. */
export const verifyCacheCommand = defineCommand({
  name: "cache verify",
  examples: ["cache verify"],
  options: {},
  json: "Print one line of JSON per file",
  async run(_, { terminal, signal }) {
    const files = await new ModelCache().verify(signal);
    const wrong = files.filter(({ problem }) => problem !== null);
    for (const { path, problem, ...file } of files) {
      if (terminal.json) terminal.result(JSON.stringify({ type: "checked", path, ...file, problem }));
      else
        terminal.result(
          `${printable(basename(path))}: ${problem ?? (file.pulled ? "ok" : "readable; added by hand, no checksum")}`,
        );
    }
    if (wrong.length === 0) return 0;
    const names = wrong.map(({ path }) => basename(path)).join(", ");
    terminal.warn(
      `movinet: ${names}: damaged or replaced. Remove the file; a model that has a name is downloaded again when it is used.`,
    );
    return 1;
  },
});

export const clearCommand = defineCommand({
  name: "cache clear",
  examples: ["cache clear", "cache clear a0-stream"],
  options: { names: otherwise("all downloaded ones", rest("Models to remove, also those added by hand")) },
  json: "Print one line of JSON per removed file",
  async run({ names }, { terminal, signal }) {
    const cache = new ModelCache();
    const progress = new PullProgress(terminal);
    const removed = await cache.clear(names.length > 0 ? names : undefined, { signal, onProgress: progress.tell });
    if (terminal.json) {
      for (const file of removed) terminal.result(JSON.stringify({ type: "removed", ...file }));
      return 0;
    }
    const bytes = removed.reduce((sum, file) => sum + file.bytes, 0);
    for (const { path } of removed) terminal.result(`removed ${printable(path)}`);
    const left = await cache.list();
    const rest = left.length > 0 ? `; ${counted(left.length, "model")} left in ${cache.folder}` : "";
    terminal.result(`${counted(removed.length, "model")}, ${formatBytes(bytes)}${rest}`);
    return 0;
  },
});

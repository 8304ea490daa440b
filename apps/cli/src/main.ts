import { MovinetError } from "movinet";
import { writeError as outputError } from "movinet/files";
import { reportLeaks } from "movinet/session";
import { findCommand, renderHelp } from "./commands.ts";
import { internalText, writeError, writeStack } from "./terminal.ts";
import { version } from "./version.ts";

/** Runs the command line and returns the exit code: 0 done, 1 some inputs failed, 2 wrong usage, 130 interrupted. */
export async function main(args: readonly string[]): Promise<number> {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    process.exit(report(outputError("standard output", error), args.includes("--debug")));
  });
  if (args.includes("--debug")) reportLeaks((line) => writeError(`movinet: ${line}`));
  try {
    if (args[0] === "--version" || args[0] === "-v") {
      process.stdout.write(`${version}\n`);
      return 0;
    }
    const found = findCommand(args);
    const { entry, rest } = found;
    const own = rest.includes("--") ? rest.slice(0, rest.indexOf("--")) : rest;
    if (entry.load && !own.includes("--help") && !own.includes("-h")) return await (await entry.load()).run(rest);
    const { isTTY = false, columns } = process.stdout;
    const style = { width: Math.min(columns || 80, 100), color: isTTY && !process.env["NO_COLOR"] };
    process.stdout.write(`${await renderHelp(found, style)}\n`);
    return 0;
  } catch (error) {
    return report(error, args.includes("--debug"));
  }
}

const usageCodes = new Set([
  "E_DATASET_NOT_FOUND",
  "E_DEPENDENCY_MISSING",
  "E_DEVICE_UNAVAILABLE",
  "E_DEVICE_UNKNOWN",
  "E_MODEL_LABELS",
  "E_MODEL_NOT_FOUND",
  "E_TRAIN_CHOICE",
  "E_USAGE",
]);

function report(error: unknown, debug: boolean): number {
  const thrown = error instanceof Error ? error : new Error(String(error));
  const known = error instanceof MovinetError;
  writeError(`movinet: ${known ? thrown.message : internalText(thrown.message)}`);
  if (debug) writeStack(thrown);
  return known && usageCodes.has(error.code) ? 2 : 1;
}

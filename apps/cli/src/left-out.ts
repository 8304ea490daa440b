import { relative } from "node:path";
import { type FoundSources, leftOutText } from "movinet";
import type { Terminal } from "./terminal.ts";

/** Says in one line for each folder what was not taken from it; shown even when quiet. */
export function tellLeftOut({ leftOut }: Pick<FoundSources, "leftOut">, terminal: Terminal): void {
  for (const { source, kinds } of leftOut) {
    const told = leftOutText(kinds, (path) => relative(source, path));
    terminal.warn(`movinet: ${source}: ${told}. Name what should be used.`);
  }
}

import type { Receipt } from "movinet/train";
import { columnsOf, counted, tableLines, wrap } from "./text.ts";

/** What a comparison found, as lines: sentences wrap at `width`, a row of the table takes at most `room` cells. */
export function renderChecks(receipt: Receipt, { width, room }: { width: number; room: number }): string[] {
  const { source, clips, frames, limits, checks, controls, problem } = receipt;
  const isMixed = [source, ...checks].some(({ arithmetic }) => arithmetic === "int8");
  const on = (runtime: string, arithmetic: string) => (isMixed ? `${runtime}, ${arithmetic}` : runtime);
  const head = ["", "on", "", "difference", "error", "correlation", "same class", ""];
  const rows = checks.map(({ name, runtime, arithmetic, call, difference, error, correlation, sameClass, fails }) => [
    name,
    on(runtime, arithmetic),
    call,
    difference === null ? "–" : difference.toExponential(1),
    percent(error),
    correlation === null ? "–" : correlation.toFixed(4),
    `${(100 * sameClass).toFixed(0)} %`,
    fails.length === 0 ? "ok" : fails.includes("numbers") ? "NO NUMBERS" : "TOO FAR",
  ]);
  const shown = controls.map(({ name, error, fails }) => `${name} ${percent(error)}${fails ? "" : " (NEAR)"}`);
  const sentences = (...texts: string[]) => texts.flatMap((text) => wrap(text, columnsOf({ width })));
  return [
    ...sentences(
      `Compared with ${source.name} on ${on(source.runtime, source.arithmetic)}, ${source.call}, over ${counted(clips, "clip")} of ${frames} frames. Errors are relative to the spread of its answers; at most ${percent(limits.error)} is allowed.`,
    ),
    ...tableLines(head, rows, 3, room),
    ...(shown.length > 0 ? sentences(`Controls, wrong on purpose, must be far off: ${shown.join(", ")}.`) : []),
    ...(problem === null ? [] : sentences(`This is inconclusive: ${problem}.`)),
    ...(isOneClass(receipt) ? sentences("All clips get the same class: try clips of different actions.") : []),
  ];
}

/** Whether a check fails on clips that hardly differ, where coarse files do so soonest. */
function isOneClass({ pass, problem, controls }: Receipt): boolean {
  const constant = controls.find(({ name }) => name === "constant answer");
  return !pass && problem === null && constant?.sameClass === 1;
}

function percent(share: number | null): string {
  if (share === null) return "–";
  const value = 100 * share;
  return `${value >= 100 ? value.toFixed(0) : value.toPrecision(2)} %`;
}

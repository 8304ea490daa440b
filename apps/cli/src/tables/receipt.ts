import type { Receipt } from "movinet/train";
import { counted, fitText, tableLines } from "./text.ts";

const mostName = 24;

/** What a comparison found, as lines. */
export function renderChecks(receipt: Receipt): string[] {
  const { source, clips, frames, limits, checks, controls, problem } = receipt;
  const head = ["", "on", "", "difference", "error", "correlation", "same class", ""];
  const rows = checks.map(({ name, runtime, call, difference, error, correlation, sameClass, fails }) => [
    fitText(name, mostName),
    runtime,
    call,
    difference === null ? "–" : difference.toExponential(1),
    percent(error),
    correlation === null ? "–" : correlation.toFixed(4),
    `${(100 * sameClass).toFixed(0)} %`,
    fails.length === 0 ? "ok" : fails.includes("numbers") ? "NO NUMBERS" : "TOO FAR",
  ]);
  const shown = controls.map(({ name, error, fails }) => `${name} ${percent(error)}${fails ? "" : " (NEAR)"}`);
  return [
    `Held against ${source.name} on ${source.runtime}, ${source.call}`,
    `(${counted(clips, "clip")}, ${frames} frames; errors as a share of how much its answers differ, at most ${percent(limits.error)}):`,
    ...tableLines(head, rows, 3),
    ...(shown.length > 0 ? [`Wrong on purpose, which must be far off: ${shown.join(", ")}`] : []),
    ...(problem === null ? [] : [`This proves nothing: ${problem}.`]),
    ...(isOneClass(receipt) ? ["All clips get one class: clips of different actions would tell more."] : []),
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

import { stripVTControlCharacters } from "node:util";
import { SingleBar } from "cli-progress";

/** How a command speaks: results on stdout, everything else on stderr. */
export interface Terminal {
  readonly json: boolean;
  readonly quiet: boolean;
  /** Whether stdout shows colours. */
  readonly color: boolean;
  /** Columns of stdout. */
  readonly width: number;
  /** A line of results. */
  result(text: string): void;
  /** A line of a warning or an error: shown even when quiet. */
  warn(text: string): void;
  /** A line that only tells how things go. */
  note(text: string): void;
  progress(label: string): Progress;
}

/** A bar on a terminal; a plain line every few seconds elsewhere. */
export interface Progress {
  /** `total` is null where nobody knows it. */
  update(done: number, total: number | null, detail: string): void;
  stop(): void;
}

const plainIntervalMs = 3000;
/** Takes away a bar that stands on the line; it is drawn again below. */
const clearLine = "\r\x1b[K";

export function openTerminal({ json, quiet }: { json: boolean; quiet: boolean }): Terminal {
  const colored = (stream: NodeJS.WriteStream) => Boolean(stream.isTTY) && !process.env["NO_COLOR"];
  const note = (text: string) => {
    if (!quiet) process.stderr.write(`${text}\n`);
  };
  return {
    json,
    quiet,
    color: colored(process.stdout),
    width: process.stdout.columns ?? 80,
    result: (text) => process.stdout.write(`${process.stdout.isTTY ? clearLine : ""}${text}\n`),
    warn: (text) => process.stderr.write(`${process.stderr.isTTY ? clearLine : ""}${text}\n`),
    note,
    progress(label) {
      if (quiet) return { update() {}, stop() {} };
      return process.stderr.isTTY ? barProgress(label) : plainProgress(label, note);
    },
  };
}

function barProgress(label: string): Progress {
  const width = process.stderr.columns ?? 80;
  const name = label.length > 24 ? `…${label.slice(-23)}` : label;
  const bar = new SingleBar({
    format: `${name} {bar} {detail}`,
    barsize: Math.max(10, Math.min(30, width - name.length - 34)),
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  bar.start(1, 0, { detail: "" });
  return {
    update(done, total, detail) {
      bar.setTotal(total ?? done + 1);
      bar.update(Math.min(done, total ?? done), { detail });
    },
    stop: () => bar.stop(),
  };
}

function plainProgress(label: string, note: (text: string) => void): Progress {
  let last = performance.now();
  return {
    update(_done, _total, detail) {
      if (performance.now() - last < plainIntervalMs) return;
      last = performance.now();
      note(`${label}: ${detail}`);
    },
    stop() {},
  };
}

/** Help text as citty renders it, without colours where they are not wanted. */
export function plainUnlessColored(text: string, color: boolean): string {
  return color ? text : stripVTControlCharacters(text);
}

import { relative } from "node:path";
import { SingleBar } from "cli-progress";
import { bounded, type expandSources, leftOutText, printable, printableLines, shownSource } from "movinet/files";
import { fitText } from "./tables/text.ts";

/** What was found of the sources that were named. */
export type FoundSources = Awaited<ReturnType<typeof expandSources>>;

/** How a command speaks: results on stdout, everything else on stderr. */
export interface Terminal {
  readonly json: boolean;
  readonly quiet: boolean;
  /** Whether stacks of errors are shown. */
  readonly debug: boolean;
  /** Whether stdout shows colours. */
  readonly color: boolean;
  /** Columns of stdout; 80 where it is no terminal. */
  readonly width: number;
  /** Columns that a line of a table may take: those of a terminal; without end elsewhere, where nothing is cut. */
  readonly room: number;
  /** A line of results. */
  result(text: string): void;
  /** A line of an error: shown even when quiet. */
  warn(text: string): void;
  /** A reason not to trust a result as it stands: shown even when quiet. */
  warning(text: string): void;
  /** Lines about progress. */
  note(text: string): void;
  /** Reports in one line for each folder what was skipped in it; shown even when quiet. */
  reportLeftOut(found: Pick<FoundSources, "leftOut">): void;
  /** Shows how things go until it is stopped; one at a time. */
  progress(): Progress;
}

/** A bar on a terminal, which makes way for lines; a plain line every few seconds elsewhere. */
export interface Progress {
  update(state: ProgressState): void;
  stop(): void;
}

export interface ProgressState {
  readonly done: number;
  /** Null where it is unknown. */
  readonly total: number | null;
  /** What is being done, before the bar; may be empty. */
  readonly label: string;
  /** How far it is, after the bar. */
  readonly detail: string;
}

const plainIntervalMs = 3000;

export function openTerminal({ json, quiet, debug }: Pick<Terminal, "json" | "quiet" | "debug">): Terminal {
  const colored = (stream: NodeJS.WriteStream) => Boolean(stream.isTTY) && !process.env["NO_COLOR"];
  let bar: Bar | null = null;
  const write = (stream: NodeJS.WriteStream, text: string) => {
    if (stream.isTTY) bar?.hide();
    stream.write(`${text}\n`);
  };
  const complain = (line: string) => write(process.stderr, printable(line));
  const note = (text: string) => {
    if (!quiet) write(process.stderr, printableLines(text));
  };
  return {
    json,
    quiet,
    debug,
    color: colored(process.stdout),
    width: process.stdout.columns || 80,
    room: process.stdout.isTTY ? process.stdout.columns || 80 : Infinity,
    result: (text) => write(process.stdout, json ? text : printableLines(text)),
    warn: complain,
    warning: (text) => complain(`movinet: warning: ${text}`),
    note,
    reportLeftOut({ leftOut }) {
      for (const { source, kinds } of leftOut) {
        const text = leftOutText(kinds, (path) => relative(source, path));
        complain(`movinet: ${source}: ${text}. Name a file to use it anyway.`);
      }
    },
    progress() {
      if (quiet) return { update() {}, stop() {} };
      if (!process.stderr.isTTY) return plainProgress(note);
      const own = new Bar();
      bar = own;
      return {
        update: (state) => own.update(state),
        stop() {
          own.hide();
          bar = null;
        },
      };
    },
  };
}

/** A bar in the last line of the terminal; it comes back with the first update after it was hidden. */
class Bar {
  readonly #width = process.stderr.columns || 80;
  #shown: SingleBar | null = null;

  update({ done, total, label, detail }: ProgressState): void {
    const name = fitText(label, 24, "end");
    const most = Math.max(1, total ?? done + 1);
    const value = Math.min(done, total ?? done);
    const texts = { label: name && `${name} `, detail };
    if (this.#shown === null) this.#show(most, value, texts);
    else {
      this.#shown.setTotal(most);
      this.#shown.update(value, texts);
    }
  }

  hide(): void {
    this.#shown?.stop();
    this.#shown = null;
  }

  #show(total: number, value: number, texts: { readonly label: string; readonly detail: string }): void {
    const bar = new SingleBar({
      format: "{label}{bar}  {detail}",
      barsize: Math.max(10, Math.min(30, this.#width - 60)),
      barCompleteChar: "█",
      barIncompleteChar: "░",
      hideCursor: true,
      clearOnComplete: true,
      gracefulExit: false,
      stream: process.stderr,
    });
    bar.start(total, value, texts);
    this.#shown = bar;
  }
}

function plainProgress(note: (text: string) => void): Progress {
  let last = performance.now();
  return {
    update({ label, detail }) {
      if (performance.now() - last < plainIntervalMs) return;
      last = performance.now();
      note(printable(label ? `${label}: ${detail}` : detail));
    },
    stop() {},
  };
}

/** A line on standard error, where no terminal is open. */
export function writeError(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}

/** The stack of an error, with `--debug`. */
export function writeStack({ stack = "" }: Error): void {
  process.stderr.write(`${printableLines(shownSource(bounded(stack, 10_000)))}\n`);
}

/** The message of an unforeseen error. */
export function internalText(message: string): string {
  return `internal: ${printable(shownSource(bounded(message, 1000)))}. Please report this with the output of --debug.`;
}

import type { PullEvent } from "movinet";
import { formatBytes } from "movinet/files";
import { formatDuration } from "../tables/text.ts";
import type { Progress, Terminal } from "../terminal.ts";

/** A download on the terminal: one line of what, from where, how large and under which licence, then a bar. */
export class PullProgress {
  readonly #terminal: Terminal;
  #source: { readonly host: string; readonly origin: string; readonly licence: string; readonly bytes: number } | null =
    null;
  readonly #skipped: Extract<PullEvent, { status: "skip" }>[] = [];
  #bar: { readonly progress: Progress; readonly started: number; readonly first: number } | null = null;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  readonly tell = (event: PullEvent): void => {
    const { name } = event;
    if (event.status === "initiate") this.#source = { ...event, host: hostOf(event.url) };
    else if (event.status === "download" && this.#source) {
      const { host, origin, licence, bytes } = this.#source;
      this.#terminal.note(
        `${name}: downloading ${origin} from ${host}, about ${formatBytes(bytes)}, licence ${licence}`,
      );
    } else if (event.status === "progress") this.#show(name, event.loaded, event.total);
    else this.stop();
    if (event.status === "skip") this.#skipped.push(event);
    // A source of wrong content is worth a warning even where the next one was right; one that did not answer is not.
    if (event.status === "ready") {
      for (const { url, problem, wrong } of this.#skipped.splice(0)) {
        if (wrong) this.#terminal.warning(`${name}: ${url}: ${problem}.`);
      }
    }
    if (event.status === "wait") this.#terminal.note(`${name}: waiting for ${event.for}, which is downloading it`);
  };

  stop(): void {
    this.#bar?.progress.stop();
    this.#bar = null;
  }

  #show(name: string, loaded: number, total: number): void {
    // A server that cannot continue a download starts again.
    if (this.#bar === null || loaded < this.#bar.first) {
      const progress = this.#bar?.progress ?? this.#terminal.progress();
      this.#bar = { progress, started: performance.now(), first: loaded };
    }
    const { progress, started, first } = this.#bar;
    const seconds = (performance.now() - started) / 1000;
    const rate = (loaded - first) / Math.max(seconds, 1e-3);
    const left = total > 0 && rate > 0 ? `  ETA ${formatDuration((total - loaded) / rate)}` : "";
    const far = total > 0 ? `${formatBytes(loaded)} of ${formatBytes(total)}` : formatBytes(loaded);
    progress.update({
      done: loaded,
      total: total || null,
      label: name,
      detail: `${far}  ${formatBytes(rate)}/s${left}`,
    });
  }
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

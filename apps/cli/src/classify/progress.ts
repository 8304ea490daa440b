import { basename } from "node:path";
import { formatDuration } from "../tables/text.ts";
import type { Progress, Terminal } from "../terminal.ts";

/** How far a run is: by frames where it has one source, by files where it has several. */
export class RunProgress {
  readonly #progress: Progress;
  readonly #sources: number;
  readonly #started = performance.now();
  #frames = 0;
  #done = 0;
  #failed: number;

  /** `failed` sources count as failures from the start, but not among `sources`. */
  constructor(terminal: Terminal, sources: number, failed: number) {
    this.#progress = terminal.progress();
    this.#sources = sources;
    this.#failed = failed;
  }

  /** A frame at `time` seconds was classified; `expected` frames are in the source, or null. */
  frame(source: string, frame: number, time: number, expected: number | null): void {
    this.#frames++;
    if (this.#sources > 1) this.#update();
    else {
      this.#progress.update({
        done: frame + 1,
        total: expected,
        label: basename(source),
        detail: formatDuration(time),
      });
    }
  }

  sourceDone({ failed }: { failed: boolean }): void {
    this.#done++;
    if (failed) this.#failed++;
    if (this.#sources > 1) this.#update();
  }

  /** Sources that are done, failed ones among them. */
  get done(): number {
    return this.#done;
  }

  stop(): void {
    this.#progress.stop();
  }

  #update(): void {
    const seconds = (performance.now() - this.#started) / 1000;
    const left = this.#done === 0 ? "–" : formatDuration((seconds / this.#done) * (this.#sources - this.#done));
    const failed = this.#failed > 0 ? `  ${this.#failed} failed` : "";
    this.#progress.update({
      done: this.#done,
      total: this.#sources,
      label: "",
      detail: `${this.#done}/${this.#sources} files  ${Math.round(this.#frames / seconds)} frames/s  ETA ${left}${failed}`,
    });
  }
}

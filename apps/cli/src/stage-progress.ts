import type { TrainProgress } from "movinet/train";
import { formatDuration } from "./tables/text.ts";
import type { Terminal } from "./terminal.ts";

/** A stage of a training on the terminal: how far, how fast, how long still. */
export class StageProgress {
  readonly #progress: ReturnType<Terminal["progress"]>;
  #label = "";
  #started = 0;
  #first = 0;

  constructor(terminal: Terminal) {
    this.#progress = terminal.progress();
  }

  /** `detail` comes before speed and time; `unit` is what is counted. */
  update(label: string, done: number, total: number, detail = "", unit = "clips"): void {
    if (label !== this.#label) {
      this.#label = label;
      this.#started = performance.now();
      this.#first = done;
    }
    const seconds = (performance.now() - this.#started) / 1000;
    const speed = (done - this.#first) / Math.max(seconds, 1e-3);
    const left = speed > 0 ? formatDuration((total - done) / speed) : "–";
    const parts = [`${done}/${total} ${unit}`, detail, `${speed.toFixed(1)} ${unit}/s`, `ETA ${left}`];
    this.#progress.update({ done, total, label, detail: parts.filter(Boolean).join("  ") });
  }

  /** Files and clips that are read before an evaluation. */
  readonly clips = (stage: "reading" | "decoding", done: number, total: number): void => {
    this.update(stage, done, total, "", stage === "reading" ? "files" : "clips");
  };

  /** A stage of a training by its numbers. */
  training({ stage, part, done, total, epoch, loss, validationTop1 }: TrainProgress): void {
    const label = part === null ? stage : `part ${part.index + 1} of ${part.of}: ${stage}`;
    const losses = loss === null ? "" : `loss ${loss.toFixed(3)}`;
    const top1 = validationTop1 === null ? "" : `  validation ${(100 * validationTop1).toFixed(0)} %`;
    this.update(label, done, total, stage === "training" ? `epoch ${epoch}  ${losses}${top1}` : "");
  }

  stop(): void {
    this.#progress.stop();
  }
}

/** The time left of work that began at `started` (`performance.now()`). */
export function timeLeft(started: number, done: number, total: number): string {
  return formatDuration(((performance.now() - started) / 1000 / done) * (total - done));
}

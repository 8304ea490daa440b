/** What a run over many sources shows while it works, and what it took. */
import { basename } from "node:path";
import { percentileByRank } from "movinet/files";
import { renderTimings } from "../tables/result.ts";
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

  /** A frame at `time` seconds is being classified; `expected` frames are in the source, or null. */
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

/** What one source took. */
export interface SourceCost {
  readonly frames: number;
  /** Seconds of video. */
  readonly seconds: number;
  readonly decodeMs: number;
  readonly preprocessMs: number;
  readonly inferMs: number;
}

/** What all sources of a run took together, in memory that does not grow with them. */
export class Tally {
  readonly #steps = new DurationHistogram();
  #total: SourceCost = { frames: 0, seconds: 0, decodeMs: 0, preprocessMs: 0, inferMs: 0 };

  get frames(): number {
    return this.#total.frames;
  }

  /** Of a frame whose time is known by itself. */
  addStep(ms: number): void {
    this.#steps.add(ms);
  }

  addSource(cost: SourceCost): void {
    const { frames, seconds, decodeMs, preprocessMs, inferMs } = this.#total;
    this.#total = {
      frames: frames + cost.frames,
      seconds: seconds + cost.seconds,
      decodeMs: decodeMs + cost.decodeMs,
      preprocessMs: preprocessMs + cost.preprocessMs,
      inferMs: inferMs + cost.inferMs,
    };
  }

  render(totalMs: number, stateBytes: number, options: { color: boolean }): string {
    return renderTimings(
      {
        ...this.#total,
        totalMs,
        steps: this.#steps.count > 0 ? { p50Ms: this.#steps.percentile(50), p95Ms: this.#steps.percentile(95) } : null,
        realTimeFactor: this.#total.seconds / (totalMs / 1000),
        stateBytes,
        peakRssBytes: process.resourceUsage().maxRSS * 1024,
      },
      options,
    );
  }
}

/** Each bin is this much wider than the one before it, so a percentile is right within half of it: 0.5 %. */
const growth = 1.01;
const shortestMs = 1e-3;
const bins = 2100;

/** Counts durations from 1 µs to 19 minutes (what is beyond counts as the end) in bins of 1 %. */
export class DurationHistogram {
  readonly #counts = new Float64Array(bins);
  #count = 0;

  add(ms: number): void {
    const bin = Math.round(Math.log(Math.max(ms, shortestMs) / shortestMs) / Math.log(growth));
    const at = Math.min(bin, bins - 1);
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.#count++;
  }

  get count(): number {
    return this.#count;
  }

  /** The `p`-th percentile (0..100), as `percentile` of the library defines it; 0 without any duration. */
  percentile(p: number): number {
    return this.#count === 0 ? 0 : percentileByRank(this.#count, p, (rank) => this.#durationAt(rank));
  }

  #durationAt(rank: number): number {
    let seen = 0;
    const bin = this.#counts.findIndex((count) => {
      seen += count;
      return seen > rank;
    });
    return shortestMs * growth ** bin;
  }
}

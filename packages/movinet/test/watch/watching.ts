/** A watch whose records a test waits for. */
import { setTimeout as sleep } from "node:timers/promises";
import type { SessionSource } from "../../src/session/program.ts";
import type { WatchPrediction, WatchRecord, WatchStatus } from "../../src/watch/records.ts";
import type { WatchOptions, WatchSource } from "../../src/watch/settings.ts";
import { type Watch, watch } from "../../src/watch/watch.node.ts";

/** A record, and when it came, in milliseconds of the wall clock. */
export type Noted = WatchRecord & { readonly noted: number };

export class Watching implements AsyncDisposable {
  readonly records: Noted[] = [];
  readonly watch: Watch;
  readonly done: Promise<void>;
  #wake = () => {};

  constructor(program: SessionSource, sources: readonly (string | WatchSource)[], options: WatchOptions = {}) {
    this.watch = watch(program, sources, options);
    this.done = this.#read();
  }

  async #read(): Promise<void> {
    for await (const record of this.watch) {
      this.records.push({ ...record, noted: Date.now() });
      this.#wake();
    }
    this.#wake();
  }

  /** Waits for a record after `from` (a number of records) and returns it. Throws after `seconds`. */
  async until<R extends Noted = Noted>(
    wanted: (record: Noted) => boolean,
    { from = 0, seconds = 40 }: { readonly from?: number; readonly seconds?: number } = {},
  ): Promise<R> {
    const end = Date.now() + 1000 * seconds;
    for (let at = from; ; at++) {
      while (at >= this.records.length) {
        const left = end - Date.now();
        if (left <= 0) throw new Error(`not within ${seconds} s; last: ${JSON.stringify(this.records.slice(-3))}`);
        await Promise.race([new Promise<void>((resolve) => (this.#wake = resolve)), sleep(left)]);
      }
      const record = this.records[at] as Noted;
      if (wanted(record)) return record as R;
    }
  }

  predictionsOf(source: string): (WatchPrediction & { readonly noted: number })[] {
    return this.records.filter((record) => record.type === "prediction" && record.source === source) as never;
  }

  statusesOf(source: string): WatchStatus[] {
    return this.records.filter((record) => record.type === "status" && record.source === source) as WatchStatus[];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.watch[Symbol.asyncDispose]();
    await this.done;
  }
}

export const isPrediction = (source: string) => (record: WatchRecord) =>
  record.type === "prediction" && record.source === source;

export const isStatus =
  (source: string, state: WatchStatus["state"], message: RegExp = /.*/) =>
  (record: WatchRecord): boolean =>
    record.type === "status" && record.source === source && record.state === state && message.test(record.message);

/** Whether the likeliest class of a prediction is this one. */
export const names = (source: string, label: string) => (record: WatchRecord) =>
  isPrediction(source)(record) && (record as WatchPrediction).predictions[0]?.label === label;

/** The longest time between predictions of a source, in seconds. */
export function longestPause(predictions: readonly { readonly noted: number }[]): number {
  return Math.max(0, ...predictions.slice(1).map(({ noted }, i) => (noted - (predictions[i]?.noted ?? noted)) / 1000));
}

/** Records as lines of text. */
import { printable } from "movinet/files";
import type { WatchPrediction, WatchRecord } from "movinet/watch";

/** Milliseconds after which an answer is shown although its likeliest class is still the same. */
const longestSilenceMs = 10_000;

/** Turns records into lines for people, with the local time: an answer has one where it changes, and now and then. */
export class PlainLines {
  /** For each source, the answer that was shown last. */
  readonly #shown = new Map<string, { readonly label: string | undefined; readonly at: number }>();

  /** The line of a record; null: nothing new. */
  line(record: WatchRecord): string | null {
    const line = this.#line(record);
    // Names and labels are from files.
    return line === null ? null : printable(line);
  }

  #line(record: WatchRecord): string | null {
    switch (record.type) {
      case "prediction":
        return this.#isNew(record) ? predictionLine(record) : null;
      case "status": {
        const { source, state, message } = record;
        return `${clock(new Date())}  ${source}  ${state}${message === "" ? "" : `: ${message}`}`;
      }
      case "event": {
        const { source, label, phase, start, end, peak } = record;
        return `${clock(new Date(end ?? start))}  ${source}  ${phase} of ${label} (peak ${percent(peak)})`;
      }
    }
  }

  #isNew({ source, predictions: [best], at: time }: WatchPrediction): boolean {
    const at = Date.parse(time);
    const shown = this.#shown.get(source);
    if (shown && shown.label === best?.label && at - shown.at < longestSilenceMs) return false;
    this.#shown.set(source, { label: best?.label, at });
    return true;
  }
}

function predictionLine({ at, source, predictions, lagMs, dropped }: WatchPrediction): string {
  const answers = predictions.map(({ label, score }) => `${label} ${percent(score)}`).join(", ");
  const lost = dropped > 0 ? `, ${dropped} dropped` : "";
  return `${clock(new Date(at))}  ${source}  ${answers}  (${Math.round(lagMs)} ms${lost})`;
}

function percent(score: number): string {
  return `${(100 * score).toFixed(0)} %`;
}

function clock(date: Date): string {
  const two = (part: number) => String(part).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Results as lines for other programs: JSON, or comma-separated values. */
import type { Prediction, Segment } from "movinet";
import { csvLine } from "../tables/csv.ts";

/** What is known of a video once it is done. */
export interface VideoResult {
  readonly source: string;
  readonly model: string;
  /** `int8` if a quantized model's integers answered. */
  readonly arithmetic: string;
  readonly frames: number;
  /** Seconds. */
  readonly duration: number;
  /** Best first. */
  readonly predictions: readonly Prediction[];
  /** Milliseconds by stage. */
  readonly timings: Readonly<Record<string, number>>;
  /** Reasons not to trust the result as it stands. */
  readonly warnings: readonly string[];
  /** Where its clip was sorted into; null: nowhere. */
  readonly sorted: string | null;
}

/** A failed video. */
export interface VideoFailure {
  readonly source: string;
  readonly code: string;
  readonly message: string;
}

/** One line for each of these. */
export interface Lines {
  /** The line before all others, or null. */
  readonly head: string | null;
  frame(source: string, frame: number, time: number, predictions: readonly Prediction[]): string;
  segment(source: string, segment: Segment, predictions: readonly Prediction[]): string;
  result(result: VideoResult): string;
  error(failure: VideoFailure): string;
}

export const jsonLines: Lines = {
  head: null,
  frame: (source, frame, time, predictions) => JSON.stringify({ type: "frame", source, frame, time, predictions }),
  segment(source, { start, end }, predictions) {
    const times = { start: milliseconds(start), end: milliseconds(end) };
    return JSON.stringify({ type: "segment", source, ...times, predictions });
  },
  result({ timings, warnings, sorted, ...result }) {
    const rounded = Object.entries(timings).map(([stage, ms]) => [stage, Math.round(ms * 100) / 100] as const);
    const more = { ...(warnings.length > 0 && { warnings }), ...(sorted !== null && { sorted }) };
    return JSON.stringify({ type: "result", ...result, timings: Object.fromEntries(rounded), ...more });
  },
  error: (failure) => JSON.stringify({ type: "error", ...failure }),
};

/** A row for each answer, with its `top` likeliest classes side by side. */
export function csvLines(top: number): Lines {
  const places = Array.from({ length: top }, (_, i) => (i === 0 ? "" : String(i + 1)));
  const head = csvLine([
    ...["source", "type", "start", "end"],
    ...places.flatMap((place) => [`label${place}`, `score${place}`]),
    "notes",
  ]);
  const row = (
    source: string,
    type: string,
    times: readonly (number | null)[],
    predictions: readonly Prediction[],
    notes: string | null = null,
  ) => {
    const answers = places.flatMap((_, i) => [predictions[i]?.label ?? null, rounded(predictions[i]?.score)]);
    return csvLine([source, type, ...times.map((time) => time && milliseconds(time)), ...answers, notes]);
  };
  return {
    head,
    frame: (source, _, time, predictions) => row(source, "frame", [time, time], predictions),
    segment: (source, { start, end }, predictions) => row(source, "segment", [start, end], predictions),
    result: ({ source, duration, predictions, warnings }) =>
      row(source, "result", [0, duration], predictions, warnings.length > 0 ? warnings.join("; ") : null),
    error: ({ source, message }) => row(source, "error", [null, null], [], message),
  };
}

function milliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

/** Scores to six digits: more are noise. */
function rounded(score: number | undefined): number | null {
  return score === undefined ? null : Number(score.toFixed(6));
}

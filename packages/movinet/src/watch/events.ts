/** Events instead of scores: when an action starts in front of a camera, when it ends, and how sure the model was at most. */
import { type EventRules, type EventSettings, settingsOf } from "./event-rules.ts";
import type { WatchEvent } from "./records.ts";

/** The scores of a camera at a moment. They hold until the next. */
export interface Moment {
  /** Wall clock, ISO 8601 UTC: the times of events. */
  readonly at: string;
  /** Seconds since the stream began: what durations are measured in. */
  readonly time: number;
  /** Probability of every class, in the model's order. */
  readonly scores: Float32Array;
}

/** A longer silence between two moments, in seconds, is a gap, in which anything may have happened. */
export const gapSeconds = 3;
/** Durations are compared with this tolerance, in seconds, so that rounding decides nothing. */
const tolerance = 1e-6;

/**
 * The events of one camera. Every class is judged alone: an event is a run of scores of at least `leave` that reached
 * `enter` and lasted for `minSeconds`. It starts when the run began, not when it was confirmed, and ends at the first
 * score below `leave`. After {@link EventDetector.interrupt}, a gap, or a stream that begins anew, events end at the last
 * moment that was seen.
 */
export class EventDetector {
  readonly #tracks: readonly (Track | null)[];
  /** The last moment, and the time on the detector's own clock, which never goes back. */
  #last: Moment | null = null;
  #clock = 0;
  /** Where `time` stands on that clock. */
  #offset = 0;
  readonly #ageMs: number;
  /** When what is being seen began: no event starts before. */
  #since = "";

  /**
   * @param ageSeconds how long ago the pictures were, on average, that the scores are about: the half-life of the session.
   *   Events start and end by so much before the scores say so. Default 0.
   *
   * Throws `TypeError` for labels that the model does not have and for values out of range.
   */
  constructor(source: string, labels: readonly string[], rules: EventRules = {}, ageSeconds = 0) {
    if (!(ageSeconds >= 0 && ageSeconds < Infinity))
      throw new TypeError(`ageSeconds must be at least 0, got ${ageSeconds}`);
    this.#ageMs = ageSeconds * 1000;
    this.#tracks = settingsOf(rules, labels).map(
      (settings, index) => settings && new Track(source, labels[index] as string, settings),
    );
  }

  /** What this moment starts and ends. Throws `TypeError` unless there is a score for every class. */
  add(moment: Moment): readonly WatchEvent[] {
    const { at, time, scores } = moment;
    if (scores.length !== this.#tracks.length) {
      throw new TypeError(`events need ${this.#tracks.length} scores, got ${scores.length}`);
    }
    const events: WatchEvent[] = [];
    const last = this.#last;
    const passed = last ? time - last.time : 0;
    if (last && !(passed >= 0 && passed <= gapSeconds)) {
      events.push(...this.interrupt());
      // The stream's time may have begun anew, so the wall clock says how long the gap was.
      this.#clock += Math.max(0, Date.parse(at) - Date.parse(last.at)) / 1000;
      this.#begin(moment);
    } else if (!last) this.#begin(moment);
    this.#clock = Math.max(this.#clock, this.#offset + time);
    const seen = this.#seenAt(at);
    for (const [index, track] of this.#tracks.entries()) {
      if (track) events.push(...track.add(scores[index] as number, seen, this.#clock));
    }
    this.#last = moment;
    return events;
  }

  /** The camera is lost, or watching stops: open events end at the last moment that was seen. */
  interrupt(): readonly WatchEvent[] {
    const { at } = this.#last ?? { at: "" };
    return this.#tracks.flatMap((track) => track?.end(at, this.#clock) ?? []);
  }

  #begin({ at, time }: Moment): void {
    this.#offset = this.#clock - time;
    this.#since = at;
  }

  /** When the pictures were that the scores of a moment are about. */
  #seenAt(at: string): string {
    if (this.#ageMs === 0) return at;
    const seen = new Date(Date.parse(at) - this.#ageMs).toISOString();
    return seen > this.#since ? seen : this.#since;
  }

  /** Labels of the classes that have events. */
  get labels(): readonly string[] {
    return this.#tracks.flatMap((track) => (track ? [track.label] : []));
  }

  /** Labels of the open events. None: the camera shows none of the classes. */
  get open(): readonly string[] {
    return this.#tracks.flatMap((track) => (track?.isOpen ? [track.label] : []));
  }
}

/** Scores of at least `leave`, one after the other. */
interface Run {
  readonly start: string;
  readonly from: number;
  readonly peak: number;
  readonly isOpen: boolean;
}

/** The events of one class. */
class Track {
  readonly label: string;
  readonly #source: string;
  readonly #settings: EventSettings;
  #run: Run | null = null;
  #quietUntil = -Infinity;

  constructor(source: string, label: string, settings: EventSettings) {
    this.#source = source;
    this.label = label;
    this.#settings = settings;
  }

  get isOpen(): boolean {
    return this.#run?.isOpen ?? false;
  }

  add(score: number, at: string, clock: number): WatchEvent[] {
    // The score before held until now, which may have been long enough.
    const events = this.#confirm(clock);
    if (!(score >= this.#settings.leave)) return [...events, ...this.end(at, clock)];
    const run = this.#run ?? { start: at, from: clock, peak: score, isOpen: false };
    this.#run = { ...run, peak: Math.max(run.peak, score) };
    return [...events, ...this.#confirm(clock)];
  }

  end(at: string, clock: number): WatchEvent[] {
    const run = this.#run;
    this.#run = null;
    if (!run?.isOpen) return [];
    this.#quietUntil = clock + this.#settings.cooldownSeconds;
    // The wall clock may have been set back.
    return [this.#event(run, "end", at > run.start ? at : run.start)];
  }

  #confirm(clock: number): WatchEvent[] {
    const run = this.#run;
    if (run === null || run.isOpen || run.peak < this.#settings.enter) return [];
    if (clock + tolerance < Math.max(run.from + this.#settings.minSeconds, this.#quietUntil)) return [];
    this.#run = { ...run, isOpen: true };
    return [this.#event(run, "start", null)];
  }

  #event({ start, peak }: Run, phase: "start" | "end", end: string | null): WatchEvent {
    return { type: "event", source: this.#source, label: this.label, phase, start, end, peak };
  }
}

import { MovinetError } from "../common/errors.ts";
import type { Card, Fit } from "../model/card.ts";
import type { SessionModel } from "../model/model.ts";
import type { Region } from "../video/geometry.ts";
import type { CameraStart } from "./camera-protocol.ts";
import type { EventRules } from "./event-rules.ts";
import { EventDetector } from "./events.ts";
import type { LiveSource } from "./live-source.ts";

/** How a source is watched. */
export interface WatchSettings {
  /** Predictions per record, at least 1. Default 5. */
  readonly top?: number | undefined;
  /** Frames per second, above 0. Default: the model's rate. */
  readonly fps?: number | undefined;
  /** Process all pictures, by sessions that take turns, each fed at `fps`, and average their answers. Default false. */
  readonly fullRate?: boolean | undefined;
  /** How pictures are fitted to the network's input. Default: as the model was trained. */
  readonly fit?: Fit | undefined;
  /** The part of the picture to look at, as shown, in fractions of its width and height. Default: all. */
  readonly region?: Region | undefined;
  /** How RTSP sends pictures. Default `tcp`. */
  readonly transport?: "tcp" | "udp" | undefined;
  /** Plays a file or standard input at its own pace, as if it were live. Files need it. Default false. */
  readonly realtime?: boolean | undefined;
  /**
   * When pictures come faster than they are processed: `drop` all but the newest, or let the source `wait`, which cameras do not
   * like. Default `drop`.
   */
  readonly onLate?: "drop" | "wait" | undefined;
  /** Half-life of frames, in seconds, above 0; Infinity: answers cover everything since the stream began. Default 1. */
  readonly halfLifeSeconds?: number | undefined;
  /** When scores become events; false: there are none. Default: all classes have events, with the usual thresholds. */
  readonly events?: EventRules | false | undefined;
  /** A folder for the video and a picture of each event, in a folder per camera. Default: none. */
  readonly clips?: string | undefined;
  /** Seconds to wait for a connection. Default 10. */
  readonly connectSeconds?: number | undefined;
  /** Seconds without data after which a stream is lost. Default 5. */
  readonly readSeconds?: number | undefined;
}

/** A source with a name and its own settings. */
export interface WatchSource extends WatchSettings {
  /** `rtsp://…`, `http(s)://…`, `camera:0`, a file, or `-` for standard input. */
  readonly source: string;
  /** Its name in records. Default: the source without credentials. */
  readonly name?: string | undefined;
}

export interface WatchOptions extends WatchSettings {
  /**
   * A folder in which the network's state is saved when the watch ends, and from which it continues at the start, if that is less than
   * half a minute later. Default: none.
   */
  readonly stateFolder?: string | undefined;
}

/** Seconds without a picture after which a stream begins anew. */
const gapSeconds = 2;
/** As the app's live view. */
const usualHalfLife = 1;

interface Checked {
  readonly start: CameraStart;
  readonly top: number;
  readonly halfLifeFrames: number;
}

/** The detector of a source's events; null: it has none. Throws `TypeError` for classes that the model does not have and values out of range. */
export function detectorOf(
  name: string,
  { events = {}, halfLifeSeconds = usualHalfLife }: WatchSettings,
  { spec, card }: SessionModel,
): EventDetector | null {
  if (events === false) return null;
  const labels = card.labels ?? Array.from({ length: spec.classes }, (_, index) => String(index));
  return new EventDetector(name, labels, events, halfLifeSeconds === Infinity ? 0 : halfLifeSeconds);
}

/** The settings with defaults. Throws `TypeError` for values out of range, {@link MovinetError} (`E_WATCH_SOURCE`). */
export function checkSettings(settings: WatchSettings, source: LiveSource, card: Pick<Card, "fps" | "input">): Checked {
  const { top = 5, fps = card.fps, halfLifeSeconds = usualHalfLife, connectSeconds = 10, readSeconds = 5 } = settings;
  const { region = null, realtime = false, fit = card.input.fit } = settings;
  if (!(Number.isInteger(top) && top >= 1)) throw new TypeError(`top must be an integer ≥ 1, got ${top}`);
  requirePositive({ fps, connectSeconds, readSeconds });
  if (!(halfLifeSeconds > 0)) throw new TypeError(`halfLifeSeconds must be above 0, got ${halfLifeSeconds}`);
  if (region && !isInside(region)) throw new TypeError(`region must be in 0..1, got ${Object.values(region).join()}`);
  if (source.kind === "file" && !realtime) {
    throw new MovinetError({
      code: "E_WATCH_SOURCE",
      subject: source.name,
      problem: "it is a file, not a live source",
      remedy: "Use movinet classify, or play it as if it were live (realtime)",
    });
  }
  const start: CameraStart = {
    source,
    transport: settings.transport ?? "tcp",
    realtime: realtime && (source.kind === "file" || source.kind === "pipe"),
    fps,
    fullRate: settings.fullRate ?? false,
    size: { ...card.input, fit },
    region,
    late: settings.onLate ?? "drop",
    gapSeconds,
    connectMs: 1000 * connectSeconds,
    readMs: 1000 * readSeconds,
    keeps: settings.clips !== undefined && settings.events !== false,
  };
  return { start, top, halfLifeFrames: halfLifeSeconds * fps };
}

/** Whether a region is a part of the picture, in fractions. */
export function isInside({ left, top, width, height }: Region): boolean {
  const slack = 1e-9;
  const fits = (from: number, length: number) => from >= 0 && length > 0 && from + length <= 1 + slack;
  return fits(left, width) && fits(top, height);
}

export function nameTaken(name: string): MovinetError {
  return new MovinetError({
    code: "E_WATCH_SOURCE",
    subject: name,
    problem: "a source with this name is watched already",
    remedy: "Give each source once, or a name of its own",
  });
}

export function unknownName(name: string): MovinetError {
  const problem = "no source with this name is watched";
  return new MovinetError({
    code: "E_WATCH_SOURCE",
    subject: name,
    problem,
    remedy: "Pass the name that add returned",
  });
}

function requirePositive(values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!(value > 0 && Number.isFinite(value))) throw new TypeError(`${name} must be above 0, got ${value}`);
  }
}

import type { Stretch } from "./sampling.ts";

type Seconds = number;

/** A period without a new frame. */
export interface Hole {
  readonly from: Seconds;
  readonly to: Seconds;
}

/** Observations about a frame. */
interface Seen {
  readonly time: Seconds;
  readonly duration: Seconds;
  /** Preceding packets that gave no frame. */
  readonly lost: number;
}

/** Shorter gaps are not holes, unless packets in them gave no frame, */
const shortest: Seconds = 0.5;
/** nor are gaps below this multiple of the median gap. */
const unusual = 3;
/** This many packets without a frame count as missing; fewer may belong to frames that are never shown. */
export const fewestLost = 3;
/** With fewer gaps the median means nothing: the declared frame rate counts. */
const fewGaps = 5;
/**
 * A frame that lasts longer than this is reported, whatever the reason, if it is also this multiple of the usual
 * duration.
 */
const longestStill: Seconds = 10;
const unusualStill = 5;
/**
 * A rate is steady if this share of the usual gaps is at most this multiple of the median, with at most this share of
 * others.
 */
const steady = { share: 0.95, gap: 1.6, others: 0.05, fewOthers: 3 };

/**
 * Finds holes in a video from the times its frames are shown: packets without frames; a steady rate interrupted
 * although nothing says that the previous frame lasts that long; a single frame that lasts unusually long. The long
 * frames of a slide show or a screen recording are not holes.
 */
export class Completeness {
  readonly #typical: Seconds;
  readonly #listed: boolean;
  /** Number of gaps by length in milliseconds. */
  readonly #gaps = new Map<number, number>();
  readonly #long: { hole: Hole; gap: Seconds; lost: number; explained: boolean }[] = [];
  #before: Seen | null = null;

  /**
   * @param typical how long a frame lasts.
   * @param listed whether the container lists all frames, so that none is missing between two.
   */
  constructor(typical: Seconds, listed: boolean) {
    this.#typical = typical;
    this.#listed = listed;
  }

  add(picture: Seen): void {
    const before = this.#before;
    this.#before = picture;
    if (before === null) return;
    const gap = picture.time - before.time;
    const milliseconds = Math.round(gap * 1000);
    this.#gaps.set(milliseconds, (this.#gaps.get(milliseconds) ?? 0) + 1);
    if (gap <= shortest && picture.lost < fewestLost) return;
    const hole = { from: before.time + Math.min(before.duration, this.#typical), to: picture.time };
    this.#long.push({ hole, gap, lost: picture.lost, explained: this.#listed || gap - before.duration <= shortest });
  }

  /**
   * The holes, in order.
   *
   * @param unseen times of packets without frames after the last frame.
   * @param interruptions holes known from elsewhere.
   */
  holes(unseen: readonly Seconds[], interruptions: readonly Hole[] = []): readonly Hole[] {
    const median = this.#median();
    const candidates = this.#long.filter(({ gap }) => gap > unusual * median);
    const isSteady = this.#isSteady(median, candidates.filter(({ gap }) => gap > shortest).length);
    const inside = candidates.filter(({ gap, lost, explained }) => {
      if (lost >= fewestLost || (isSteady && !explained)) return true;
      return gap > Math.max(longestStill, unusualStill * median);
    });
    const holes: Hole[] = [];
    const all = [...inside.map(({ hole }) => hole), ...interruptions].toSorted((a, b) => a.from - b.from);
    for (const hole of all) {
      const before = holes.at(-1);
      if (before && hole.from - before.to <= this.#typical)
        holes.splice(-1, 1, { from: before.from, to: Math.max(before.to, hole.to) });
      else holes.push(hole);
    }
    const last = this.#before;
    const end = unseen.reduce((a, b) => Math.max(a, b), -Infinity);
    if (last === null || unseen.length < fewestLost || end - last.time <= shortest) return holes;
    return [...holes, { from: last.time + Math.min(last.duration, this.#typical), to: end + this.#typical }];
  }

  #median(): Seconds {
    const half = this.#count(Infinity) / 2;
    if (half < fewGaps / 2) return this.#typical;
    let sum = 0;
    for (const [milliseconds, count] of Array.from(this.#gaps).toSorted(([a], [b]) => a - b)) {
      sum += count;
      if (sum >= half) return milliseconds / 1000;
    }
    return this.#typical;
  }

  #isSteady(median: Seconds, others: number): boolean {
    const all = this.#count(Infinity);
    if (others > Math.max(steady.fewOthers, steady.others * all)) return false;
    return this.#count(steady.gap * median + 0.001) >= steady.share * this.#count(unusual * median);
  }

  /** Number of gaps up to `longest`. */
  #count(longest: Seconds): number {
    let sum = 0;
    for (const [milliseconds, count] of this.#gaps) if (milliseconds <= longest * 1000) sum += count;
    return sum;
  }
}

/** A video that ends this much before its declared end was cut off: seconds, and a share of the whole. */
const missing = { seconds: 0.5, share: 0.05 };
const mostPlaces = 3;

/** Counts of problems. */
export interface Troubles {
  /** The clock restarted. */
  readonly restarts: number;
  /** Packets whose timestamps were ignored. */
  readonly damaged: number;
  /** Packets and frames that could not be decoded. */
  readonly broken: number;
  /** Partially decoded frames. */
  readonly flawed: number;
  /** Frames at the beginning that depend on a missing one. */
  readonly rootless: number;
  /** Frames that came after one that is shown later. */
  readonly late: number;
}

/** Facts known at the end of a video, in seconds since its first frame. */
export interface Reckoning {
  readonly troubles: Troubles;
  readonly holes: readonly Hole[];
  /** Time covered by packets without frames before the first frame. */
  readonly unseenStart: Seconds;
  /** End of the frames. */
  readonly end: Seconds;
  /**
   * The declared end of the frames, the latest time of anything in the file, and whether the declaration concerns the
   * frames alone; null if there is none.
   */
  readonly declared: { readonly end: Seconds; readonly reached: Seconds; readonly exact: boolean } | null;
  /** What is wrong with the amount of the file that exists or was read, or null. */
  readonly shortfall: string | null;
  /** Why the source could not be read to the end, or null. */
  readonly readError: string | null;
  /** The requested part, if the frames ended before it; otherwise null. */
  readonly wanted: Stretch | null;
  /** Assumed frame rate if none is known, or null. */
  readonly assumedRate: number | null;
  /** Whether another video is appended to it, which is not read. */
  readonly joined: boolean;
}

/** Warnings about a video that yielded frames, for people. */
export function warningsOf(reckoning: Reckoning): string[] {
  const { holes, unseenStart, end, declared, shortfall, readError, wanted, assumedRate, joined } = reckoning;
  const { restarts, damaged, broken, flawed, rootless, late } = reckoning.troubles;
  const warnings: string[] = [];
  const say = (count: number, one: string, many: string) => {
    if (count > 0) warnings.push(count === 1 ? one : many);
  };
  say(
    restarts,
    "its timestamps jump once; the jump was skipped",
    `its timestamps jump ${restarts} times; the jumps were skipped`,
  );
  say(damaged, "1 damaged timestamp was ignored", `${damaged} damaged timestamps were ignored`);
  say(broken, "1 frame could not be decoded", `${broken} frames could not be decoded`);
  say(flawed, "1 frame is damaged", `${flawed} frames are damaged`);
  say(rootless, "its first frame depends on a missing one", `its first ${rootless} frames depend on a missing one`);
  say(late, "1 frame goes back in time and was dropped", `${late} frames go back in time and were dropped`);
  if (unseenStart > shortest) warnings.push(`its first ${unseenStart.toFixed(1)} s could not be decoded`);
  const unnoticed = (seconds: Seconds) => Math.max(missing.seconds, missing.share * seconds);
  const share = unnoticed(declared?.end ?? 0);
  const endsEarly = declared !== null && declared.end - declared.reached > share;
  const inside = endsEarly ? holes.filter(({ from }) => from < end - shortest) : holes;
  const places = inside.slice(0, mostPlaces).map(({ from, to }) => `from ${from.toFixed(1)} s to ${to.toFixed(1)} s`);
  const more = inside.length - places.length;
  if (more > 0) places.push(`and ${more} more ${more === 1 ? "time" : "times"}`);
  if (places.length > 0) warnings.push(`no new frames ${places.join(", ")}`);
  if (endsEarly) warnings.push(`it ends at ${end.toFixed(1)} s of ${declared.end.toFixed(1)} s; the rest is missing`);
  else if (declared?.exact && end - declared.end > share) {
    warnings.push(`it runs to ${end.toFixed(1)} s, but declares ${declared.end.toFixed(1)} s`);
  } else if (shortfall !== null) warnings.push(`it ends at ${end.toFixed(1)} s ${shortfall}`);
  else if (readError !== null) warnings.push(`it could not be read to the end (${readError})`);
  const until = wanted?.end ?? null;
  if (warnings.length === 0 && wanted && until !== null && until - end > unnoticed(until - wanted.start)) {
    warnings.push(`its frames end at ${end.toFixed(1)} s, before the requested ${Number(until.toFixed(1))} s`);
  }
  if (assumedRate !== null) {
    warnings.push(`it does not state its frame rate; assuming ${assumedRate} fps`);
  }
  if (joined) warnings.push("a second MP4 appended to it was ignored");
  return warnings;
}

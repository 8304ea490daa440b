import type { Stretch } from "./sampling.ts";

type Seconds = number;

/** A stretch of time without a new picture. */
export interface Hole {
  readonly from: Seconds;
  readonly to: Seconds;
}

/** What is seen of a picture. */
interface Seen {
  readonly time: Seconds;
  readonly duration: Seconds;
  /** Packets before it that gave no picture. */
  readonly lost: number;
}

/** Shorter gaps are no holes, unless packets in them gave no picture, */
const shortest: Seconds = 0.5;
/** nor are those that are not this many times as long as half of the gaps. */
const unusual = 3;
/** So many packets without a picture are missed; fewer may be of those that are never shown. */
export const fewestLost = 3;
/** Of fewer gaps the median says nothing: the rate that the file tells counts. */
const fewGaps = 5;
/** A picture that stays longer is told of, whatever the reason, where it stays this many times as long as usual. */
const longestStill: Seconds = 10;
const unusualStill = 5;
/** A rate is steady where so many of the usual gaps are at most this many times the median, and so few others are there. */
const steady = { share: 0.95, gap: 1.6, others: 0.05, fewOthers: 3 };

/**
 * Judges, from when pictures are shown, where a video has holes: where packets gave no picture; where a steady rate is
 * interrupted and nothing says that the picture before lasts so long; and where one picture stays very long for this video.
 * So the long pictures of a slide show or a recorded screen are none.
 */
export class Completeness {
  readonly #typical: Seconds;
  readonly #listed: boolean;
  /** How often there is a gap of so many milliseconds. */
  readonly #gaps = new Map<number, number>();
  readonly #long: { hole: Hole; gap: Seconds; lost: number; explained: boolean }[] = [];
  #before: Seen | null = null;

  /**
   * @param typical how long a picture lasts.
   * @param listed whether the container lists all pictures, so that none is missing between two.
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
   * @param unseen times of packets after the last picture that gave none.
   * @param interruptions holes that are known otherwise.
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

  /** How many gaps are no longer than `longest`. */
  #count(longest: Seconds): number {
    let sum = 0;
    for (const [milliseconds, count] of this.#gaps) if (milliseconds <= longest * 1000) sum += count;
    return sum;
  }
}

/** A video that ends this much before its declared end was cut off: seconds, and a share of the whole. */
const missing = { seconds: 0.5, share: 0.05 };
const mostPlaces = 3;

/** How often something was wrong. */
export interface Troubles {
  /** The clock began anew. */
  readonly restarts: number;
  /** Packets whose stamps were not believed. */
  readonly damaged: number;
  /** Packets and pictures that could not be decoded. */
  readonly broken: number;
  /** Pictures that were decoded in part. */
  readonly flawed: number;
  /** Pictures at the beginning that refer to one that is not there. */
  readonly rootless: number;
  /** Pictures that came after one that is shown later. */
  readonly late: number;
}

/** What is known at the end of a video, in seconds since its first picture. */
export interface Reckoning {
  readonly troubles: Troubles;
  readonly holes: readonly Hole[];
  /** Packets before the first picture gave none for so long. */
  readonly unseenStart: Seconds;
  /** Where the pictures end. */
  readonly end: Seconds;
  /**
   * Where the file declares that they end, how far anything in it reaches, and whether it declares this of the pictures
   * alone; null where it declares nothing.
   */
  readonly declared: { readonly end: Seconds; readonly reached: Seconds; readonly exact: boolean } | null;
  /** What is wrong with how much of the file there is or was read, or null. */
  readonly shortfall: string | null;
  /** Why the source could not be read to its end, or null. */
  readonly readError: string | null;
  /** The part that was wanted, where the pictures ended before it did; else null. */
  readonly wanted: Stretch | null;
  /** Pictures a second that are assumed because nothing tells them, or null. */
  readonly assumedRate: number | null;
  /** Whether another video is joined to it, which is not read. */
  readonly joined: boolean;
}

/** What is wrong with a video that gave pictures, for people. */
export function warningsOf(reckoning: Reckoning): string[] {
  const { holes, unseenStart, end, declared, shortfall, readError, wanted, assumedRate, joined } = reckoning;
  const { restarts, damaged, broken, flawed, rootless, late } = reckoning.troubles;
  const warnings: string[] = [];
  const say = (count: number, one: string, many: string) => {
    if (count > 0) warnings.push(count === 1 ? one : many);
  };
  say(
    restarts,
    "its timestamps jump once; the jump was left out",
    `its timestamps jump ${restarts} times; the jumps were left out`,
  );
  say(
    damaged,
    "1 timestamp is damaged and was not believed",
    `${damaged} timestamps are damaged and were not believed`,
  );
  say(broken, "1 picture could not be decoded", `${broken} pictures could not be decoded`);
  say(flawed, "1 picture is damaged", `${flawed} pictures are damaged`);
  say(
    rootless,
    "its first picture refers to one that is missing",
    `its first ${rootless} pictures refer to one that is missing`,
  );
  say(late, "1 picture goes back in time and was left out", `${late} pictures go back in time and were left out`);
  if (unseenStart > shortest) warnings.push(`its first ${unseenStart.toFixed(1)} s could not be decoded`);
  const unnoticed = (seconds: Seconds) => Math.max(missing.seconds, missing.share * seconds);
  const share = unnoticed(declared?.end ?? 0);
  const endsEarly = declared !== null && declared.end - declared.reached > share;
  const inside = endsEarly ? holes.filter(({ from }) => from < end - shortest) : holes;
  const places = inside.slice(0, mostPlaces).map(({ from, to }) => `from ${from.toFixed(1)} s to ${to.toFixed(1)} s`);
  const more = inside.length - places.length;
  if (more > 0) places.push(`and ${more} more ${more === 1 ? "time" : "times"}`);
  if (places.length > 0) warnings.push(`no new picture ${places.join(", ")}`);
  if (endsEarly) warnings.push(`it ends at ${end.toFixed(1)} s of ${declared.end.toFixed(1)} s; the rest is missing`);
  else if (declared?.exact && end - declared.end > share) {
    warnings.push(`it goes on to ${end.toFixed(1)} s, but declares ${declared.end.toFixed(1)} s`);
  } else if (shortfall !== null) warnings.push(`it ends at ${end.toFixed(1)} s ${shortfall}`);
  else if (readError !== null) warnings.push(`it could not be read to its end (${readError})`);
  const until = wanted?.end ?? null;
  if (warnings.length === 0 && wanted && until !== null && until - end > unnoticed(until - wanted.start)) {
    warnings.push(`its pictures end at ${end.toFixed(1)} s, before the ${Number(until.toFixed(1))} s that are wanted`);
  }
  if (assumedRate !== null) {
    warnings.push(`it does not say how many pictures a second it has; ${assumedRate} are assumed`);
  }
  if (joined) warnings.push("another MP4 is joined to it, which is not read");
  return warnings;
}

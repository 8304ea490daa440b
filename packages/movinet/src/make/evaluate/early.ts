import { percentile } from "../../percentile.ts";

/** What a model answered while a clip went on: an entry for each answer, in order. */
export interface Moments {
  /** Frames seen, from 1; increasing. */
  readonly frames: readonly number[];
  /** Time of the last frame seen, in seconds since the clip's start. */
  readonly times: readonly number[];
  /** The likeliest class. */
  readonly best: readonly number[];
}

/** How early a model is right. */
export interface Earliness {
  /**
   * Share of clips whose answer is right after so many frames: a clip that is over keeps its last answer, one that had
   * no answer yet counts as wrong. `running`: clips that are not over. At most 128 points.
   */
  readonly curve: readonly {
    readonly frames: number;
    readonly seconds: number;
    readonly top1: number;
    readonly running: number;
  }[];
  /** The same after each tenth of each clip's own frames. */
  readonly byShare: readonly { readonly share: number; readonly top1: number }[];
  /** Of the clips that end with the right answer: when it came to stay. Null without any. */
  readonly settled: {
    readonly clips: number;
    /** Mean share of the clip's frames that were needed, in 0..1. */
    readonly share: number;
    /** Median of the time in seconds at which it came. */
    readonly seconds: number;
  } | null;
}

/** A clip as {@link earlinessOf} needs it. */
export interface TimedAnswer {
  readonly classes: readonly number[];
  readonly moments: Moments | null;
}

const mostPoints = 128;

/** How early the answers are right; null where no clip has moments. `fps` is the rate of the frames. */
export function earlinessOf(answers: readonly TimedAnswer[], fps: number): Earliness | null {
  const clips = answers.flatMap(({ classes, moments }) => {
    if (moments === null || moments.best.length === 0) return [];
    const right = moments.best.map((best) => classes.includes(best));
    return [{ right, frames: moments.frames, times: moments.times, length: moments.frames.at(-1) as number }];
  });
  if (clips.length === 0) return null;
  const rightAt = (clip: (typeof clips)[number], frames: number) => {
    const later = clip.frames.findIndex((seen) => seen > frames);
    return clip.right.at(later < 0 ? -1 : later - 1) === true && later !== 0;
  };
  const share = (hit: (clip: (typeof clips)[number]) => boolean) => clips.filter(hit).length / clips.length;

  const longest = Math.max(...clips.map(({ length }) => length));
  const points = Math.min(longest, mostPoints);
  const curve = Array.from({ length: points }, (_, i) => {
    const frames = points === 1 ? longest : 1 + Math.round((i * (longest - 1)) / (points - 1));
    const top1 = share((clip) => rightAt(clip, frames));
    return {
      frames,
      seconds: (frames - 1) / fps,
      top1,
      running: clips.filter(({ length }) => length >= frames).length,
    };
  });
  const byShare = Array.from({ length: 10 }, (_, i) => {
    const part = (i + 1) / 10;
    return { share: part, top1: share((clip) => rightAt(clip, Math.ceil(((i + 1) * clip.length) / 10))) };
  });
  const settled = clips
    .filter(({ right }) => right.at(-1))
    .map(({ right, frames, times, length }) => {
      const from = right.lastIndexOf(false) + 1;
      return { share: (frames[from] as number) / length, seconds: times[from] as number };
    });
  return { curve, byShare, settled: settled.length === 0 ? null : summary(settled) };
}

function summary(settled: readonly { readonly share: number; readonly seconds: number }[]) {
  const seconds = settled.map((clip) => clip.seconds);
  return {
    clips: settled.length,
    share: settled.reduce((sum, clip) => sum + clip.share, 0) / settled.length,
    seconds: percentile(seconds, 50),
  };
}

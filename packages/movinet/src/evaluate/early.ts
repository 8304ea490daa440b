import { percentile } from "../common/percentile.ts";

/** A model's answers during a clip: one entry per answer, in order. */
export interface Moments {
  /** Frames seen, from 1; increasing. */
  readonly frames: readonly number[];
  /** Time of the last frame seen, in seconds from the clip's start. */
  readonly times: readonly number[];
  /** The most likely class. */
  readonly best: readonly number[];
  /** Its probability, in 0..1. */
  readonly confidence: readonly number[];
}

/** Appends an answer to growing moments. */
export function noteMoment(moments: GrowingMoments, frames: number, time: number, scores: Float32Array): void {
  const most = Math.max(...scores);
  moments.frames.push(frames);
  moments.times.push(time);
  moments.best.push(scores.indexOf(most));
  moments.confidence.push(most);
}

type GrowingMoments = { readonly [Key in keyof Moments]: number[] };

export const noMoments = (): GrowingMoments => ({ frames: [], times: [], best: [], confidence: [] });

/** How early a model is right. */
export interface Earliness {
  /**
   * Share of clips whose answer is correct after this many frames (`top1`), and their mean confidence: a clip that has
   * ended keeps its last answer; one without an answer yet counts as wrong with confidence 0. `running`: clips that
   * have not ended. At most 128 points.
   */
  readonly curve: readonly {
    readonly frames: number;
    readonly seconds: number;
    readonly top1: number;
    readonly confidence: number;
    readonly running: number;
  }[];
  /**
   * The number of frames after which confidence is acceptable: from there on, at every point of the curve, it exceeds
   * accuracy by at most 0.1. Null if that is not even so at the end.
   */
  readonly soundFrom: number | null;
  /** The same after each tenth of each clip's own frames. */
  readonly byShare: readonly { readonly share: number; readonly top1: number }[];
  /** For clips whose final answer is correct: when it became final. Null without any. */
  readonly settled: {
    readonly clips: number;
    /** Mean share of the clip's frames needed, in 0..1. */
    readonly share: number;
    /** Median time in seconds at which it became final. */
    readonly seconds: number;
  } | null;
}

/** The relevant data of a clip for {@link earlinessOf}. */
export interface TimedAnswer {
  readonly classes: readonly number[];
  readonly moments: Moments | null;
}

const mostPoints = 128;
/** Confidence that exceeds accuracy by more than this is not acceptable. */
export const mostExcess = 0.1;

/** How early answers are correct; null if no clip has moments. `fps` is the frame rate. */
export function earlinessOf(answers: readonly TimedAnswer[], fps: number): Earliness | null {
  const clips = answers.flatMap(({ classes, moments }) => {
    if (moments === null || moments.best.length === 0) return [];
    const right = moments.best.map((best) => classes.includes(best));
    return [{ ...moments, right, length: moments.frames.at(-1) as number }];
  });
  if (clips.length === 0) return null;
  /** The last answer after this many frames; −1 before the first. */
  const momentAt = (clip: (typeof clips)[number], frames: number) => {
    const later = clip.frames.findIndex((seen) => seen > frames);
    return (later < 0 ? clip.frames.length : later) - 1;
  };
  const rightAt = (clip: (typeof clips)[number], frames: number) => clip.right[momentAt(clip, frames)] === true;
  const share = (hit: (clip: (typeof clips)[number]) => boolean) => clips.filter(hit).length / clips.length;

  const longest = Math.max(...clips.map(({ length }) => length));
  const points = Math.min(longest, mostPoints);
  const curve = Array.from({ length: points }, (_, i) => {
    const frames = points === 1 ? longest : 1 + Math.round((i * (longest - 1)) / (points - 1));
    return {
      frames,
      seconds: (frames - 1) / fps,
      top1: share((clip) => rightAt(clip, frames)),
      confidence: clips.reduce((sum, clip) => sum + (clip.confidence[momentAt(clip, frames)] ?? 0), 0) / clips.length,
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
  const unsound = curve.findLastIndex(({ top1, confidence }) => confidence - top1 > mostExcess);
  const soundFrom = curve[unsound + 1]?.frames ?? null;
  if (settled.length === 0) return { curve, soundFrom, byShare, settled: null };
  const needed = settled.reduce((sum, clip) => sum + clip.share, 0) / settled.length;
  const seconds = settled.map((clip) => clip.seconds);
  const when = { clips: settled.length, share: needed, seconds: percentile(seconds, 50) };
  return { curve, soundFrom, byShare, settled: when };
}

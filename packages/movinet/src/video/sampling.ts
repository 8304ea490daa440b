/** Pictures closer than this to a sampling instant count as being at it: timestamps are rounded to a time base. */
const epsilon = 1e-6;

/** Seconds that one picture may stay without being counted, and that all pictures together may stay longer than that. */
const longStill = 10;
export const mostStill = 10_000;

/**
 * Selects the pictures of a video to sample at `fps` frames per second. Frame `k` exists while `start + k / fps` is not
 * after the last timestamp, and is the last picture whose timestamp is not after `start + k / fps`; `start` is the
 * first timestamp, or the instant that was chosen. So a picture may serve several frames, one, or none.
 */
export interface Sampler {
  /**
   * How many frames the picture that is held serves, now that the next one, at `time` seconds, is known. Timestamps must
   * not decrease; the first call begins the video and returns 0.
   */
  next(time: number): number;
  /** How many frames the last picture serves. */
  end(): number;
  /** Whether no later picture can serve a frame. */
  readonly done: boolean;
}

/** The frame that is the newest one so many seconds after the first picture. */
export function newestFrame(fps: number, elapsed: number): number {
  return Math.floor((elapsed + epsilon) * fps);
}

/** A part of a video, in seconds since its first picture. */
export interface Stretch {
  readonly start: number;
  /** Not included; null: the video's own end. */
  readonly end: number | null;
}

export const wholeVideo: Stretch = { start: 0, end: null };

/**
 * @param stretch the part of the video that is sampled.
 * @param origin the time of the video's first picture, where that one is not the first to come.
 */
export function createSampler(fps: number, stretch = wholeVideo, origin: number | null = null): Sampler {
  const most = stretch.end === null ? Infinity : Math.ceil((stretch.end - stretch.start) * fps - epsilon);
  /** Who holds a picture for longer is refused: see {@link createStillLimit}. Counting on would take hours. */
  const mostAtOnce = Math.ceil((longStill + mostStill) * fps) + 1;
  let start: number | null = origin === null ? null : origin + stretch.start;
  let last = 0;
  let taken = 0;
  const takeWhile = (inTime: (instant: number) => boolean): number => {
    const before = taken;
    const enough = Math.min(most, taken + mostAtOnce);
    while (start !== null && taken < enough && inTime(start + taken / fps)) taken++;
    return taken - before;
  };
  return {
    next(time) {
      const served = takeWhile((instant) => instant < time - epsilon);
      start ??= time + stretch.start;
      last = time;
      return served;
    },
    end: () => takeWhile((instant) => instant <= last + epsilon),
    get done() {
      return taken >= most;
    },
  };
}

/** Bounds the frames that a few pictures with timestamps far apart can make: whether each may serve so many. */
export function createStillLimit(fps: number): (times: number) => boolean {
  let still = 0;
  return (times) => {
    // One frame says nothing of how long its picture stays: the next is wanted 1 / fps later.
    if (times > 1) still += Math.max(0, times / fps - longStill);
    return still <= mostStill;
  };
}

/** Whether so many pictures cannot fill a video of so many seconds without more stills than are allowed. */
export function isTooSparse(seconds: number, pictures: number): boolean {
  return seconds - pictures * longStill > mostStill;
}

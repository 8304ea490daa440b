/** Seconds: a longer gap between two pictures, or a longer step back, is a break in the timestamps, not time. */
const longestGap = 600;
const longestStepBack = 1;

/** Makes timestamps that may jump, step back or be missing into times that never decrease. */
export interface Timeline {
  /**
   * The time of the next picture in decoding order. `stamp` is its timestamp in seconds, or null; `duration` is how long
   * the picture before it lasts, which is where it goes when its own stamp cannot be believed.
   */
  place(stamp: number | null, duration: number): number;
  /** How often the timestamps broke. */
  readonly breaks: number;
}

export function createTimeline(): Timeline {
  let last: number | null = null;
  let offset = 0;
  let breaks = 0;
  return {
    place(stamp, duration) {
      if (last === null) {
        last = stamp ?? 0;
        return last;
      }
      let time = stamp === null ? last + duration : stamp + offset;
      if (time > last + longestGap || time < last - longestStepBack) {
        time = last + duration;
        offset = time - (stamp ?? time);
        breaks++;
      }
      last = Math.max(time, last);
      return last;
    },
    get breaks() {
      return breaks;
    },
  };
}

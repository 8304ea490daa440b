type Seconds = number;

/** The times of a packet, in seconds; null if missing. */
export interface Stamps {
  /** When it is decoded. */
  readonly dts: Seconds | null;
  /** When it is shown. */
  readonly pts: Seconds | null;
  readonly duration: Seconds;
}

/** The packets after one, in coding order: 0 is the next; null is the end. */
export type Ahead = (i: number) => Stamps | null;

/** Turns a file's timestamps into one continuous clock. */
export interface Clock {
  /** Where the next packet in coding order belongs. */
  place(stamps: Stamps, ahead: Ahead): Stamps;
  /** The next packet comes from another place in the file. */
  resume(): void;
  /** How often the clock restarted. */
  readonly restarts: number;
  /** Packets whose timestamps were ignored. */
  readonly damaged: number;
}

/** In joinable streams, a larger step forward restarts the clock. */
const stepForth: Seconds = 10;
/** From here, a step forward may be damage: later timestamps decide. */
const doubtful: Seconds = 1;

/**
 * The clock of a container for cutting and joining, such as MPEG-TS. Decoding times increase, so a step back or far
 * forward starts another piece, which follows without a gap. Timestamps contradicted by later ones are damaged: their
 * packets follow the previous one, and the rest stays in place.
 */
export function createJoinableClock(): Clock {
  const stepBack: Seconds = 0.1;
  /** The longest time between decoding and display. */
  const longestDelay: Seconds = 1;
  let last: Seconds | null = null;
  let next: Seconds = 0;
  let offset: Seconds = 0;
  /** The offset before damaged timestamps, while they last. */
  let sound: Seconds | null = null;
  let restarts = 0;
  let damaged = 0;

  const decodedAt = ({ dts }: Stamps) => dts;
  const continues = (time: Seconds, { duration }: Stamps, elapsed: Seconds = 0): boolean => {
    return Math.abs(time - next - elapsed) <= duration + stepBack;
  };
  const shownAt = ({ dts, pts }: Stamps, ahead: Ahead): Seconds | null => {
    if (pts === null) return null;
    if (dts === null || Math.abs(pts - dts) <= stepForth) return pts + offset;
    // What is shown after a jump may be coded before it.
    if (!reaches(pts, ahead)) damaged++;
    return null;
  };

  return {
    place(stamps, ahead) {
      const { dts, pts, duration } = stamps;
      if (dts === null) {
        next += duration;
        return { dts, pts: shownAt(stamps, ahead), duration };
      }
      if (sound !== null && continues(dts + sound, stamps)) {
        offset = sound;
        sound = null;
      }
      const jump = last === null ? 0 : dts + offset - next;
      const inOrder = last === null || (dts + offset >= last - stepBack && jump <= stepForth);
      const fits = (stamp: Seconds, later: Stamps, elapsed: Seconds) => continues(stamp + offset, later, elapsed);
      if ((!inOrder || jump > doubtful) && comesBack(stamps, jump, ahead, decodedAt, fits)) {
        sound ??= offset;
        offset = next - dts;
      } else if (!inOrder) {
        const shown = pts === null ? -Infinity : pts + offset;
        if (shown >= (last ?? shown) && shown <= next + longestDelay) {
          damaged++;
          next += duration;
          return { dts: null, pts: shown, duration };
        }
        sound = null;
        offset = next - dts;
        restarts++;
      }
      if (sound !== null) damaged++;
      last = dts + offset;
      next = last + duration;
      return { dts: last, pts: shownAt(stamps, ahead), duration };
    },
    resume() {
      last = null;
    },
    get restarts() {
      return restarts;
    },
    get damaged() {
      return damaged;
    },
  };
}

/**
 * The clock of a container with a time for each frame, such as MP4 and Matroska: timestamps are taken literally,
 * however long a gap is. Only timestamps that run ahead and are contradicted by later ones, or by the file's declared
 * length, are damaged: their packets follow the previous one. Frames that go back in time keep their timestamps, and
 * so come too late.
 *
 * @param latest the latest time that the file declares, or null.
 * @param reordered whether frames may be coded before others that are shown earlier.
 */
export function createFixedClock(latest: Seconds | null, reordered = true): Clock {
  /** A longer, undeclared gap counts only if followed by this many packets. */
  const unheardGap: Seconds = 600;
  const confirming = 3;
  /** Limits, in time and frames, for coding a frame before others that are shown earlier. */
  const disorder = { seconds: 1, pictures: 4 };
  let next: Seconds | null = null;
  let offset: Seconds = 0;
  let damaged = 0;

  const shownAt = ({ dts, pts }: Stamps) => pts ?? dts;
  const tolerance = ({ duration }: Stamps) => Math.max(disorder.seconds, disorder.pictures * duration) + duration;

  return {
    place(stamps, ahead) {
      const { dts, pts, duration } = stamps;
      const stamp = shownAt(stamps);
      if (stamp === null) return stamps;
      const expected = next ?? stamp;
      const jump = stamp - expected;
      const returns = () =>
        comesBack(
          stamps,
          jump,
          ahead,
          shownAt,
          (time, later, elapsed) => time >= expected - tolerance(later) && time <= expected + elapsed + stepForth,
          reordered,
        );
      const isUnheardOf = () => {
        if (latest !== null) return stamp > latest + stepForth;
        return jump > unheardGap && ahead(confirming - 1) === null;
      };
      if (offset === 0 || Math.abs(jump + offset) > tolerance(stamps)) {
        offset = jump > tolerance(stamps) && (returns() || isUnheardOf()) ? -jump : 0;
      }
      if (offset !== 0) damaged++;
      const end = stamp + offset + duration;
      if (jump >= -tolerance(stamps)) next = Math.max(expected, end);
      else if (!returns()) next = end;
      return { dts: dts === null ? null : dts + offset, pts: pts === null ? null : pts + offset, duration };
    },
    resume() {
      next = null;
      offset = 0;
    },
    restarts: 0,
    get damaged() {
      return damaged;
    },
  };
}

/** Packets within which a damaged clock returns, and the number of packets after that which must confirm it. */
const lookedAhead = 256;
const mostAhead = 32;
const fewestBack = 4;

/**
 * Whether a second, opposite jump returns the clock to where it would be without the first one, and most packets stay
 * there: a few frames shown before a jump may just be coded after it.
 */
function comesBack(
  stamps: Stamps,
  jump: Seconds,
  ahead: Ahead,
  stampOf: (stamps: Stamps) => Seconds | null,
  fits: (stamp: Seconds, stamps: Stamps, elapsed: Seconds) => boolean,
  reordered = false,
): boolean {
  let before = stampOf(stamps) ?? 0;
  let elapsed = stamps.duration;
  for (let i = 0; i < lookedAhead; i++) {
    const later = ahead(i);
    if (later === null) return false;
    const stamp = stampOf(later);
    if (stamp !== null) {
      const back = jump > 0 ? before - stamp : stamp - before;
      const falls = back >= Math.abs(jump) / 2 && fits(stamp, later, elapsed);
      if (falls && !(reordered && jump > 0 && goesBeyond(before, i + 1, ahead, stampOf))) {
        const side = (time: Seconds) => Math.abs(time - stamp) < Math.abs(time - before);
        const after = Array.from({ length: mostAhead }, (_, k) => ahead(i + k)).map((one) => one && stampOf(one));
        const stamped = after.filter((time) => time !== null);
        return stamped.length >= fewestBack && 2 * stamped.filter(side).length > stamped.length;
      }
      before = stamp;
    }
    elapsed += later.duration;
  }
  return false;
}

/** Most frames coded between one and the next that is shown later. */
const mostReordered = 16;

/** Whether the clock continues beyond a time soon after some packet: what went back was then just coded later. */
function goesBeyond(time: Seconds, from: number, ahead: Ahead, stampOf: (stamps: Stamps) => Seconds | null): boolean {
  for (let i = from; i < from + mostReordered; i++) {
    const later = ahead(i);
    if (later === null) return false;
    if ((stampOf(later) ?? -Infinity) > time) return true;
  }
  return false;
}

/** Whether a decoding time soon comes close to a time. */
function reaches(time: Seconds, ahead: Ahead): boolean {
  for (let i = 0; i < mostAhead; i++) {
    const dts = ahead(i)?.dts ?? null;
    if (dts !== null && Math.abs(dts - time) <= stepForth) return true;
  }
  return false;
}

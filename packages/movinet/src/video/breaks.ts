type Seconds = number;

/** What a packet says of its time, in seconds; null where it says nothing. */
export interface Stamps {
  /** When it is decoded. */
  readonly dts: Seconds | null;
  /** When it is shown. */
  readonly pts: Seconds | null;
  readonly duration: Seconds;
}

/** The packets after one, in coding order: 0 is the next; null is the end. */
export type Ahead = (i: number) => Stamps | null;

/** Makes one clock of the stamps of a file's packets. */
export interface Clock {
  /** Where the next packet in coding order belongs. */
  place(stamps: Stamps, ahead: Ahead): Stamps;
  /** The next packet comes from elsewhere in the file. */
  resume(): void;
  /** How often the clock began anew. */
  readonly restarts: number;
  /** Packets whose stamps were not believed. */
  readonly damaged: number;
}

/** Where streams may be joined, a clock that goes further forth begins anew. */
const stepForth: Seconds = 10;
/** From here on a step forth may be damage: later stamps tell. */
const doubtful: Seconds = 1;

/**
 * The clock of a container in which streams are cut and joined, as in MPEG-TS. Decoding times increase, so where they step
 * back or far forth another piece begins: it follows without a gap. Stamps that later ones contradict are damaged: their
 * packets go where the one before ends, and what follows stays where it is.
 */
export function createJoinableClock(): Clock {
  const stepBack: Seconds = 0.1;
  /** A picture is coded no longer than this before it is shown. */
  const longestDelay: Seconds = 1;
  let last: Seconds | null = null;
  let next: Seconds = 0;
  let offset: Seconds = 0;
  /** The offset before damaged stamps, while they last. */
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
 * The clock of a container that keeps a time for each picture, as MP4 and Matroska: the stamps are the truth, and time goes
 * on however long a gap is. Only stamps that run ahead, and that later ones or what the file declares contradict, are
 * damaged: their packets go where the one before ends. What goes back in time keeps its stamps, and so comes too late.
 *
 * @param latest the latest time that the file declares, or null.
 * @param reordered whether pictures may be coded before others that are shown earlier.
 */
export function createFixedClock(latest: Seconds | null, reordered = true): Clock {
  /** A longer gap that the file does not declare is believed only where so many packets follow. */
  const unheardGap: Seconds = 600;
  const confirming = 3;
  /** Pictures are coded so long, and by so many pictures, before others that are shown earlier. */
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

/** Packets within which a damaged clock comes back, and of those that come then how many must tell. */
const lookedAhead = 256;
const mostAhead = 32;
const fewestBack = 4;

/**
 * Whether a second jump, the other way round, brings a clock back to where it would be without the first one, and most
 * packets stay there: a few that are shown before a jump may just be coded after it.
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

/** Pictures that are coded between one and the next that is shown later than it. */
const mostReordered = 16;

/** Whether the clock goes on beyond a time soon after some packet: what went back then was just coded later. */
function goesBeyond(time: Seconds, from: number, ahead: Ahead, stampOf: (stamps: Stamps) => Seconds | null): boolean {
  for (let i = from; i < from + mostReordered; i++) {
    const later = ahead(i);
    if (later === null) return false;
    if ((stampOf(later) ?? -Infinity) > time) return true;
  }
  return false;
}

/** Whether a time of decoding soon comes near a time. */
function reaches(time: Seconds, ahead: Ahead): boolean {
  for (let i = 0; i < mostAhead; i++) {
    const dts = ahead(i)?.dts ?? null;
    if (dts !== null && Math.abs(dts - time) <= stepForth) return true;
  }
  return false;
}

/** Stamps of a packet in ticks; null: it has none. */
export interface Stamped {
  readonly pts: bigint | null;
  readonly dts: bigint | null;
  /** Wall clock in milliseconds. */
  readonly arrived: number;
}

export interface Placed {
  readonly pts: bigint;
  readonly dts: bigint;
}

/** How far a stream's time may step ahead of the wall clock's before it counts as a jump, and how far back, in seconds. */
const mostAhead = 2;
const mostBack = 1;

/**
 * Places packets, in the order of decoding, in a file that begins with the first one at 0. Jumps of the stream's time are replaced
 * by steps of the wall clock. Null: a picture from before the first one, which cannot be decoded without what came earlier.
 */
export function placeInClip(packets: readonly Stamped[], ticksPerSecond: number): readonly (Placed | null)[] {
  const ticks = (seconds: number) => BigInt(Math.round(seconds * ticksPerSecond));
  let [before, offset]: [Stamped | null, bigint] = [null, 0n];
  let [lastStamp, lastPts] = [0n, 0n];
  const shown = packets.map((packet) => {
    const passed = before === null ? 0 : Math.max(0, packet.arrived - before.arrived) / 1000;
    const usual = before === null ? 0n : ticks(passed) || 1n;
    const stamp = packet.pts ?? packet.dts ?? lastStamp + usual;
    const step = stamp - lastStamp;
    const isJump = before === null || step > ticks(passed + mostAhead) || step < -ticks(mostBack);
    if (isJump) offset = lastPts + usual - stamp;
    before = packet;
    lastStamp = stamp;
    lastPts = stamp + offset;
    return lastPts;
  });
  const kept = shown.filter((pts) => pts >= 0n);
  const sorted = kept.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  // Packets are decoded in the order in which they came, each no later than it is shown.
  const delay = kept.reduce((most, pts, i) => {
    const late = (sorted[i] as bigint) - pts;
    return late > most ? late : most;
  }, 0n);
  let [index, last]: [number, bigint | null] = [0, null];
  return shown.map((pts) => {
    if (pts < 0n) return null;
    const wanted = (sorted[index++] as bigint) - delay;
    const dts = last !== null && wanted <= last ? last + 1n : wanted;
    last = dts;
    return { pts: pts < dts ? dts : pts, dts };
  });
}

/** Calls shared out among threads: each computes rows, columns or channels of its own, and waits where it needs others'. */
import { type Address, type Call, moved, operations, padded } from "./calls.ts";

type Words = Call["words"];

/** Multiply–accumulates, or numbers, below which a call is not worth a meeting. */
const leastWork = 20_000;

/** The calls of each thread. `meeting` is a place for 8 bytes where all threads meet. */
export function share(calls: readonly Call[], threads: number, meeting: Address): readonly (readonly Call[])[] {
  const lists = Array.from({ length: threads }, (): Call[] => []);
  const meet = { operation: operations.meet, words: [meeting, threads] };
  let apart = false;
  for (const call of calls) {
    const parts = partsOf(call, threads);
    if (parts || apart) for (const list of lists) list.push(meet);
    if (parts) for (const [i, words] of parts.entries()) lists[i]?.push({ ...call, words });
    else lists[0]?.push(call);
    apart = parts !== null;
  }
  for (const list of lists) list.push(meet);
  return lists;
}

/** The arguments of each thread's part; null: one thread makes the call. */
function partsOf({ operation, words }: Call, threads: number): readonly Words[] | null {
  const number = (i: number) => words[i] as number;
  const at = (i: number, by: number): number | Address => {
    const word = words[i] as number | Address;
    return typeof word === "number" ? word : moved(word, by);
  };
  const split = (count: number, step: number, part: (from: number, size: number, thread: number) => Words) => {
    const steps = Math.ceil(count / step);
    const bounds = Array.from({ length: threads + 1 }, (_, i) =>
      Math.min(count, Math.ceil((i * steps) / threads) * step),
    );
    return Array.from({ length: threads }, (_, i) =>
      part(bounds[i] as number, (bounds[i + 1] as number) - (bounds[i] as number), i),
    );
  };
  switch (operation) {
    case operations.multiply: {
      const [M, K, N] = [number(5), number(6), number(7)];
      if (M * K * N < leastWork || M < 12) return null;
      const [stepX, stepY] = [4 * padded(K), 4 * padded(N)];
      return split(M, 6, (from, size) => [
        at(0, from * stepX),
        ...words.slice(1, 3),
        at(3, from * stepY),
        at(4, from * stepY),
        size,
        ...words.slice(6),
      ]);
    }
    case operations.vector: {
      const [K, N] = [number(4), number(5)];
      if (K * N < leastWork) return null;
      return split(N, 32, (from, size) => [
        at(0, 0),
        at(1, 4 * from * K),
        at(2, 4 * from),
        at(3, 4 * from),
        K,
        size,
        number(6),
      ]);
    }
    case operations.convolve: {
      const [OH, OW] = [number(5), number(6)];
      const row = 4 * padded(number(8)) * OW;
      return split(OH, 1, (from, size) => [
        at(0, from * number(9)),
        ...words.slice(1, 4),
        at(4, from * row),
        size,
        ...words.slice(6),
      ]);
    }
    case operations.depthwise: {
      const [C, K, S, pitch, band] = [number(8), number(11), number(12), number(17), number(18)];
      const copy = 64 * ((band - 1) * S + K) * pitch;
      return split(C, 16, (from, size, thread) => [
        at(0, 4 * from),
        at(1, 4 * from * K * K),
        ...[2, 3, 4].map((i) => at(i, 4 * from)),
        ...words.slice(5, 8),
        size,
        ...words.slice(9, 16),
        at(16, thread * copy),
        ...words.slice(17),
      ]);
    }
    case operations.temporal: {
      const [pixels, cell] = [number(3), 4 * number(4)];
      if (pixels * cell < leastWork) return null;
      return split(pixels, 1, (from, size) => [
        ...words.slice(0, 2),
        at(2, from * cell),
        size,
        ...words.slice(4, 6),
        ...words.slice(6).map((_, i) => at(6 + i, i % 2 === 0 ? from * cell : 0)),
      ]);
    }
    default:
      return null;
  }
}

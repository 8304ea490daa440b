/**
 * Random numbers as a function of their purpose: `randomOf(seed, "augment", epoch, clip)` gives the same sequence in
 * every run, whatever the order of clips, so a resumed run continues bit for bit.
 */
export interface Random {
  /** Uniform in 0 (inclusive) .. 1 (exclusive), with 32 random bits. */
  next(): number;
  /** Uniform integer in 0 .. `count` − 1. */
  below(count: number): number;
  /** Uniform in `low` .. `high`. */
  between(low: number, high: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** Standard normal (Box–Muller). */
  normal(): number;
  pick<T>(items: readonly T[]): T;
  /** The same items in random order (Fisher–Yates). */
  shuffle<T>(items: readonly T[]): T[];
}

/** The sequence for these keys (sfc32, seeded with an FNV-1a hash of the keys). */
export function randomOf(...keys: readonly (string | number)[]): Random {
  let [a, b, c, d] = [hash(keys, 0), hash(keys, 1), hash(keys, 2), 1] as [number, number, number, number];
  const bits = () => {
    const t = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) bits();
  const next = () => bits() / 2 ** 32;
  const below = (count: number) => Math.floor(next() * count);
  return {
    next,
    below,
    between: (low, high) => low + (high - low) * next(),
    chance: (probability) => next() < probability,
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    pick: <T>(items: readonly T[]) => items[below(items.length)] as T,
    shuffle<T>(items: readonly T[]) {
      const order = items.slice();
      for (let i = order.length - 1; i > 0; i--) {
        const j = below(i + 1);
        [order[i], order[j]] = [order[j] as T, order[i] as T];
      }
      return order;
    },
  };
}

function hash(keys: readonly (string | number)[], salt: number): number {
  let h = (0x811c9dc5 ^ salt) >>> 0;
  for (const char of keys.join("\u0000")) h = Math.imul(h ^ (char.codePointAt(0) as number), 0x01000193) >>> 0;
  return h;
}

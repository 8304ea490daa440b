/**
 * The sources of the pixels along one side of a scaled picture: pixel `i` is the sum of the source pixels from `firsts[i]` on, weighted by
 * `shares[starts[i]]` up to `shares[starts[i + 1]]`. A pixel without shares is outside the picture.
 */
export interface Taps {
  readonly firsts: Int32Array;
  readonly starts: Int32Array;
  readonly shares: Float64Array;
}

/** A side scaled from `source` to `scaled` pixels, of which `target` are wanted, from `begin` on. */
export interface ScaledSide {
  readonly source: number;
  readonly scaled: number;
  readonly target: number;
  readonly begin: number;
  /** How far the source pixels lie before the middle of those that they stand for, as chroma does. Default 0. */
  readonly shift?: number;
}

/** A triangle filter as wide as the source area of a pixel. */
export function tapsOf({ source, scaled, target, begin, shift = 0 }: ScaledSide): Taps {
  const ratio = source / scaled;
  const reach = Math.max(1, ratio);
  const firsts = new Int32Array(target);
  const starts = new Int32Array(target + 1);
  const all: number[] = [];
  for (let i = 0; i < target; i++) {
    const place = begin + i;
    if (place >= 0 && place < scaled) {
      const centre = (place + 0.5) * ratio - 0.5 + shift;
      const [from, to] = [Math.ceil(centre - reach), Math.floor(centre + reach)];
      const [first, last] = [Math.max(0, from), Math.min(source - 1, to)];
      const shares = new Array<number>(last - first + 1).fill(0);
      // The last pixel is repeated after the end, and the first before the beginning.
      for (let k = from; k <= to; k++) {
        const at = Math.min(last, Math.max(first, k)) - first;
        shares[at] = (shares[at] as number) + Math.max(0, 1 - Math.abs(k - centre) / reach);
      }
      const sum = shares.reduce((total, share) => total + share, 0);
      firsts[i] = first;
      for (const share of shares) all.push(share / sum);
    }
    starts[i + 1] = all.length;
  }
  return { firsts, starts, shares: Float64Array.from(all) };
}

// Sums. Long ones are accumulated in float64 from float32 sums of 64 rows.

import { slope } from "./pointwise";

const short = 64;

/** sums `[C]` (float64) = Σ rows d; products (0: none) = Σ rows d · (x − mean). `scratch` holds 2 · C floats. */
export function channelSums(d: usize, x: usize, mean: usize, sums: usize, products: usize, scratch: usize, rows: i32, C: i32): void {
  const cell = (<usize>C) << 2;
  memory.fill(sums, 0, cell << 1);
  if (products != 0) memory.fill(products, 0, cell << 1);
  for (let r = 0; r < rows; r += short) {
    memory.fill(scratch, 0, cell << 1);
    for (let i = min(short, rows - r); i > 0; i--) {
      for (let c: usize = 0; c < cell; c += 16) {
        const v = v128.load(d + c);
        v128.store(scratch + c, f32x4.add(v128.load(scratch + c), v));
        if (products != 0) {
          const centred = f32x4.sub(v128.load(x + c), v128.load(mean + c));
          v128.store(scratch + cell + c, f32x4.relaxed_madd(v, centred, v128.load(scratch + cell + c)));
        }
      }
      d += cell;
      x += cell;
    }
    for (let c: usize = 0; c < cell; c += 4) {
      store<f64>(sums + (c << 1), load<f64>(sums + (c << 1)) + <f64>load<f32>(scratch + c));
      if (products != 0) store<f64>(products + (c << 1), load<f64>(products + (c << 1)) + <f64>load<f32>(scratch + cell + c));
    }
  }
}

// @ts-ignore: decorator
@inline function affineSlopes(
  kind: i32, x: usize, gain: usize, shift: usize, mean: usize, dy: usize, dz: usize, sums: usize, products: usize, scratch: usize, rows: i32, C: i32,
): void {
  const cell = (<usize>C) << 2;
  memory.fill(sums, 0, cell << 1);
  memory.fill(products, 0, cell << 1);
  for (let r = 0; r < rows; r += short) {
    memory.fill(scratch, 0, cell << 1);
    let i = min(short, rows - r);
    for (; i > 1; i -= 2) {
      for (let c: usize = 0; c < cell; c += 16) {
        const g = v128.load(gain + c), s = v128.load(shift + c), m = v128.load(mean + c);
        const low = v128.load(x + c), high = v128.load(x + cell + c);
        const d = f32x4.mul(v128.load(dy + c), slope(kind, f32x4.relaxed_madd(low, g, s)));
        const e = f32x4.mul(v128.load(dy + cell + c), slope(kind, f32x4.relaxed_madd(high, g, s)));
        v128.store(dz + c, d);
        v128.store(dz + cell + c, e);
        v128.store(scratch + c, f32x4.add(v128.load(scratch + c), f32x4.add(d, e)));
        const product = f32x4.relaxed_madd(e, f32x4.sub(high, m), f32x4.mul(d, f32x4.sub(low, m)));
        v128.store(scratch + cell + c, f32x4.add(v128.load(scratch + cell + c), product));
      }
      x += 2 * cell;
      dy += 2 * cell;
      dz += 2 * cell;
    }
    if (i > 0) {
      for (let c: usize = 0; c < cell; c += 16) {
        const value = v128.load(x + c);
        const z = f32x4.relaxed_madd(value, v128.load(gain + c), v128.load(shift + c));
        const d = f32x4.mul(v128.load(dy + c), slope(kind, z));
        v128.store(dz + c, d);
        v128.store(scratch + c, f32x4.add(v128.load(scratch + c), d));
        const centred = f32x4.sub(value, v128.load(mean + c));
        v128.store(scratch + cell + c, f32x4.relaxed_madd(d, centred, v128.load(scratch + cell + c)));
      }
      x += cell;
      dy += cell;
      dz += cell;
    }
    for (let c: usize = 0; c < cell; c += 4) {
      store<f64>(sums + (c << 1), load<f64>(sums + (c << 1)) + <f64>load<f32>(scratch + c));
      store<f64>(products + (c << 1), load<f64>(products + (c << 1)) + <f64>load<f32>(scratch + cell + c));
    }
  }
}

/** dz = dy · f′(x · gain + shift); sums and products of dz as in `channelSums`. */
export function affineInput(
  kind: i32, x: usize, gain: usize, shift: usize, mean: usize, dy: usize, dz: usize, sums: usize, products: usize, scratch: usize, rows: i32, C: i32,
): void {
  if (kind == 0) affineSlopes(0, x, gain, shift, mean, dy, dz, sums, products, scratch, rows, C);
  else if (kind == 1) affineSlopes(1, x, gain, shift, mean, dy, dz, sums, products, scratch, rows, C);
  else affineSlopes(2, x, gain, shift, mean, dy, dz, sums, products, scratch, rows, C);
}

/** sums `[C]` and squares `[C]` (float64) of x less its first row, which keeps the variance's digits. */
export function moments(x: usize, sums: usize, squares: usize, scratch: usize, rows: i32, C: i32): void {
  const cell = (<usize>C) << 2;
  const first = x;
  memory.fill(sums, 0, cell << 1);
  memory.fill(squares, 0, cell << 1);
  for (let r = 0; r < rows; r += short) {
    memory.fill(scratch, 0, cell << 1);
    let i = min(short, rows - r);
    for (; i > 1; i -= 2) {
      for (let c: usize = 0; c < cell; c += 16) {
        const f = v128.load(first + c);
        const v = f32x4.sub(v128.load(x + c), f), w = f32x4.sub(v128.load(x + cell + c), f);
        v128.store(scratch + c, f32x4.add(v128.load(scratch + c), f32x4.add(v, w)));
        v128.store(scratch + cell + c, f32x4.add(v128.load(scratch + cell + c), f32x4.relaxed_madd(w, w, f32x4.mul(v, v))));
      }
      x += 2 * cell;
    }
    if (i > 0) {
      for (let c: usize = 0; c < cell; c += 16) {
        const v = f32x4.sub(v128.load(x + c), v128.load(first + c));
        v128.store(scratch + c, f32x4.add(v128.load(scratch + c), v));
        v128.store(scratch + cell + c, f32x4.relaxed_madd(v, v, v128.load(scratch + cell + c)));
      }
      x += cell;
    }
    for (let c: usize = 0; c < cell; c += 4) {
      store<f64>(sums + (c << 1), load<f64>(sums + (c << 1)) + <f64>load<f32>(scratch + c));
      store<f64>(squares + (c << 1), load<f64>(squares + (c << 1)) + <f64>load<f32>(scratch + cell + c));
    }
  }
}

/** y `[N, C]` = Σ over the P pixels of a `[N, P, C]` · b (0: of a alone), times `factor`. */
export function pictureSums(a: usize, b: usize, y: usize, N: i32, P: i32, C: i32, factor: f32): void {
  const cell = (<usize>C) << 2;
  const f = f32x4.splat(factor);
  for (let n = 0; n < N; n++) {
    memory.fill(y, 0, cell);
    for (let p = 0; p < P; p++) {
      for (let c: usize = 0; c < cell; c += 16) {
        const v = b != 0 ? f32x4.mul(v128.load(a + c), v128.load(b + c)) : v128.load(a + c);
        v128.store(y + c, f32x4.add(v128.load(y + c), v));
      }
      a += cell;
      if (b != 0) b += cell;
    }
    for (let c: usize = 0; c < cell; c += 16) v128.store(y + c, f32x4.mul(v128.load(y + c), f));
    y += cell;
  }
}

/** y `[N, P, C]` = d `[N, C]` · factor, the same for every pixel. */
export function spread(d: usize, y: usize, N: i32, P: i32, C: i32, factor: f32): void {
  const cell = (<usize>C) << 2;
  const f = f32x4.splat(factor);
  for (let n = 0; n < N; n++) {
    for (let p = 0; p < P; p++) {
      for (let c: usize = 0; c < cell; c += 16) v128.store(y + c, f32x4.mul(v128.load(d + c), f));
      y += cell;
    }
    d += cell;
  }
}

/** Σ a · b over all. */
export function dot(a: usize, b: usize, count: i32): f64 {
  let total: f64 = 0;
  let i: usize = 0;
  const end = (<usize>(count & ~3)) << 2;
  while (i < end) {
    let s = f32x4.splat(0);
    const stop = min(end, i + 4096);
    for (; i < stop; i += 16) s = f32x4.relaxed_madd(v128.load(a + i), v128.load(b + i), s);
    total += <f64>f32x4.extract_lane(s, 0) + <f64>f32x4.extract_lane(s, 1) + <f64>f32x4.extract_lane(s, 2) + <f64>f32x4.extract_lane(s, 3);
  }
  for (; i < (<usize>count) << 2; i += 4) total += <f64>(load<f32>(a + i) * load<f32>(b + i));
  return total;
}

/** 3×3 average pool with stride 2, SAME; the divisor is the number of valid cells. */
export function averagePool(x: usize, y: usize, N: i32, H: i32, W: i32, C: i32, OH: i32, OW: i32, top: i32, left: i32): void {
  pool(x, y, N, H, W, C, OH, OW, top, left, false);
}

/** Its gradient: dx must be zero before. */
export function averagePoolInput(dy: usize, dx: usize, N: i32, H: i32, W: i32, C: i32, OH: i32, OW: i32, top: i32, left: i32): void {
  pool(dx, dy, N, H, W, C, OH, OW, top, left, true);
}

function pool(x: usize, y: usize, N: i32, H: i32, W: i32, C: i32, OH: i32, OW: i32, top: i32, left: i32, back: bool): void {
  const cell = (<usize>C) << 2;
  for (let n = 0; n < N; n++) for (let oy = 0; oy < OH; oy++) for (let ox = 0; ox < OW; ox++) {
    const y0 = max(0, oy * 2 - top), y1 = min(H, oy * 2 - top + 3);
    const x0 = max(0, ox * 2 - left), x1 = min(W, ox * 2 - left + 3);
    const share = f32x4.splat(1 / <f32>((y1 - y0) * (x1 - x0)));
    for (let c: usize = 0; c < cell; c += 16) {
      let s = back ? f32x4.mul(v128.load(y + c), share) : f32x4.splat(0);
      for (let iy = y0; iy < y1; iy++) for (let ix = x0; ix < x1; ix++) {
        const at = x + <usize>((n * H + iy) * W + ix) * cell + c;
        if (back) v128.store(at, f32x4.add(v128.load(at), s));
        else s = f32x4.add(s, v128.load(at));
      }
      if (!back) v128.store(y + c, f32x4.mul(s, share));
    }
    y += cell;
  }
}

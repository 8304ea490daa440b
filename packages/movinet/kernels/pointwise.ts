// Elementwise operations, possibly with a factor per channel. Counts are numbers of floats.

import {
  aboutSixth, coefficient, fifth, half, highest, ln2High, ln2Low, log2e, lowest, minusThree, minusTwoAndHalf, number, one, six, sixth, three, twoAndHalf,
} from "./numbers";

/** `pmin` and `pmax` are one instruction on x64, while `min` and `max` are eight, and NaN stays NaN. */
// @ts-ignore: decorator
@inline function clip4(x: v128, low: v128, high: v128): v128 {
  return f32x4.pmin(f32x4.pmax(x, low), high);
}

/** exp in float32 to about 1e-7 relative: 2^n · e^r with |r| ≤ ln 2 / 2. */
// @ts-ignore: decorator
@inline function exp4(value: v128): v128 {
  const x = clip4(value, number(lowest), number(highest));
  const n = f32x4.nearest(f32x4.mul(x, number(log2e)));
  let r = f32x4.relaxed_madd(n, number(ln2High), x);
  r = f32x4.relaxed_madd(n, number(ln2Low), r);
  let p = number(coefficient);
  p = f32x4.relaxed_madd(p, r, number(coefficient + 1));
  p = f32x4.relaxed_madd(p, r, number(coefficient + 2));
  p = f32x4.relaxed_madd(p, r, number(coefficient + 3));
  p = f32x4.relaxed_madd(p, r, number(coefficient + 4));
  p = f32x4.relaxed_madd(p, r, number(coefficient + 5));
  p = f32x4.add(f32x4.relaxed_madd(f32x4.mul(p, r), r, r), number(one));
  const power = i32x4.add(i32x4.shl(i32x4.trunc_sat_f32x4_s(n), 23), number(one));
  return f32x4.mul(p, power);
}

// @ts-ignore: decorator
@inline function sigmoid4(x: v128): v128 {
  return f32x4.div(number(one), f32x4.add(number(one), exp4(f32x4.neg(x))));
}

/** Activations by number: 0 swish, 1 hard swish, 2 relu6, 3 sigmoid, 4 and 5 hard sigmoid A and B, 6 none. */
// @ts-ignore: decorator
@inline function act(kind: i32, x: v128): v128 {
  if (kind == 0) return f32x4.mul(x, sigmoid4(x));
  if (kind == 1) return f32x4.mul(f32x4.mul(x, clip4(f32x4.add(x, number(three)), f32x4.splat(0), number(six))), number(sixth));
  if (kind == 2) return clip4(x, f32x4.splat(0), number(six));
  if (kind == 3) return sigmoid4(x);
  if (kind == 4) return clip4(f32x4.add(f32x4.mul(x, number(fifth)), number(half)), f32x4.splat(0), number(one));
  if (kind == 5) return f32x4.mul(clip4(f32x4.add(x, number(three)), f32x4.splat(0), number(six)), number(aboutSixth));
  return x;
}

/** 1 between the bounds, else 0. */
// @ts-ignore: decorator
@inline function inside(x: v128, low: v128, high: v128): v128 {
  return v128.and(f32x4.gt(x, low), f32x4.lt(x, high));
}

// @ts-ignore: decorator
@inline export function slope(kind: i32, x: v128): v128 {
  if (kind == 0) {
    const s = sigmoid4(x);
    return f32x4.mul(s, f32x4.add(number(one), f32x4.mul(x, f32x4.sub(number(one), s))));
  }
  if (kind == 1) {
    const middle = f32x4.mul(f32x4.add(f32x4.add(x, x), number(three)), number(sixth));
    const high = v128.and(f32x4.ge(x, number(three)), number(one));
    return v128.or(v128.and(inside(x, number(minusThree), number(three)), middle), high);
  }
  if (kind == 2) return v128.and(inside(x, f32x4.splat(0), number(six)), number(one));
  if (kind == 3) {
    const s = sigmoid4(x);
    return f32x4.mul(s, f32x4.sub(number(one), s));
  }
  if (kind == 4) return v128.and(inside(x, number(minusTwoAndHalf), number(twoAndHalf)), number(fifth));
  if (kind == 5) return v128.and(inside(x, number(minusThree), number(three)), number(aboutSixth));
  return number(one);
}

// @ts-ignore: decorator
@inline function actLoop(kind: i32, x: usize, y: usize, count: i32): void {
  const end = (<usize>count) << 2;
  for (let i: usize = 0; i < end; i += 16) v128.store(y + i, act(kind, v128.load(x + i)));
}

/** y = f(x); buffers have room up to a multiple of 4. */
export function activation(kind: i32, x: usize, y: usize, count: i32): void {
  if (kind == 0) actLoop(0, x, y, count);
  else if (kind == 1) actLoop(1, x, y, count);
  else if (kind == 2) actLoop(2, x, y, count);
  else if (kind == 3) actLoop(3, x, y, count);
  else if (kind == 4) actLoop(4, x, y, count);
  else actLoop(5, x, y, count);
}

// @ts-ignore: decorator
@inline function slopeLoop(kind: i32, x: usize, dy: usize, dx: usize, count: i32): void {
  const end = (<usize>count) << 2;
  for (let i: usize = 0; i < end; i += 16) v128.store(dx + i, f32x4.mul(v128.load(dy + i), slope(kind, v128.load(x + i))));
}

/** dx = dy · f′(x). */
export function activationInput(kind: i32, x: usize, dy: usize, dx: usize, count: i32): void {
  if (kind == 0) slopeLoop(0, x, dy, dx, count);
  else if (kind == 1) slopeLoop(1, x, dy, dx, count);
  else if (kind == 2) slopeLoop(2, x, dy, dx, count);
  else if (kind == 3) slopeLoop(3, x, dy, dx, count);
  else if (kind == 4) slopeLoop(4, x, dy, dx, count);
  else slopeLoop(5, x, dy, dx, count);
}

// @ts-ignore: decorator
@inline function affineLoop(kind: i32, x: usize, gain: usize, shift: usize, y: usize, rows: i32, cell: usize): void {
  for (let r = 0; r < rows; r++) {
    for (let c: usize = 0; c < cell; c += 16) {
      const z = f32x4.relaxed_madd(v128.load(x + c), v128.load(gain + c), v128.load(shift + c));
      v128.store(y + c, act(kind, z));
    }
    x += cell;
    y += cell;
  }
}

/** y = f(x · gain + shift), the last two per channel; rows of C channels, a multiple of 4. */
export function affine(kind: i32, x: usize, gain: usize, shift: usize, y: usize, rows: i32, C: i32): void {
  const cell = (<usize>C) << 2;
  if (kind == 0) affineLoop(0, x, gain, shift, y, rows, cell);
  else if (kind == 1) affineLoop(1, x, gain, shift, y, rows, cell);
  else if (kind == 2) affineLoop(2, x, gain, shift, y, rows, cell);
  else affineLoop(6, x, gain, shift, y, rows, cell);
}

/** out = d · a + x · b + e, with a, b and e per channel. */
export function combine(d: usize, x: usize, a: usize, b: usize, e: usize, out: usize, rows: i32, C: i32): void {
  const cell = (<usize>C) << 2;
  for (let r = 0; r < rows; r++) {
    for (let c: usize = 0; c < cell; c += 16) {
      const z = f32x4.relaxed_madd(v128.load(x + c), v128.load(b + c), v128.load(e + c));
      v128.store(out + c, f32x4.relaxed_madd(v128.load(d + c), v128.load(a + c), z));
    }
    d += cell;
    x += cell;
    out += cell;
  }
}

/** y = x · gain, per channel. */
export function scaleChannels(x: usize, gain: usize, y: usize, rows: i32, C: i32): void {
  const cell = (<usize>C) << 2;
  for (let r = 0; r < rows; r++) {
    for (let c: usize = 0; c < cell; c += 16) v128.store(y + c, f32x4.mul(v128.load(x + c), v128.load(gain + c)));
    x += cell;
    y += cell;
  }
}

/** y = a + b. */
export function add(a: usize, b: usize, y: usize, count: i32): void {
  const end = (<usize>count) << 2;
  for (let i: usize = 0; i < end; i += 16) v128.store(y + i, f32x4.add(v128.load(a + i), v128.load(b + i)));
}

/** y = x · factor. */
export function scale(x: usize, factor: f32, y: usize, count: i32): void {
  const end = (<usize>count) << 2;
  const f = f32x4.splat(factor);
  for (let i: usize = 0; i < end; i += 16) v128.store(y + i, f32x4.mul(v128.load(x + i), f));
}

/** y = a · b. */
export function product(a: usize, b: usize, y: usize, count: i32): void {
  const end = (<usize>count) << 2;
  for (let i: usize = 0; i < end; i += 16) v128.store(y + i, f32x4.mul(v128.load(a + i), v128.load(b + i)));
}

/** y `[N, P, C]` = x · g `[N, C]`: each picture's channels times their gates. */
export function gate(x: usize, g: usize, y: usize, N: i32, P: i32, C: i32): void {
  const cell = (<usize>C) << 2;
  for (let n = 0; n < N; n++) {
    scaleChannels(x, g, y, P, C);
    x += <usize>P * cell;
    y += <usize>P * cell;
    g += cell;
  }
}

/** y `[N, size]` = x · s `[N]`. */
export function scaleRows(x: usize, s: usize, y: usize, N: i32, size: i32): void {
  for (let n = 0; n < N; n++) {
    const f = load<f32>(s + ((<usize>n) << 2));
    const row = (<usize>(n * size)) << 2;
    if (size & 3) for (let i: usize = 0; i < (<usize>size) << 2; i += 4) store<f32>(y + row + i, load<f32>(x + row + i) * f);
    else scale(x + row, f, y + row, size);
  }
}

/** Copies rows of `bytes` between buffers whose rows lie `fromStep` and `toStep` bytes apart. */
export function copyRows(from: usize, to: usize, rows: i32, bytes: usize, fromStep: usize, toStep: usize): void {
  for (let r = 0; r < rows; r++) {
    memory.copy(to, from, bytes);
    from += fromStep;
    to += toStep;
  }
}

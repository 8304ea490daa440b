// What the kernels compute with: a relaxed instruction where the module may use it, otherwise its nearest plain ones.
import {
  aboutSixth, coefficient, fifth, half, highest, ln2High, ln2Low, log2e, lowest, number, one, six, sixth, three,
} from "../numbers";

// @ts-ignore: decorator
@inline export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  else return f32x4.add(f32x4.mul(a, b), c);
}

/** `pmin` and `pmax` are one instruction on x64, where `min` and `max` are eight, and no number stays none. */
// @ts-ignore: decorator
@inline function clip(x: v128, low: v128, high: v128): v128 {
  return f32x4.pmin(f32x4.pmax(x, low), high);
}

/** exp in float32 to about 1e-7 relative: 2^n · e^r with |r| ≤ ln 2 / 2. */
// @ts-ignore: decorator
@inline function exp(value: v128): v128 {
  const x = clip(value, number(lowest), number(highest));
  const n = f32x4.nearest(f32x4.mul(x, number(log2e)));
  let r = madd(n, number(ln2High), x);
  r = madd(n, number(ln2Low), r);
  let p = madd(number(coefficient), r, number(coefficient + 1));
  p = madd(p, r, number(coefficient + 2));
  p = madd(p, r, number(coefficient + 3));
  p = madd(p, r, number(coefficient + 4));
  p = madd(p, r, number(coefficient + 5));
  p = f32x4.add(madd(f32x4.mul(p, r), r, r), number(one));
  // The bits of 1 are 127 << 23.
  const power = i32x4.add(i32x4.shl(i32x4.trunc_sat_f32x4_s(n), 23), number(one));
  return f32x4.mul(p, power);
}

// @ts-ignore: decorator
@inline function sigmoid(x: v128): v128 {
  return f32x4.div(number(one), f32x4.add(number(one), exp(f32x4.neg(x))));
}

/** Activations by number. Those up to `hardSwish` are cheap enough to be computed where a product is stored. */
export const none = 0;
export const relu6 = 1;
export const hardSwish = 2;
export const swish = 3;
export const logistic = 4;
export const hardSigmoidA = 5;
export const hardSigmoidB = 6;

/** x · clip(x / 6 + 1 / 2, 0, 1), with 1 / 6, 1 / 2 and 1; the bits of floats are ordered as the floats are, from 0 on. */
// @ts-ignore: decorator
@inline export function hardSwish4(x: v128, c6: v128, c2: v128, c1: v128): v128 {
  return f32x4.mul(x, i32x4.min_s(i32x4.max_s(madd(x, c6, c2), f32x4.splat(0)), c1));
}

/** clip(x, 0, 6), with 6. */
// @ts-ignore: decorator
@inline export function relu64(x: v128, c6: v128): v128 {
  return clip(x, f32x4.splat(0), c6);
}

// @ts-ignore: decorator
@inline export function cheap(kind: i32, x: v128): v128 {
  if (kind == hardSwish) return hardSwish4(x, number(sixth), number(half), number(one));
  if (kind == relu6) return relu64(x, number(six));
  return x;
}

// @ts-ignore: decorator
@inline export function act(kind: i32, x: v128): v128 {
  if (kind == swish) return f32x4.mul(x, sigmoid(x));
  if (kind == logistic) return sigmoid(x);
  if (kind == hardSigmoidA) return clip(madd(x, number(fifth), number(half)), f32x4.splat(0), number(one));
  if (kind == hardSigmoidB) return f32x4.mul(clip(f32x4.add(x, number(three)), f32x4.splat(0), number(six)), number(aboutSixth));
  return cheap(kind, x);
}

// What the kernels compute with: a relaxed instruction where the module may use it, otherwise its nearest plain ones.

// @ts-ignore: decorator
@inline export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  else return f32x4.add(f32x4.mul(a, b), c);
}

/**
 * The numbers of the activations, in memory: V8 makes a constant of four anew wherever it is used, with three instructions,
 * and loads one with one.
 */
const numbers = memory.data<f32>([
  0, 0.16666667, 0.5, 1, 3, 6, 0.2, 0.16667,
  -87, 88, 1.44269504088896341, -0.693359375, 2.12194440e-4,
  1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
]);

// @ts-ignore: decorator
@inline function number(i: usize): v128 {
  return v128.load32_splat(numbers + (i << 2));
}

// @ts-ignore: decorator
@inline export function zero(): v128 {
  return f32x4.splat(0);
}

// @ts-ignore: decorator
@inline export function sixth(): v128 {
  return number(1);
}

// @ts-ignore: decorator
@inline export function half(): v128 {
  return number(2);
}

// @ts-ignore: decorator
@inline export function one(): v128 {
  return number(3);
}

// @ts-ignore: decorator
@inline export function six(): v128 {
  return number(5);
}

/** `pmin` and `pmax` are one instruction on x64, where `min` and `max` are eight, and no number stays none. */
// @ts-ignore: decorator
@inline function clip(x: v128, low: v128, high: v128): v128 {
  return f32x4.pmin(f32x4.pmax(x, low), high);
}

/** exp in float32 to about 1e-7 relative: 2^n · e^r with |r| ≤ ln 2 / 2. */
// @ts-ignore: decorator
@inline function exp(value: v128): v128 {
  const x = clip(value, number(8), number(9));
  const n = f32x4.nearest(f32x4.mul(x, number(10)));
  let r = madd(n, number(11), x);
  r = madd(n, number(12), r);
  let p = madd(number(13), r, number(14));
  p = madd(p, r, number(15));
  p = madd(p, r, number(16));
  p = madd(p, r, number(17));
  p = madd(p, r, number(18));
  p = f32x4.add(madd(f32x4.mul(p, r), r, r), one());
  // The bits of 1 are 127 << 23.
  const power = i32x4.add(i32x4.shl(i32x4.trunc_sat_f32x4_s(n), 23), one());
  return f32x4.mul(p, power);
}

// @ts-ignore: decorator
@inline function sigmoid(x: v128): v128 {
  return f32x4.div(one(), f32x4.add(one(), exp(f32x4.neg(x))));
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
  return f32x4.mul(x, i32x4.min_s(i32x4.max_s(madd(x, c6, c2), zero()), c1));
}

/** clip(x, 0, 6), with 6. */
// @ts-ignore: decorator
@inline export function relu64(x: v128, c6: v128): v128 {
  return clip(x, zero(), c6);
}

// @ts-ignore: decorator
@inline export function cheap(kind: i32, x: v128): v128 {
  if (kind == hardSwish) return hardSwish4(x, sixth(), half(), one());
  if (kind == relu6) return relu64(x, six());
  return x;
}

// @ts-ignore: decorator
@inline export function act(kind: i32, x: v128): v128 {
  if (kind == swish) return f32x4.mul(x, sigmoid(x));
  if (kind == logistic) return sigmoid(x);
  if (kind == hardSigmoidA) return clip(madd(x, number(6), half()), zero(), one());
  if (kind == hardSigmoidB) return f32x4.mul(clip(f32x4.add(x, number(4)), zero(), six()), number(7));
  return cheap(kind, x);
}

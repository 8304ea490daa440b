// What the kernels compute with: relaxed instructions where the module may use them, otherwise their nearest plain ones.

// @ts-ignore: decorator
@inline export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  else return f32x4.add(f32x4.mul(a, b), c);
}

/** The lesser of both; `pmin` is one instruction on x64, where `min` is eight. */
// @ts-ignore: decorator
@inline function least(a: v128, b: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_min(a, b);
  else return f32x4.pmin(a, b);
}

// @ts-ignore: decorator
@inline function most(a: v128, b: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_max(a, b);
  else return f32x4.pmax(a, b);
}

// @ts-ignore: decorator
@inline function clip(x: v128, low: f32, high: f32): v128 {
  return least(most(x, f32x4.splat(low)), f32x4.splat(high));
}

/** exp in float32 to about 1e-7 relative: 2^n · e^r with |r| ≤ ln 2 / 2. */
// @ts-ignore: decorator
@inline function exp(value: v128): v128 {
  const x = clip(value, -87, 88);
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504088896341)));
  let r = madd(n, f32x4.splat(-0.693359375), x);
  r = madd(n, f32x4.splat(2.12194440e-4), r);
  let p = f32x4.splat(1.9875691500e-4);
  p = madd(p, r, f32x4.splat(1.3981999507e-3));
  p = madd(p, r, f32x4.splat(8.3334519073e-3));
  p = madd(p, r, f32x4.splat(4.1665795894e-2));
  p = madd(p, r, f32x4.splat(1.6666665459e-1));
  p = madd(p, r, f32x4.splat(5.0000001201e-1));
  p = f32x4.add(madd(f32x4.mul(p, r), r, r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return f32x4.mul(p, power);
}

// @ts-ignore: decorator
@inline function sigmoid(x: v128): v128 {
  return f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), exp(f32x4.neg(x))));
}

/** Activations by number. Those up to `hardSwish` are cheap enough to be computed where a product is stored. */
export const none = 0;
export const relu6 = 1;
export const hardSwish = 2;
export const swish = 3;
export const logistic = 4;
export const hardSigmoidA = 5;
export const hardSigmoidB = 6;

/** x · clip(x / 6 + 1 / 2, 0, 1) */
// @ts-ignore: decorator
@inline export function hardSwish4(x: v128): v128 {
  return f32x4.mul(x, clip(madd(x, f32x4.splat(1.0 / 6.0), f32x4.splat(0.5)), 0, 1));
}

// @ts-ignore: decorator
@inline export function relu64(x: v128): v128 {
  return clip(x, 0, 6);
}

// @ts-ignore: decorator
@inline export function cheap(kind: i32, x: v128): v128 {
  if (kind == hardSwish) return hardSwish4(x);
  if (kind == relu6) return relu64(x);
  return x;
}

// @ts-ignore: decorator
@inline export function act(kind: i32, x: v128): v128 {
  if (kind == relu6) return relu64(x);
  if (kind == hardSwish) return hardSwish4(x);
  if (kind == swish) return f32x4.mul(x, sigmoid(x));
  if (kind == logistic) return sigmoid(x);
  if (kind == hardSigmoidA) return clip(madd(x, f32x4.splat(0.2), f32x4.splat(0.5)), 0, 1);
  if (kind == hardSigmoidB) return f32x4.mul(clip(f32x4.add(x, f32x4.splat(3)), 0, 6), f32x4.splat(0.16667));
  return x;
}

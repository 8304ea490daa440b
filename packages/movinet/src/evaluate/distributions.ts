/** Distribution functions of the beta and Student's t distributions, for intervals and tests. */

/** Stirling's series, after raising the argument to at least 10. For positive `x`. */
function logGamma(x: number): number {
  let shift = 0;
  let at = x;
  for (; at < 10; at++) shift += Math.log(at);
  const square = 1 / at ** 2;
  const series = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680))) / at;
  return (at - 0.5) * Math.log(at) - at + Math.log(2 * Math.PI) / 2 + series - shift;
}

/** P(X ≤ x) of the beta distribution: the regularized incomplete beta function. `a` and `b` are positive. */
export function betaCdf(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2) ? (front * fraction(x, a, b)) / a : 1 - (front * fraction(1 - x, b, a)) / b;
}

/** The continued fraction of the incomplete beta function by Lentz's method (Abramowitz and Stegun 26.5.8). */
function fraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  let c = 1;
  let d = 1 / (1 - ((a + b) * x) / (a + 1) || tiny);
  let value = d;
  for (let m = 1; m < 1000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    const before = value;
    for (const term of [even, odd]) {
      d = 1 / (1 + term * d || tiny);
      c = 1 + term / c || tiny;
      value *= d * c;
    }
    if (Math.abs(value - before) <= 1e-15 * value) break;
  }
  return value;
}

/** The x with {@link betaCdf} = `p`, for `p` in 0..1. */
export function betaQuantile(p: number, a: number, b: number): number {
  return zeroOf((x) => betaCdf(x, a, b) - p, 0, 1);
}

/** P(|T| ≥ t) of Student's t distribution with `df` > 0 degrees of freedom, not necessarily an integer; `t` ≥ 0. */
export function studentTails(t: number, df: number): number {
  return betaCdf(df / (df + t ** 2), df / 2, 0.5);
}

/** The t with P(|T| ≥ t) = `p`, for `p` in 0..1. */
export function studentQuantile(p: number, df: number): number {
  const x = betaQuantile(p, df / 2, 0.5);
  return Math.sqrt((df * (1 - x)) / x);
}

/**
 * The root of an increasing function in an interval: secant steps, halving the value of an end that stays (Illinois),
 * and bisection in every fourth step.
 */
function zeroOf(rising: (x: number) => number, low: number, high: number): number {
  let [from, to] = [low, high];
  let [below, above] = [rising(from), rising(to)];
  let side = 0;
  for (let i = 0; i < 200 && to - from > 1e-15 * to; i++) {
    const secant = (from * above - to * below) / (above - below);
    const x = i % 4 < 3 && secant > from && secant < to ? secant : (from + to) / 2;
    const value = rising(x);
    if (Math.abs(value) < 1e-14) return x;
    if (value < 0) {
      [from, below] = [x, value];
      if (side < 0) above /= 2;
    } else {
      [to, above] = [x, value];
      if (side > 0) below /= 2;
    }
    side = Math.sign(value);
  }
  return (from + to) / 2;
}

/** Sum of products; the order of summation is fixed, so results are the same everywhere. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [p, q, r, s] = [0, 0, 0, 0];
  const end = a.length - (a.length % 4);
  for (let i = 0; i < end; i += 4) {
    p += a[i]! * b[i]!;
    q += a[i + 1]! * b[i + 1]!;
    r += a[i + 2]! * b[i + 2]!;
    s += a[i + 3]! * b[i + 3]!;
  }
  for (let i = end; i < a.length; i++) p += a[i]! * b[i]!;
  return p + q + (r + s);
}

/** Inner products of all pairs of rows, `[rows, rows]`. */
export function gramOf(rows: readonly Float32Array[]): Float64Array {
  const n = rows.length;
  const gram = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const value = dot(rows[i]!, rows[j]!);
      gram[i * n + j] = value;
      gram[j * n + i] = value;
    }
  }
  return gram;
}

/** `x · kernel` for a row `[inputs]` and a kernel `[inputs, outputs]`, in float64. */
export function timesKernel(x: ArrayLike<number>, kernel: Float32Array): Float64Array {
  const outputs = kernel.length / x.length;
  const y = new Float64Array(outputs);
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    if (value === 0) continue;
    const row = i * outputs;
    for (let o = 0; o < outputs; o++) y[o]! += value * kernel[row + o]!;
  }
  return y;
}

/**
 * Solves `(matrix + ridge · I) X = targets` by Cholesky factorization: `matrix` `[n, n]` symmetric positive
 * semidefinite, `ridge` above 0, `targets` `[columns, n]`, like the result. n³ / 3 operations.
 */
export function solveRidge(
  matrix: Float64Array,
  ridge: number,
  targets: readonly Float64Array[],
): readonly Float64Array[] {
  const n = Math.round(Math.sqrt(matrix.length));
  const rows: Float64Array[] = [];
  for (let i = 0; i < n; i++) {
    const row = new Float64Array(i + 1);
    for (let j = 0; j <= i; j++) {
      const done = j === i ? row : rows[j]!;
      let value = matrix[i * n + j]!;
      for (let k = 0; k < j; k++) value -= row[k]! * done[k]!;
      row[j] = j < i ? value / done[j]! : Math.sqrt(Math.max(value + ridge, 1e-6 * ridge));
    }
    rows.push(row);
  }
  return targets.map((target) => {
    const x = target.slice();
    for (let i = 0; i < n; i++) {
      const row = rows[i]!;
      let value = x[i]!;
      for (let k = 0; k < i; k++) value -= row[k]! * x[k]!;
      x[i] = value / row[i]!;
    }
    for (let i = n - 1; i >= 0; i--) {
      const row = rows[i]!;
      const value = x[i]! / row[i]!;
      x[i] = value;
      for (let k = 0; k < i; k++) x[k]! -= row[k]! * value;
    }
    return x;
  });
}

// Matrix products: pixels are rows, channels are columns.

/** Copies B `[K, N]` into panels of 8 columns, `[ceil(N / 8)][K][8]`, padded with zeros. */
export function pack(b: usize, panels: usize, K: i32, N: i32): void {
  let p = panels;
  for (let n = 0; n < N; n += 8) {
    const wide = min(8, N - n);
    for (let k = 0; k < K; k++) {
      const row = b + ((<usize>(k * N + n)) << 2);
      if (wide == 8) {
        v128.store(p, v128.load(row));
        v128.store(p, v128.load(row, 16), 16);
      } else {
        for (let i = 0; i < 8; i++) store<f32>(p + ((<usize>i) << 2), i < wide ? load<f32>(row + ((<usize>i) << 2)) : 0);
      }
      p += 32;
    }
  }
}

/** Copies the transpose of B `[N, K]` into panels, as `pack` does with a matrix `[K, N]`. */
export function packTransposed(b: usize, panels: usize, K: i32, N: i32): void {
  let p = panels;
  for (let n = 0; n < N; n += 8) {
    const wide = min(8, N - n);
    for (let k = 0; k < K; k++) {
      for (let i = 0; i < 8; i++) {
        store<f32>(p + ((<usize>i) << 2), i < wide ? load<f32>(b + ((<usize>((n + i) * K + k)) << 2)) : 0);
      }
      p += 32;
    }
  }
}

/** Y `[M, N]` = X `[M, K]` · panels + bias `[N]` (0: none). `tile` has room for 48 floats. */
export function multiply(x: usize, panels: usize, bias: usize, y: usize, M: i32, K: i32, N: i32, tile: usize): void {
  const sx = (<usize>K) << 2;
  const sy = (<usize>N) << 2;
  const last = M - 1;
  for (let m = 0; m < M; m += 6) {
    // Rows after the last repeat it: their results overwrite the same values.
    const x0 = x + <usize>m * sx;
    const x1 = x + <usize>min(m + 1, last) * sx;
    const x2 = x + <usize>min(m + 2, last) * sx;
    const x3 = x + <usize>min(m + 3, last) * sx;
    const x4 = x + <usize>min(m + 4, last) * sx;
    const x5 = x + <usize>min(m + 5, last) * sx;
    const z0 = y + <usize>m * sy;
    const z1 = y + <usize>min(m + 1, last) * sy;
    const z2 = y + <usize>min(m + 2, last) * sy;
    const z3 = y + <usize>min(m + 3, last) * sy;
    const z4 = y + <usize>min(m + 4, last) * sy;
    const z5 = y + <usize>min(m + 5, last) * sy;
    let b = panels;
    for (let n = 0; n < N; n += 8) {
      const wide = N - n;
      let a00 = f32x4.splat(0);
      let a01 = a00;
      if (bias != 0) {
        const at = bias + ((<usize>n) << 2);
        if (wide >= 8) {
          a00 = v128.load(at);
          a01 = v128.load(at, 16);
        } else {
          for (let i = 0; i < 8; i++) store<f32>(tile + ((<usize>i) << 2), i < wide ? load<f32>(at + ((<usize>i) << 2)) : 0);
          a00 = v128.load(tile);
          a01 = v128.load(tile, 16);
        }
      }
      let a10 = a00, a20 = a00, a30 = a00, a40 = a00, a50 = a00;
      let a11 = a01, a21 = a01, a31 = a01, a41 = a01, a51 = a01;
      for (let k: usize = 0; k < sx; k += 4) {
        const b0 = v128.load(b);
        const b1 = v128.load(b, 16);
        let s = v128.load32_splat(x0 + k);
        a00 = f32x4.relaxed_madd(s, b0, a00);
        a01 = f32x4.relaxed_madd(s, b1, a01);
        s = v128.load32_splat(x1 + k);
        a10 = f32x4.relaxed_madd(s, b0, a10);
        a11 = f32x4.relaxed_madd(s, b1, a11);
        s = v128.load32_splat(x2 + k);
        a20 = f32x4.relaxed_madd(s, b0, a20);
        a21 = f32x4.relaxed_madd(s, b1, a21);
        s = v128.load32_splat(x3 + k);
        a30 = f32x4.relaxed_madd(s, b0, a30);
        a31 = f32x4.relaxed_madd(s, b1, a31);
        s = v128.load32_splat(x4 + k);
        a40 = f32x4.relaxed_madd(s, b0, a40);
        a41 = f32x4.relaxed_madd(s, b1, a41);
        s = v128.load32_splat(x5 + k);
        a50 = f32x4.relaxed_madd(s, b0, a50);
        a51 = f32x4.relaxed_madd(s, b1, a51);
        b += 32;
      }
      const column = (<usize>n) << 2;
      const y0 = z0 + column;
      const y1 = z1 + column;
      const y2 = z2 + column;
      const y3 = z3 + column;
      const y4 = z4 + column;
      const y5 = z5 + column;
      if (wide >= 8) {
        v128.store(y0, a00);
        v128.store(y0, a01, 16);
        v128.store(y1, a10);
        v128.store(y1, a11, 16);
        v128.store(y2, a20);
        v128.store(y2, a21, 16);
        v128.store(y3, a30);
        v128.store(y3, a31, 16);
        v128.store(y4, a40);
        v128.store(y4, a41, 16);
        v128.store(y5, a50);
        v128.store(y5, a51, 16);
      } else {
        part(y0, a00, a01, wide, tile);
        part(y1, a10, a11, wide, tile);
        part(y2, a20, a21, wide, tile);
        part(y3, a30, a31, wide, tile);
        part(y4, a40, a41, wide, tile);
        part(y5, a50, a51, wide, tile);
      }
    }
  }
}

/** Stores the first `wide` of 8 floats. */
function part(y: usize, low: v128, high: v128, wide: i32, tile: usize): void {
  v128.store(tile, low);
  v128.store(tile, high, 16);
  for (let i = 0; i < wide; i++) store<f32>(y + ((<usize>i) << 2), load<f32>(tile + ((<usize>i) << 2)));
}

const chunk = 256;

/** W `[K, N]` += transpose of X `[M, K]` · D `[M, N]`. */
export function multiplyTransposed(x: usize, d: usize, w: usize, M: i32, K: i32, N: i32): void {
  const sx = (<usize>K) << 2;
  const sd = (<usize>N) << 2;
  const K4 = K & ~3;
  const N8 = N & ~7;
  for (let m = 0; m < M; m += chunk) {
    const rows = min(chunk, M - m);
    const xm = x + <usize>m * sx;
    const dm = d + <usize>m * sd;
    for (let n = 0; n < N8; n += 8) {
      for (let k = 0; k < K4; k += 4) {
        let px = xm + ((<usize>k) << 2);
        let pd = dm + ((<usize>n) << 2);
        let o = w + <usize>k * sd + ((<usize>n) << 2);
        let a00 = v128.load(o);
        let a01 = v128.load(o, 16);
        let a10 = v128.load(o + sd);
        let a11 = v128.load(o + sd, 16);
        let a20 = v128.load(o + 2 * sd);
        let a21 = v128.load(o + 2 * sd, 16);
        let a30 = v128.load(o + 3 * sd);
        let a31 = v128.load(o + 3 * sd, 16);
        for (let i = 0; i < rows; i++) {
          const b0 = v128.load(pd);
          const b1 = v128.load(pd, 16);
          let s = v128.load32_splat(px);
          a00 = f32x4.relaxed_madd(s, b0, a00);
          a01 = f32x4.relaxed_madd(s, b1, a01);
          s = v128.load32_splat(px, 4);
          a10 = f32x4.relaxed_madd(s, b0, a10);
          a11 = f32x4.relaxed_madd(s, b1, a11);
          s = v128.load32_splat(px, 8);
          a20 = f32x4.relaxed_madd(s, b0, a20);
          a21 = f32x4.relaxed_madd(s, b1, a21);
          s = v128.load32_splat(px, 12);
          a30 = f32x4.relaxed_madd(s, b0, a30);
          a31 = f32x4.relaxed_madd(s, b1, a31);
          px += sx;
          pd += sd;
        }
        v128.store(o, a00);
        v128.store(o, a01, 16);
        o += sd;
        v128.store(o, a10);
        v128.store(o, a11, 16);
        o += sd;
        v128.store(o, a20);
        v128.store(o, a21, 16);
        o += sd;
        v128.store(o, a30);
        v128.store(o, a31, 16);
      }
    }
    for (let k = K4; k < K; k++) {
      for (let n = 0; n < N8; n += 4) row4(xm + ((<usize>k) << 2), dm + ((<usize>n) << 2), w + <usize>k * sd + ((<usize>n) << 2), rows, sx, sd);
    }
    const N4 = N & ~3;
    for (let k = 0; k < K; k++) {
      const from = xm + ((<usize>k) << 2);
      for (let n = N8; n < N4; n += 4) row4(from, dm + ((<usize>n) << 2), w + <usize>k * sd + ((<usize>n) << 2), rows, sx, sd);
      for (let n = N4; n < N; n++) {
        const o = w + <usize>k * sd + ((<usize>n) << 2);
        let sum = load<f32>(o);
        for (let i = 0; i < rows; i++) sum += load<f32>(from + <usize>i * sx) * load<f32>(dm + <usize>i * sd + ((<usize>n) << 2));
        store<f32>(o, sum);
      }
    }
  }
}

/** o[0..3] += Σ over rows x · d[0..3]. */
function row4(x: usize, d: usize, o: usize, rows: i32, sx: usize, sd: usize): void {
  let a = v128.load(o);
  let b = f32x4.splat(0);
  let i = 1;
  for (; i < rows; i += 2) {
    a = f32x4.relaxed_madd(v128.load32_splat(x), v128.load(d), a);
    b = f32x4.relaxed_madd(v128.load32_splat(x + sx), v128.load(d + sd), b);
    x += 2 * sx;
    d += 2 * sd;
  }
  if (i == rows) a = f32x4.relaxed_madd(v128.load32_splat(x), v128.load(d), a);
  v128.store(o, f32x4.add(a, b));
}

/** The SAME windows of a picture as rows `[N · OH · OW, K · K · C]`, zeros outside. */
export function windows(
  x: usize, columns: usize, N: i32, H: i32, W: i32, C: i32, OH: i32, OW: i32, K: i32, S: i32, top: i32, left: i32,
): void {
  const cell = (<usize>C) << 2;
  let to = columns;
  for (let n = 0; n < N; n++) for (let oy = 0; oy < OH; oy++) for (let ox = 0; ox < OW; ox++) {
    const start = ox * S - left;
    const before = <usize>max(0, -start) * cell;
    const within = <usize>(min(W, start + K) - max(0, start)) * cell;
    for (let ky = 0; ky < K; ky++) {
      const iy = oy * S - top + ky;
      const end = to + <usize>K * cell;
      if (iy >= 0 && iy < H) {
        for (const stop = to + before; to < stop; to += 4) store<f32>(to, 0);
        let from = x + <usize>((n * H + iy) * W + max(0, start)) * cell;
        for (const stop = to + within; to < stop; to += 4) {
          store<f32>(to, load<f32>(from));
          from += 4;
        }
      }
      for (; to < end; to += 4) store<f32>(to, 0);
    }
  }
}

/** Adds rows of windows back to the picture they were taken from: `dx` must be zero before. */
export function windowsBack(
  columns: usize, dx: usize, N: i32, H: i32, W: i32, C: i32, OH: i32, OW: i32, K: i32, S: i32, top: i32, left: i32,
): void {
  const cell = (<usize>C) << 2;
  let from = columns;
  for (let n = 0; n < N; n++) for (let oy = 0; oy < OH; oy++) for (let ox = 0; ox < OW; ox++) {
    for (let ky = 0; ky < K; ky++) for (let kx = 0; kx < K; kx++) {
      const iy = oy * S - top + ky;
      const ix = ox * S - left + kx;
      if (iy >= 0 && iy < H && ix >= 0 && ix < W) {
        const to = dx + <usize>((n * H + iy) * W + ix) * cell;
        for (let c: usize = 0; c < cell; c += 4) store<f32>(to + c, load<f32>(to + c) + load<f32>(from + c));
      }
      from += cell;
    }
  }
}

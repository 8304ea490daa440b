// Products of matrices: pixels are rows, channels are columns. A row takes a multiple of 4 floats; weights lie in panels of
// 8 columns, `[ceil(N / 8)][K][8]`, padded with zeros, as is the bias.
import { act, hardSwish, hardSwish4, madd, none, relu6, relu64} from "./arithmetic";
import { half, number, one, six, sixth } from "../numbers";

/** Rows of a tile: as many as its sums, and what they are made of, find registers for. */
const tall: usize = ASC_FEATURE_RELAXED_SIMD ? 6 : 5;
const hasSix = ASC_FEATURE_RELAXED_SIMD;

/** Bytes of rows that stay in the first cache while all panels pass them. */
const blockBytes: usize = 16384;

/** y `[M, N]` = f(x `[M, K]` · panels + bias) + skip `[M, N]` (0: none); `kind` is a cheap activation. */
export function multiply(
  x: usize, panels: usize, bias: usize, skip: usize, y: usize, M: i32, K: i32, N: i32, kind: i32,
): void {
  const sx = ((<usize>K + 3) & ~3) << 2;
  const sy = ((<usize>N + 3) & ~3) << 2;
  const block = <i32>max(tall, blockBytes / sx / tall * tall);
  for (let m = 0; m < M; m += block) {
    const rows = min(block, M - m);
    const at = <usize>m * sy;
    let b = panels;
    for (let n: usize = 0; n < sy; n += 32) {
      panel(x + <usize>m * sx, b, bias + n, skip != 0 ? skip + at + n : 0, y + at + n, rows, <usize>K << 2, sx, sy, n + 32 <= sy, kind);
      b += <usize>K << 5;
    }
  }
}

/** 8 columns (4, unless `wide`) of some rows. */
function panel(
  x: usize, panels: usize, bias: usize, skip: usize, y: usize, M: i32, depth: usize, sx: usize, sy: usize, wide: bool, kind: i32,
): void {
  let o1: usize = sx, o2: usize = 2 * sx, o3: usize = 3 * sx, o4: usize = 4 * sx, o5: usize = 5 * sx;
  let p1: usize = sy, p2: usize = 2 * sy, p3: usize = 3 * sy, p4: usize = 4 * sy, p5: usize = 5 * sy;
  for (; M > 0; M -= <i32>tall) {
    if (M < <i32>tall) {
      // Rows beyond the last repeat it: what they compute is stored over the same values.
      const last = <usize>M - 1;
      o1 = min(1, last) * sx;
      o2 = min(2, last) * sx;
      o3 = min(3, last) * sx;
      o4 = min(4, last) * sx;
      o5 = min(5, last) * sx;
      p1 = min(1, last) * sy;
      p2 = min(2, last) * sy;
      p3 = min(3, last) * sy;
      p4 = min(4, last) * sy;
      p5 = min(5, last) * sy;
    }
    const x1 = x + o1, x2 = x + o2, x3 = x + o3, x4 = x + o4, x5 = x + o5;
    let b = panels;
    let a00 = v128.load(bias);
    let a01 = v128.load(bias, 16);
    let a10 = a00, a20 = a00, a30 = a00, a40 = a00, a50 = a00;
    let a11 = a01, a21 = a01, a31 = a01, a41 = a01, a51 = a01;
    for (let k: usize = 0; k < depth; k += 4) {
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      let s = v128.load32_splat(x + k);
      a00 = madd(s, b0, a00);
      a01 = madd(s, b1, a01);
      s = v128.load32_splat(x1 + k);
      a10 = madd(s, b0, a10);
      a11 = madd(s, b1, a11);
      s = v128.load32_splat(x2 + k);
      a20 = madd(s, b0, a20);
      a21 = madd(s, b1, a21);
      s = v128.load32_splat(x3 + k);
      a30 = madd(s, b0, a30);
      a31 = madd(s, b1, a31);
      s = v128.load32_splat(x4 + k);
      a40 = madd(s, b0, a40);
      a41 = madd(s, b1, a41);
      if (hasSix) s = v128.load32_splat(x5 + k);
      if (hasSix) a50 = madd(s, b0, a50);
      if (hasSix) a51 = madd(s, b1, a51);
      b += 32;
    }
    if (kind == hardSwish) {
      const c6 = number(sixth), c2 = number(half), c1 = number(one);
      a00 = hardSwish4(a00, c6, c2, c1);
      a01 = hardSwish4(a01, c6, c2, c1);
      a10 = hardSwish4(a10, c6, c2, c1);
      a11 = hardSwish4(a11, c6, c2, c1);
      a20 = hardSwish4(a20, c6, c2, c1);
      a21 = hardSwish4(a21, c6, c2, c1);
      a30 = hardSwish4(a30, c6, c2, c1);
      a31 = hardSwish4(a31, c6, c2, c1);
      a40 = hardSwish4(a40, c6, c2, c1);
      a41 = hardSwish4(a41, c6, c2, c1);
      if (hasSix) a50 = hardSwish4(a50, c6, c2, c1);
      if (hasSix) a51 = hardSwish4(a51, c6, c2, c1);
    } else if (kind == relu6) {
      const c6 = number(six);
      a00 = relu64(a00, c6);
      a01 = relu64(a01, c6);
      a10 = relu64(a10, c6);
      a11 = relu64(a11, c6);
      a20 = relu64(a20, c6);
      a21 = relu64(a21, c6);
      a30 = relu64(a30, c6);
      a31 = relu64(a31, c6);
      a40 = relu64(a40, c6);
      a41 = relu64(a41, c6);
      if (hasSix) a50 = relu64(a50, c6);
      if (hasSix) a51 = relu64(a51, c6);
    }
    if (skip != 0) {
      a00 = f32x4.add(a00, v128.load(skip));
      a10 = f32x4.add(a10, v128.load(skip + p1));
      a20 = f32x4.add(a20, v128.load(skip + p2));
      a30 = f32x4.add(a30, v128.load(skip + p3));
      a40 = f32x4.add(a40, v128.load(skip + p4));
      if (hasSix) a50 = f32x4.add(a50, v128.load(skip + p5));
      if (wide) {
        a01 = f32x4.add(a01, v128.load(skip, 16));
        a11 = f32x4.add(a11, v128.load(skip + p1, 16));
        a21 = f32x4.add(a21, v128.load(skip + p2, 16));
        a31 = f32x4.add(a31, v128.load(skip + p3, 16));
        a41 = f32x4.add(a41, v128.load(skip + p4, 16));
        if (hasSix) a51 = f32x4.add(a51, v128.load(skip + p5, 16));
      }
      skip += tall * sy;
    }
    v128.store(y, a00);
    v128.store(y + p1, a10);
    v128.store(y + p2, a20);
    v128.store(y + p3, a30);
    v128.store(y + p4, a40);
    if (hasSix) v128.store(y + p5, a50);
    if (wide) {
      v128.store(y, a01, 16);
      v128.store(y + p1, a11, 16);
      v128.store(y + p2, a21, 16);
      v128.store(y + p3, a31, 16);
      v128.store(y + p4, a41, 16);
      if (hasSix) v128.store(y + p5, a51, 16);
    }
    x += tall * sx;
    y += tall * sy;
  }
}

/** y `[N]` = f(x `[K]` · panels + bias): four panels at a time, so that memory is the limit. */
export function vector(x: usize, panels: usize, bias: usize, y: usize, K: i32, N: i32, kind: i32): void {
  const depth = <usize>K << 2;
  const step = <usize>K << 5;
  const end = ((<usize>N + 3) & ~3) << 2;
  let n: usize = 0;
  for (; n + 128 <= end; n += 128) {
    let b0 = panels, b1 = b0 + step, b2 = b1 + step, b3 = b2 + step;
    panels = b3 + step;
    let a00 = v128.load(bias + n), a01 = v128.load(bias + n, 16), a10 = v128.load(bias + n, 32), a11 = v128.load(bias + n, 48);
    let a20 = v128.load(bias + n, 64), a21 = v128.load(bias + n, 80), a30 = v128.load(bias + n, 96), a31 = v128.load(bias + n, 112);
    for (let k: usize = 0; k < depth; k += 4) {
      const s = v128.load32_splat(x + k);
      a00 = madd(s, v128.load(b0), a00);
      a01 = madd(s, v128.load(b0, 16), a01);
      a10 = madd(s, v128.load(b1), a10);
      a11 = madd(s, v128.load(b1, 16), a11);
      a20 = madd(s, v128.load(b2), a20);
      a21 = madd(s, v128.load(b2, 16), a21);
      a30 = madd(s, v128.load(b3), a30);
      a31 = madd(s, v128.load(b3, 16), a31);
      b0 += 32;
      b1 += 32;
      b2 += 32;
      b3 += 32;
    }
    const o = y + n;
    v128.store(o, a00);
    v128.store(o, a01, 16);
    v128.store(o, a10, 32);
    v128.store(o, a11, 48);
    v128.store(o, a20, 64);
    v128.store(o, a21, 80);
    v128.store(o, a30, 96);
    v128.store(o, a31, 112);
  }
  for (; n < end; n += 32) {
    let a0 = v128.load(bias + n), a1 = v128.load(bias + n, 16);
    let c0 = f32x4.splat(0), c1 = c0;
    let k: usize = 0;
    for (; k + 8 <= depth; k += 8) {
      let s = v128.load32_splat(x + k);
      a0 = madd(s, v128.load(panels), a0);
      a1 = madd(s, v128.load(panels, 16), a1);
      s = v128.load32_splat(x + k, 4);
      c0 = madd(s, v128.load(panels, 32), c0);
      c1 = madd(s, v128.load(panels, 48), c1);
      panels += 64;
    }
    if (k < depth) {
      const s = v128.load32_splat(x + k);
      a0 = madd(s, v128.load(panels), a0);
      a1 = madd(s, v128.load(panels, 16), a1);
      panels += 32;
    }
    v128.store(y + n, f32x4.add(a0, c0));
    if (n + 32 <= end) v128.store(y + n, f32x4.add(a1, c1), 16);
  }
  if (kind != none) for (let i: usize = 0; i < end; i += 16) v128.store(y + i, act(kind, v128.load(y + i)));
}

/** Panels whose row k is taken times g[k]. */
export function scalePanels(panels: usize, g: usize, out: usize, K: i32, N: i32): void {
  const depth = <usize>K << 2;
  for (let n = 0; n < N; n += 8) {
    for (let k: usize = 0; k < depth; k += 4) {
      const s = v128.load32_splat(g + k);
      v128.store(out, f32x4.mul(v128.load(panels), s));
      v128.store(out, f32x4.mul(v128.load(panels, 16), s), 16);
      panels += 32;
      out += 32;
    }
  }
}

/** Copies rows B `[K, N]` into panels that lie `stride` bytes apart. */
export function pack(b: usize, first: usize, K: i32, N: i32, stride: usize): void {
  const row = <usize>N << 2;
  for (let n = 0; n < N; n += 8) {
    const wide = min(8, N - n);
    let from = b + (<usize>n << 2);
    let panels = first + <usize>(n >> 3) * stride;
    for (let k = 0; k < K; k++) {
      if (wide == 8) {
        v128.store(panels, v128.load(from));
        v128.store(panels, v128.load(from, 16), 16);
      } else {
        for (let i = 0; i < 8; i++) store<f32>(panels + (<usize>i << 2), i < wide ? load<f32>(from + (<usize>i << 2)) : 0);
      }
      from += row;
      panels += 32;
    }
  }
}

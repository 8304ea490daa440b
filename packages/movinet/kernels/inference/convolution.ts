// Convolution of any size: a product whose rows are windows of a picture that was copied with a border of zeros. The border
// saves all questions; offsets of a window's floats, the same for each window, save copying the windows.
import { cheap, madd } from "./arithmetic";

/** Copies rows of `bytes` between places where they lie `from` and `pitch` bytes apart. */
export function copyRows(x: usize, y: usize, rows: i32, bytes: usize, from: usize, pitch: usize): void {
  for (let r = 0; r < rows; r++) {
    memory.copy(y, x, bytes);
    x += from;
    y += pitch;
  }
}

/** Copies planes of H rows of `bytes` with borders of zeros: rows above and below, bytes on the left and the right. */
export function pad(x: usize, y: usize, planes: i32, H: i32, bytes: usize, top: i32, bottom: i32, left: usize, right: usize): void {
  const pitch = left + bytes + right;
  for (let n = 0; n < planes; n++) {
    memory.fill(y, 0, <usize>top * pitch);
    y += <usize>top * pitch;
    for (let r = 0; r < H; r++) {
      for (let i: usize = 0; i < left; i += 4) store<f32>(y + i, 0);
      y += left;
      memory.copy(y, x, bytes);
      x += bytes;
      y += bytes;
      for (let i: usize = 0; i < right; i += 4) store<f32>(y + i, 0);
      y += right;
    }
    memory.fill(y, 0, <usize>bottom * pitch);
    y += <usize>bottom * pitch;
  }
}

/**
 * y `[OH, OW, N]` = f(windows · panels + bias). A window's first float lies `stepY` bytes below that of the window above and
 * `stepX` to the right of the one before; `offsets` are those of its K floats, in bytes.
 */
export function convolve(
  x: usize, offsets: usize, panels: usize, bias: usize, y: usize, OH: i32, OW: i32, K: i32, N: i32, stepY: usize, stepX: usize, kind: i32,
): void {
  const sy = ((<usize>N + 3) & ~3) << 2;
  const end = offsets + (<usize>K << 2);
  const last = OW - 1;
  for (let oy = 0; oy < OH; oy++) {
    for (let m = 0; m < OW; m += 6) {
      const x0 = x + <usize>m * stepX;
      const x1 = x + <usize>min(m + 1, last) * stepX;
      const x2 = x + <usize>min(m + 2, last) * stepX;
      const x3 = x + <usize>min(m + 3, last) * stepX;
      const x4 = x + <usize>min(m + 4, last) * stepX;
      const x5 = x + <usize>min(m + 5, last) * stepX;
      let b = panels;
      for (let n: usize = 0; n < sy; n += 32) {
        let a00 = v128.load(bias + n);
        let a01 = v128.load(bias + n, 16);
        let a10 = a00, a20 = a00, a30 = a00, a40 = a00, a50 = a00;
        let a11 = a01, a21 = a01, a31 = a01, a41 = a01, a51 = a01;
        for (let t = offsets; t < end; t += 4) {
          const o = <usize>load<u32>(t);
          const b0 = v128.load(b);
          const b1 = v128.load(b, 16);
          let s = v128.load32_splat(x0 + o);
          a00 = madd(s, b0, a00);
          a01 = madd(s, b1, a01);
          s = v128.load32_splat(x1 + o);
          a10 = madd(s, b0, a10);
          a11 = madd(s, b1, a11);
          s = v128.load32_splat(x2 + o);
          a20 = madd(s, b0, a20);
          a21 = madd(s, b1, a21);
          s = v128.load32_splat(x3 + o);
          a30 = madd(s, b0, a30);
          a31 = madd(s, b1, a31);
          s = v128.load32_splat(x4 + o);
          a40 = madd(s, b0, a40);
          a41 = madd(s, b1, a41);
          s = v128.load32_splat(x5 + o);
          a50 = madd(s, b0, a50);
          a51 = madd(s, b1, a51);
          b += 32;
        }
        const wide = n + 32 <= sy;
        const z = y + n;
        pair(z + <usize>m * sy, a00, a01, wide, kind);
        pair(z + <usize>min(m + 1, last) * sy, a10, a11, wide, kind);
        pair(z + <usize>min(m + 2, last) * sy, a20, a21, wide, kind);
        pair(z + <usize>min(m + 3, last) * sy, a30, a31, wide, kind);
        pair(z + <usize>min(m + 4, last) * sy, a40, a41, wide, kind);
        pair(z + <usize>min(m + 5, last) * sy, a50, a51, wide, kind);
      }
    }
    x += stepY;
    y += <usize>OW * sy;
  }
}

// @ts-ignore: decorator
@inline function pair(y: usize, low: v128, high: v128, wide: bool, kind: i32): void {
  v128.store(y, cheap(kind, low));
  if (wide) v128.store(y, cheap(kind, high), 16);
}

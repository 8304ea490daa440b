// Depthwise convolution of pictures `[H, W, C]`, C a multiple of 4. The rows that a band of output rows sees are copied as
// planes of 4 channels with a border of zeros, so that every window is alike, steps are 16 bytes, and what is in work stays
// in the first cache; 16 channels, a line of the cache, at a time. Weights are `[C / 4][K][K][4]`.
import { cheap, hardSwish, hardSwish4, madd, relu6, relu64} from "./arithmetic";
import { half, number, one, six, sixth } from "../numbers";

/**
 * y = f(x ∗ w + bias + init) (init 0: none; it may be y). A band is of `band` output rows; `copy` has room for
 * `((band − 1) · S + K) · pitch` pixels of 16 channels, where `pitch` is what the windows of a row's strips of 4 pixels see.
 * A pixel takes `cell` bytes, of which C channels are worked on.
 */
export function depthwise(
  x: usize, w: usize, bias: usize, init: usize, y: usize, pictures: i32, H: i32, W: i32, C: i32, OH: i32, OW: i32,
  K: i32, S: i32, top: i32, left: i32, kind: i32, copy: usize, pitch: i32, band: i32, cell: usize,
): void {
  const channels = <usize>C << 2;
  const row = <usize>pitch << 4;
  const weights = <usize>(K * K) << 4;
  const plane = <usize>((band - 1) * S + K) * row;
  memory.fill(copy, 0, 4 * plane);
  for (let n = 0; n < pictures; n++) {
    for (let oy = 0; oy < OH; oy += band) {
      const rows = min(band, OH - oy);
      const first = oy * S - top;
      const seen = (rows - 1) * S + K;
      const above = min(max(0, -first), seen);
      const below = max(above, min(seen, H - first));
      for (let p: usize = 0; p < 4; p++) {
        if (above > 0) memory.fill(copy + p * plane, 0, <usize>above * row);
        if (below < seen) memory.fill(copy + p * plane + <usize>below * row, 0, <usize>(seen - below) * row);
      }
      const source = x + <usize>((first + above) * W) * cell;
      const target = copy + <usize>above * row + (<usize>left << 4);
      const at = <usize>(oy * OW) * cell;
      let taps = w;
      for (let c: usize = 0; c < channels; c += 64) {
        const planes = min(4, (channels - c) >> 4);
        if (planes == 4) spread4(source + c, target, below - above, W, cell, row, plane);
        else for (let p: usize = 0; p < planes; p++) spread(source + c + (p << 4), target + p * plane, below - above, W, cell, row);
        for (let p: usize = 0; p < planes; p++) {
          const o = c + (p << 4);
          const from = copy + p * plane;
          const to = y + at + o;
          const start = init != 0 ? init + at + o : 0;
          if (K == 3 && S == 1) lines31(from, row, taps, bias + o, start, to, rows, OW, cell, kind);
          else if (K == 3 && S == 2) lines32(from, row, taps, bias + o, start, to, rows, OW, cell, kind);
          else if (K == 5 && S == 1) lines51(from, row, taps, bias + o, start, to, rows, OW, cell, kind);
          else if (K == 5 && S == 2) lines52(from, row, taps, bias + o, start, to, rows, OW, cell, kind);
          else lines(from, row, taps, bias + o, start, to, rows, OW, cell, K, S, kind);
          taps += weights;
        }
      }
    }
    const picture = <usize>(OH * OW) * cell;
    y += picture;
    if (init != 0) init += picture;
    x += <usize>(H * W) * cell;
  }
}

/** 4 channels of some rows. */
function spread(x: usize, to: usize, rows: i32, W: i32, cell: usize, row: usize): void {
  for (let r = 0; r < rows; r++) {
    const end = to + (<usize>W << 4);
    for (let o = to; o < end; o += 16) {
      v128.store(o, v128.load(x));
      x += cell;
    }
    to += row;
  }
}

/** 16 channels of some rows, to four planes. */
function spread4(x: usize, to: usize, rows: i32, W: i32, cell: usize, row: usize, plane: usize): void {
  for (let r = 0; r < rows; r++) {
    const end = to + (<usize>W << 4);
    for (let o = to; o < end; o += 16) {
      v128.store(o, v128.load(x));
      v128.store(o + plane, v128.load(x, 16));
      v128.store(o + 2 * plane, v128.load(x, 32));
      v128.store(o + 3 * plane, v128.load(x, 48));
      x += cell;
    }
    to += row;
  }
}

/** Stores 4 pixels, or as many as there are; what is `ahead` bytes further is added where it `adds`. */
// @ts-ignore: decorator
@inline function store4(
  y: usize, adds: bool, ahead: usize, cell: usize, count: i32, kind: i32, a0: v128, a1: v128, a2: v128, a3: v128,
): void {
  if (adds) {
    const init = y + ahead;
    a0 = f32x4.add(a0, v128.load(init));
    if (count > 1) a1 = f32x4.add(a1, v128.load(init + cell));
    if (count > 2) a2 = f32x4.add(a2, v128.load(init + 2 * cell));
    if (count > 3) a3 = f32x4.add(a3, v128.load(init + 3 * cell));
  }
  if (kind == hardSwish) {
    const c6 = number(sixth), c2 = number(half), c1 = number(one);
    a0 = hardSwish4(a0, c6, c2, c1);
    a1 = hardSwish4(a1, c6, c2, c1);
    a2 = hardSwish4(a2, c6, c2, c1);
    a3 = hardSwish4(a3, c6, c2, c1);
  } else if (kind == relu6) {
    const c6 = number(six);
    a0 = relu64(a0, c6);
    a1 = relu64(a1, c6);
    a2 = relu64(a2, c6);
    a3 = relu64(a3, c6);
  }
  v128.store(y, a0);
  if (count > 3) {
    v128.store(y + cell, a1);
    v128.store(y + 2 * cell, a2);
    v128.store(y + 3 * cell, a3);
  } else {
    if (count > 1) v128.store(y + cell, a1);
    if (count > 2) v128.store(y + 2 * cell, a2);
  }
}

// @ts-ignore: decorator
@inline function strip31(p: usize, row: usize, w: usize, bias: usize, adds: bool, ahead: usize, y: usize, cell: usize, count: i32, kind: i32): void {
  let a0 = v128.load(bias), a1 = a0, a2 = a0, a3 = a0;
  const end = w + 144;
  for (let t = w; t < end; t += 48) {
    const w0 = v128.load(t), w1 = v128.load(t, 16), w2 = v128.load(t, 32);
    a0 = madd(v128.load(p), w0, a0);
    let x = v128.load(p, 16);
    a0 = madd(x, w1, a0);
    a1 = madd(x, w0, a1);
    x = v128.load(p, 32);
    a0 = madd(x, w2, a0);
    a1 = madd(x, w1, a1);
    a2 = madd(x, w0, a2);
    x = v128.load(p, 48);
    a1 = madd(x, w2, a1);
    a2 = madd(x, w1, a2);
    a3 = madd(x, w0, a3);
    x = v128.load(p, 64);
    a2 = madd(x, w2, a2);
    a3 = madd(x, w1, a3);
    a3 = madd(v128.load(p, 80), w2, a3);
    p += row;
  }
  store4(y, adds, ahead, cell, count, kind, a0, a1, a2, a3);
}

// @ts-ignore: decorator
@inline function strip32(p: usize, row: usize, w: usize, bias: usize, adds: bool, ahead: usize, y: usize, cell: usize, count: i32, kind: i32): void {
  let a0 = v128.load(bias), a1 = a0, a2 = a0, a3 = a0;
  const end = w + 144;
  for (let t = w; t < end; t += 48) {
    const w0 = v128.load(t), w1 = v128.load(t, 16), w2 = v128.load(t, 32);
    a0 = madd(v128.load(p), w0, a0);
    a0 = madd(v128.load(p, 16), w1, a0);
    let x = v128.load(p, 32);
    a0 = madd(x, w2, a0);
    a1 = madd(x, w0, a1);
    a1 = madd(v128.load(p, 48), w1, a1);
    x = v128.load(p, 64);
    a1 = madd(x, w2, a1);
    a2 = madd(x, w0, a2);
    a2 = madd(v128.load(p, 80), w1, a2);
    x = v128.load(p, 96);
    a2 = madd(x, w2, a2);
    a3 = madd(x, w0, a3);
    a3 = madd(v128.load(p, 112), w1, a3);
    a3 = madd(v128.load(p, 128), w2, a3);
    p += row;
  }
  store4(y, adds, ahead, cell, count, kind, a0, a1, a2, a3);
}

// @ts-ignore: decorator
@inline function strip51(p: usize, row: usize, w: usize, bias: usize, adds: bool, ahead: usize, y: usize, cell: usize, count: i32, kind: i32): void {
  let a0 = v128.load(bias), a1 = a0, a2 = a0, a3 = a0;
  const end = w + 400;
  for (let t = w; t < end; t += 80) {
    const w0 = v128.load(t), w1 = v128.load(t, 16), w2 = v128.load(t, 32), w3 = v128.load(t, 48), w4 = v128.load(t, 64);
    a0 = madd(v128.load(p), w0, a0);
    let x = v128.load(p, 16);
    a0 = madd(x, w1, a0);
    a1 = madd(x, w0, a1);
    x = v128.load(p, 32);
    a0 = madd(x, w2, a0);
    a1 = madd(x, w1, a1);
    a2 = madd(x, w0, a2);
    x = v128.load(p, 48);
    a0 = madd(x, w3, a0);
    a1 = madd(x, w2, a1);
    a2 = madd(x, w1, a2);
    a3 = madd(x, w0, a3);
    x = v128.load(p, 64);
    a0 = madd(x, w4, a0);
    a1 = madd(x, w3, a1);
    a2 = madd(x, w2, a2);
    a3 = madd(x, w1, a3);
    x = v128.load(p, 80);
    a1 = madd(x, w4, a1);
    a2 = madd(x, w3, a2);
    a3 = madd(x, w2, a3);
    x = v128.load(p, 96);
    a2 = madd(x, w4, a2);
    a3 = madd(x, w3, a3);
    a3 = madd(v128.load(p, 112), w4, a3);
    p += row;
  }
  store4(y, adds, ahead, cell, count, kind, a0, a1, a2, a3);
}

// @ts-ignore: decorator
@inline function strip52(p: usize, row: usize, w: usize, bias: usize, adds: bool, ahead: usize, y: usize, cell: usize, count: i32, kind: i32): void {
  let a0 = v128.load(bias), a1 = a0, a2 = a0, a3 = a0;
  const end = w + 400;
  for (let t = w; t < end; t += 80) {
    const w0 = v128.load(t), w1 = v128.load(t, 16), w2 = v128.load(t, 32), w3 = v128.load(t, 48), w4 = v128.load(t, 64);
    a0 = madd(v128.load(p), w0, a0);
    a0 = madd(v128.load(p, 16), w1, a0);
    let x = v128.load(p, 32);
    a0 = madd(x, w2, a0);
    a1 = madd(x, w0, a1);
    x = v128.load(p, 48);
    a0 = madd(x, w3, a0);
    a1 = madd(x, w1, a1);
    x = v128.load(p, 64);
    a0 = madd(x, w4, a0);
    a1 = madd(x, w2, a1);
    a2 = madd(x, w0, a2);
    x = v128.load(p, 80);
    a1 = madd(x, w3, a1);
    a2 = madd(x, w1, a2);
    x = v128.load(p, 96);
    a1 = madd(x, w4, a1);
    a2 = madd(x, w2, a2);
    a3 = madd(x, w0, a3);
    x = v128.load(p, 112);
    a2 = madd(x, w3, a2);
    a3 = madd(x, w1, a3);
    x = v128.load(p, 128);
    a2 = madd(x, w4, a2);
    a3 = madd(x, w2, a3);
    a3 = madd(v128.load(p, 144), w3, a3);
    a3 = madd(v128.load(p, 160), w4, a3);
    p += row;
  }
  store4(y, adds, ahead, cell, count, kind, a0, a1, a2, a3);
}

// @ts-ignore: decorator
@inline function strips(
  copy: usize, row: usize, w: usize, bias: usize, init: usize, y: usize, rows: i32, OW: i32, cell: usize, K: i32, S: i32, kind: i32,
): void {
  const adds = init != 0;
  const ahead = init - y;
  for (let r = 0; r < rows; r++) {
    let p = copy;
    let o = y;
    for (let left = OW; left > 0; left -= 4) {
      if (K == 3 && S == 1) strip31(p, row, w, bias, adds, ahead, o, cell, left, kind);
      else if (K == 3) strip32(p, row, w, bias, adds, ahead, o, cell, left, kind);
      else if (S == 1) strip51(p, row, w, bias, adds, ahead, o, cell, left, kind);
      else strip52(p, row, w, bias, adds, ahead, o, cell, left, kind);
      o += 4 * cell;
      p += <usize>S << 6;
    }
    y += <usize>OW * cell;
    copy += <usize>S * row;
  }
}

function lines31(copy: usize, row: usize, w: usize, bias: usize, init: usize, y: usize, rows: i32, OW: i32, cell: usize, kind: i32): void {
  strips(copy, row, w, bias, init, y, rows, OW, cell, 3, 1, kind);
}

function lines32(copy: usize, row: usize, w: usize, bias: usize, init: usize, y: usize, rows: i32, OW: i32, cell: usize, kind: i32): void {
  strips(copy, row, w, bias, init, y, rows, OW, cell, 3, 2, kind);
}

function lines51(copy: usize, row: usize, w: usize, bias: usize, init: usize, y: usize, rows: i32, OW: i32, cell: usize, kind: i32): void {
  strips(copy, row, w, bias, init, y, rows, OW, cell, 5, 1, kind);
}

function lines52(copy: usize, row: usize, w: usize, bias: usize, init: usize, y: usize, rows: i32, OW: i32, cell: usize, kind: i32): void {
  strips(copy, row, w, bias, init, y, rows, OW, cell, 5, 2, kind);
}

/** Any size and stride, a pixel at a time. */
function lines(
  copy: usize, row: usize, w: usize, bias: usize, init: usize, y: usize, rows: i32, OW: i32, cell: usize, K: i32, S: i32, kind: i32,
): void {
  for (let r = 0; r < rows; r++) for (let ox = 0; ox < OW; ox++) {
    let a = v128.load(bias);
    let t = w;
    for (let ky = 0; ky < K; ky++) {
      let p = copy + <usize>(r * S + ky) * row + (<usize>(ox * S) << 4);
      for (let kx = 0; kx < K; kx++) {
        a = madd(v128.load(p), v128.load(t), a);
        p += 16;
        t += 16;
      }
    }
    if (init != 0) {
      a = f32x4.add(a, v128.load(init));
      init += cell;
    }
    v128.store(y, cheap(kind, a));
    y += cell;
  }
}

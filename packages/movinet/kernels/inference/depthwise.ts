// Depthwise convolution of pictures `[H, W, C]`, C a multiple of 4. The K rows that an output row sees lie in a ring, 4
// channels at a time and with a border of zeros, so that every window is alike and a step along a row is 16 bytes. Weights
// are `[C / 4][K][K][4]`.
import { cheap, madd } from "./arithmetic";

/**
 * y = f(x ∗ w + bias + init) (init 0: none; it may be y). The ring has room for `C · K · pitch` floats, where `pitch` is the
 * pixels of a row with its border: at least what the windows of max(4, OW) pixels see.
 */
export function depthwise(
  x: usize, w: usize, bias: usize, init: usize, y: usize, pictures: i32, H: i32, W: i32, C: i32, OH: i32, OW: i32,
  K: i32, S: i32, top: i32, left: i32, kind: i32, ring: usize, pitch: i32,
): void {
  const cell = <usize>C << 2;
  const row = <usize>pitch << 4;
  const block = <usize>K * row;
  const weights = <usize>(K * K) << 4;
  const blocks = C >> 2;
  memory.fill(ring, 0, <usize>blocks * block);
  for (let n = 0; n < pictures; n++) {
    let seen = 0;
    for (let oy = 0; oy < OH; oy++) {
      const first = oy * S;
      for (seen = max(seen, first); seen < first + K; seen++) {
        const iy = seen - top;
        const to = ring + <usize>(seen % K) * row + (<usize>left << 4);
        if (iy >= 0 && iy < H) spread(x + <usize>(iy * W) * cell, to, W, blocks, cell, block);
        else for (let b = 0; b < blocks; b++) memory.fill(to + <usize>b * block, 0, <usize>W << 4);
      }
      const slot = first % K;
      for (let b = 0; b < blocks; b++) {
        const c = <usize>b << 4;
        const from = ring + <usize>b * block;
        const taps = w + <usize>b * weights;
        const start = init != 0 ? init + c : 0;
        if (K == 3 && S == 1) line31(from, slot, row, taps, bias + c, start, y + c, OW, cell, kind);
        else if (K == 3 && S == 2) line32(from, slot, row, taps, bias + c, start, y + c, OW, cell, kind);
        else if (K == 5 && S == 1) line51(from, slot, row, taps, bias + c, start, y + c, OW, cell, kind);
        else if (K == 5 && S == 2) line52(from, slot, row, taps, bias + c, start, y + c, OW, cell, kind);
        else line(from, slot, row, taps, bias + c, start, y + c, OW, cell, K, S, kind);
      }
      y += <usize>OW * cell;
      if (init != 0) init += <usize>OW * cell;
    }
    x += <usize>(H * W) * cell;
  }
}

/** A row of pixels into the blocks of its channels. */
function spread(x: usize, to: usize, W: i32, blocks: i32, cell: usize, block: usize): void {
  for (let b = 0; b < blocks; b++) {
    let from = x + (<usize>b << 4);
    const end = to + (<usize>W << 4);
    for (let o = to; o < end; o += 16) {
      v128.store(o, v128.load(from));
      from += cell;
    }
    to += block;
  }
}

/** Stores 4 pixels, or as many as there are. */
// @ts-ignore: decorator
@inline function store4(y: usize, init: usize, cell: usize, count: i32, kind: i32, a0: v128, a1: v128, a2: v128, a3: v128): void {
  if (init != 0) {
    a0 = f32x4.add(a0, v128.load(init));
    if (count > 1) a1 = f32x4.add(a1, v128.load(init + cell));
    if (count > 2) a2 = f32x4.add(a2, v128.load(init + 2 * cell));
    if (count > 3) a3 = f32x4.add(a3, v128.load(init + 3 * cell));
  }
  v128.store(y, cheap(kind, a0));
  if (count > 1) v128.store(y + cell, cheap(kind, a1));
  if (count > 2) v128.store(y + 2 * cell, cheap(kind, a2));
  if (count > 3) v128.store(y + 3 * cell, cheap(kind, a3));
}

function line31(ring: usize, slot: i32, row: usize, w: usize, bias: usize, init: usize, y: usize, OW: i32, cell: usize, kind: i32): void {
  for (let ox = 0; ox < OW; ox += 4) {
    let a0 = v128.load(bias), a1 = a0, a2 = a0, a3 = a0;
    let p = ring + <usize>slot * row + (<usize>ox << 4);
    const turn = p + <usize>(3 - slot) * row;
    const end = w + 144;
    for (let t = w; t < end; t += 48) {
      const w0 = v128.load(t), w1 = v128.load(t, 16), w2 = v128.load(t, 32);
      let x = v128.load(p);
      a0 = madd(x, w0, a0);
      x = v128.load(p, 16);
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
      x = v128.load(p, 80);
      a3 = madd(x, w2, a3);
      p += row;
      if (p == turn) p -= 3 * row;
    }
    const o = <usize>ox * cell;
    store4(y + o, init != 0 ? init + o : 0, cell, OW - ox, kind, a0, a1, a2, a3);
  }
}

function line32(ring: usize, slot: i32, row: usize, w: usize, bias: usize, init: usize, y: usize, OW: i32, cell: usize, kind: i32): void {
  for (let ox = 0; ox < OW; ox += 4) {
    let a0 = v128.load(bias), a1 = a0, a2 = a0, a3 = a0;
    let p = ring + <usize>slot * row + (<usize>ox << 5);
    const turn = p + <usize>(3 - slot) * row;
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
      if (p == turn) p -= 3 * row;
    }
    const o = <usize>ox * cell;
    store4(y + o, init != 0 ? init + o : 0, cell, OW - ox, kind, a0, a1, a2, a3);
  }
}

function line51(ring: usize, slot: i32, row: usize, w: usize, bias: usize, init: usize, y: usize, OW: i32, cell: usize, kind: i32): void {
  for (let ox = 0; ox < OW; ox += 4) {
    let a0 = v128.load(bias), a1 = a0, a2 = a0, a3 = a0;
    let p = ring + <usize>slot * row + (<usize>ox << 4);
    const turn = p + <usize>(5 - slot) * row;
    const end = w + 400;
    for (let t = w; t < end; t += 80) {
      const w0 = v128.load(t), w1 = v128.load(t, 16), w2 = v128.load(t, 32), w3 = v128.load(t, 48), w4 = v128.load(t, 64);
      let x = v128.load(p);
      a0 = madd(x, w0, a0);
      x = v128.load(p, 16);
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
      x = v128.load(p, 112);
      a3 = madd(x, w4, a3);
      p += row;
      if (p == turn) p -= 5 * row;
    }
    const o = <usize>ox * cell;
    store4(y + o, init != 0 ? init + o : 0, cell, OW - ox, kind, a0, a1, a2, a3);
  }
}

function line52(ring: usize, slot: i32, row: usize, w: usize, bias: usize, init: usize, y: usize, OW: i32, cell: usize, kind: i32): void {
  for (let ox = 0; ox < OW; ox += 4) {
    let a0 = v128.load(bias), a1 = a0, a2 = a0, a3 = a0;
    let p = ring + <usize>slot * row + (<usize>ox << 5);
    const turn = p + <usize>(5 - slot) * row;
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
      if (p == turn) p -= 5 * row;
    }
    const o = <usize>ox * cell;
    store4(y + o, init != 0 ? init + o : 0, cell, OW - ox, kind, a0, a1, a2, a3);
  }
}

/** Any size and stride, a pixel at a time. */
function line(
  ring: usize, slot: i32, row: usize, w: usize, bias: usize, init: usize, y: usize, OW: i32, cell: usize, K: i32, S: i32, kind: i32,
): void {
  for (let ox = 0; ox < OW; ox++) {
    let a = v128.load(bias);
    let t = w;
    for (let ky = 0; ky < K; ky++) {
      let p = ring + <usize>((slot + ky) % K) * row + (<usize>(ox * S) << 4);
      for (let kx = 0; kx < K; kx++) {
        a = madd(v128.load(p), v128.load(t), a);
        p += 16;
        t += 16;
      }
    }
    const o = <usize>ox * cell;
    if (init != 0) a = f32x4.add(a, v128.load(init + o));
    v128.store(y + o, cheap(kind, a));
  }
}

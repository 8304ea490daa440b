// Convolution over time: a weighted sum of frames, each at a place of its own.
import { cheap, madd } from "./arithmetic";

/** Bytes of all frames and of what is made of them that are in work at once, so that they stay in the first cache. */
const tileBytes: usize = 16384;

/**
 * y `[pixels, C]` = f(Σ frames · w + bias); `frames` are `count` addresses, each followed by that of its weights `[C]`.
 * C is a multiple of 4.
 */
export function temporal(frames: usize, count: i32, bias: usize, y: usize, pixels: i32, C: i32, kind: i32): void {
  const cell = <usize>C << 2;
  const tile = max(8, <i32>(tileBytes / (cell * <usize>(count + 1))));
  for (let m = 0; m < pixels; m += tile) {
    const rows = min(tile, pixels - m);
    const at = <usize>m * cell;
    for (let c: usize = 0; c < cell; c += 16) {
      const o = at + c;
      if (count == 3) sum3(frames, bias + c, y + o, o, c, rows, cell, kind);
      else if (count == 5) sum5(frames, bias + c, y + o, o, c, rows, cell, kind);
      else sum(frames, count, bias + c, y + o, o, c, rows, cell, kind);
    }
  }
}

function sum3(frames: usize, bias: usize, y: usize, at: usize, c: usize, rows: i32, cell: usize, kind: i32): void {
  let x0 = <usize>load<u32>(frames) + at, x1 = <usize>load<u32>(frames, 8) + at, x2 = <usize>load<u32>(frames, 16) + at;
  const w0 = v128.load(<usize>load<u32>(frames, 4) + c);
  const w1 = v128.load(<usize>load<u32>(frames, 12) + c);
  const w2 = v128.load(<usize>load<u32>(frames, 20) + c);
  const b = v128.load(bias);
  for (let r = 0; r < rows; r++) {
    let a = madd(v128.load(x0), w0, b);
    a = madd(v128.load(x1), w1, a);
    a = madd(v128.load(x2), w2, a);
    v128.store(y, cheap(kind, a));
    x0 += cell;
    x1 += cell;
    x2 += cell;
    y += cell;
  }
}

function sum5(frames: usize, bias: usize, y: usize, at: usize, c: usize, rows: i32, cell: usize, kind: i32): void {
  let x0 = <usize>load<u32>(frames) + at, x1 = <usize>load<u32>(frames, 8) + at, x2 = <usize>load<u32>(frames, 16) + at;
  let x3 = <usize>load<u32>(frames, 24) + at, x4 = <usize>load<u32>(frames, 32) + at;
  const w0 = v128.load(<usize>load<u32>(frames, 4) + c);
  const w1 = v128.load(<usize>load<u32>(frames, 12) + c);
  const w2 = v128.load(<usize>load<u32>(frames, 20) + c);
  const w3 = v128.load(<usize>load<u32>(frames, 28) + c);
  const w4 = v128.load(<usize>load<u32>(frames, 36) + c);
  const b = v128.load(bias);
  for (let r = 0; r < rows; r++) {
    let a = madd(v128.load(x0), w0, b);
    a = madd(v128.load(x1), w1, a);
    a = madd(v128.load(x2), w2, a);
    a = madd(v128.load(x3), w3, a);
    a = madd(v128.load(x4), w4, a);
    v128.store(y, cheap(kind, a));
    x0 += cell;
    x1 += cell;
    x2 += cell;
    x3 += cell;
    x4 += cell;
    y += cell;
  }
}

function sum(frames: usize, count: i32, bias: usize, y: usize, at: usize, c: usize, rows: i32, cell: usize, kind: i32): void {
  const end = frames + (<usize>count << 3);
  const b = v128.load(bias);
  for (let r = 0; r < rows; r++) {
    let a = b;
    for (let t = frames; t < end; t += 8) {
      a = madd(v128.load(<usize>load<u32>(t) + at), v128.load(<usize>load<u32>(t, 4) + c), a);
    }
    v128.store(y, cheap(kind, a));
    at += cell;
    y += cell;
  }
}

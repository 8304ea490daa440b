// Convolution over time: a weighted sum of frames, each at a place of its own.
import { cheap, madd } from "./arithmetic";

/**
 * y `[pixels, C]` = f(Σ frames · w + bias); `frames` are `count` addresses, each followed by that of its weights `[C]`.
 * C is a multiple of 4. Pixel by pixel: each frame is one stream from memory.
 */
export function temporal(frames: usize, count: i32, bias: usize, y: usize, pixels: i32, C: i32, kind: i32): void {
  const cell = <usize>C << 2;
  if (count == 3) sum3(frames, bias, y, pixels, cell, kind);
  else if (count == 5) sum5(frames, bias, y, pixels, cell, kind);
  else sum(frames, frames + (<usize>count << 3), bias, y, pixels, cell, kind);
}

function sum3(frames: usize, bias: usize, y: usize, pixels: i32, cell: usize, kind: i32): void {
  let x0 = <usize>load<u32>(frames), x1 = <usize>load<u32>(frames, 8), x2 = <usize>load<u32>(frames, 16);
  const w0 = <usize>load<u32>(frames, 4), w1 = <usize>load<u32>(frames, 12), w2 = <usize>load<u32>(frames, 20);
  for (let m = 0; m < pixels; m++) {
    for (let c: usize = 0; c < cell; c += 16) {
      let a = madd(v128.load(x0 + c), v128.load(w0 + c), v128.load(bias + c));
      a = madd(v128.load(x1 + c), v128.load(w1 + c), a);
      a = madd(v128.load(x2 + c), v128.load(w2 + c), a);
      v128.store(y + c, cheap(kind, a));
    }
    x0 += cell;
    x1 += cell;
    x2 += cell;
    y += cell;
  }
}

function sum5(frames: usize, bias: usize, y: usize, pixels: i32, cell: usize, kind: i32): void {
  let x0 = <usize>load<u32>(frames), x1 = <usize>load<u32>(frames, 8), x2 = <usize>load<u32>(frames, 16);
  let x3 = <usize>load<u32>(frames, 24), x4 = <usize>load<u32>(frames, 32);
  const w0 = <usize>load<u32>(frames, 4), w1 = <usize>load<u32>(frames, 12), w2 = <usize>load<u32>(frames, 20);
  const w3 = <usize>load<u32>(frames, 28), w4 = <usize>load<u32>(frames, 36);
  for (let m = 0; m < pixels; m++) {
    for (let c: usize = 0; c < cell; c += 16) {
      let a = madd(v128.load(x0 + c), v128.load(w0 + c), v128.load(bias + c));
      a = madd(v128.load(x1 + c), v128.load(w1 + c), a);
      a = madd(v128.load(x2 + c), v128.load(w2 + c), a);
      a = madd(v128.load(x3 + c), v128.load(w3 + c), a);
      a = madd(v128.load(x4 + c), v128.load(w4 + c), a);
      v128.store(y + c, cheap(kind, a));
    }
    x0 += cell;
    x1 += cell;
    x2 += cell;
    x3 += cell;
    x4 += cell;
    y += cell;
  }
}

function sum(frames: usize, end: usize, bias: usize, y: usize, pixels: i32, cell: usize, kind: i32): void {
  for (let at: usize = 0; at < <usize>pixels * cell; at += cell) {
    for (let c: usize = 0; c < cell; c += 16) {
      let a = v128.load(bias + c);
      for (let t = frames; t < end; t += 8) {
        a = madd(v128.load(<usize>load<u32>(t) + at + c), v128.load(<usize>load<u32>(t, 4) + c), a);
      }
      v128.store(y + at + c, cheap(kind, a));
    }
  }
}

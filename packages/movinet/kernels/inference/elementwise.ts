// Work on each number by itself. Pictures are `[H, W, C]` with C a multiple of 4; counts are numbers of floats.
import { act, hardSigmoidA, hardSigmoidB, hardSwish, logistic, relu6, swish } from "./arithmetic";

// @ts-ignore: decorator
@inline function loop(kind: i32, x: usize, y: usize, end: usize): void {
  for (let i: usize = 0; i < end; i += 16) v128.store(y + i, act(kind, v128.load(x + i)));
}

/** y = f(x); y may be x. */
export function activation(x: usize, y: usize, count: i32, kind: i32): void {
  const end = <usize>count << 2;
  if (kind == relu6) loop(relu6, x, y, end);
  else if (kind == hardSwish) loop(hardSwish, x, y, end);
  else if (kind == swish) loop(swish, x, y, end);
  else if (kind == logistic) loop(logistic, x, y, end);
  else if (kind == hardSigmoidA) loop(hardSigmoidA, x, y, end);
  else loop(hardSigmoidB, x, y, end);
}

export function add(a: usize, b: usize, y: usize, count: i32): void {
  const end = <usize>count << 2;
  for (let i: usize = 0; i < end; i += 16) v128.store(y + i, f32x4.add(v128.load(a + i), v128.load(b + i)));
}

/** y = x · the number at `factor`. */
export function scale(x: usize, factor: usize, y: usize, count: i32): void {
  const end = <usize>count << 2;
  const f = v128.load32_splat(factor);
  for (let i: usize = 0; i < end; i += 16) v128.store(y + i, f32x4.mul(v128.load(x + i), f));
}

/** y = a · b, where a step along a side of b is so many bytes: 0 where b is broadcast. `channel` says whether it has a's channels. */
export function product(
  a: usize, b: usize, y: usize, N: i32, H: i32, W: i32, C: i32, stepN: usize, stepH: usize, stepW: usize, channel: i32,
): void {
  const cell = <usize>C << 2;
  for (let n = 0; n < N; n++) for (let h = 0; h < H; h++) {
    let from = b + <usize>n * stepN + <usize>h * stepH;
    for (let w = 0; w < W; w++) {
      if (channel) {
        for (let c: usize = 0; c < cell; c += 16) v128.store(y + c, f32x4.mul(v128.load(a + c), v128.load(from + c)));
      } else {
        const f = v128.load32_splat(from);
        for (let c: usize = 0; c < cell; c += 16) v128.store(y + c, f32x4.mul(v128.load(a + c), f));
      }
      from += stepW;
      a += cell;
      y += cell;
    }
  }
}

/** Planes `[N, C, pixels]` as `[N, pixels, C]`. */
export function interleave(x: usize, y: usize, N: i32, C: i32, pixels: i32): void {
  const cell = ((<usize>C + 3) & ~3) << 2;
  for (let n = 0; n < N; n++) {
    for (let c = 0; c < C; c++) {
      let to = y + (<usize>c << 2);
      for (let p = 0; p < pixels; p++) {
        store<f32>(to, load<f32>(x));
        x += 4;
        to += cell;
      }
    }
    y += <usize>pixels * cell;
  }
}

/** y `[N, C]` = the mean over the pixels of x `[N, pixels, C]`. */
export function spatialMean(x: usize, y: usize, N: i32, pixels: i32, C: i32): void {
  const cell = <usize>C << 2;
  const share = f32x4.splat(<f32>(1.0 / <f64>pixels));
  for (let n = 0; n < N; n++) {
    let c: usize = 0;
    for (; c + 64 <= cell; c += 64) {
      let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
      let from = x + c;
      for (let p = 0; p < pixels; p++) {
        a0 = f32x4.add(a0, v128.load(from));
        a1 = f32x4.add(a1, v128.load(from, 16));
        a2 = f32x4.add(a2, v128.load(from, 32));
        a3 = f32x4.add(a3, v128.load(from, 48));
        from += cell;
      }
      v128.store(y + c, f32x4.mul(a0, share));
      v128.store(y + c, f32x4.mul(a1, share), 16);
      v128.store(y + c, f32x4.mul(a2, share), 32);
      v128.store(y + c, f32x4.mul(a3, share), 48);
    }
    for (; c < cell; c += 16) {
      let a = f32x4.splat(0);
      let from = x + c;
      for (let p = 0; p < pixels; p++) {
        a = f32x4.add(a, v128.load(from));
        from += cell;
      }
      v128.store(y + c, f32x4.mul(a, share));
    }
    x += <usize>pixels * cell;
    y += cell;
  }
}

/** 3×3 average pool with stride 2, SAME; the divisor is the number of valid cells. */
export function averagePool(x: usize, y: usize, N: i32, H: i32, W: i32, C: i32, OH: i32, OW: i32, top: i32, left: i32): void {
  const cell = <usize>C << 2;
  const row = <usize>W * cell;
  for (let n = 0; n < N; n++) {
    for (let oy = 0; oy < OH; oy++) for (let ox = 0; ox < OW; ox++) {
      const y0 = max(0, oy * 2 - top), y1 = min(H, oy * 2 - top + 3);
      const x0 = max(0, ox * 2 - left), x1 = min(W, ox * 2 - left + 3);
      const share = f32x4.splat(1 / <f32>((y1 - y0) * (x1 - x0)));
      const first = x + <usize>y0 * row + <usize>x0 * cell;
      const high = y1 - y0, wide = x1 - x0;
      for (let c: usize = 0; c < cell; c += 16) {
        let from = first + c;
        let s = f32x4.splat(0);
        if (wide == 3) {
          for (let i = 0; i < high; i++) {
            s = f32x4.add(s, f32x4.add(v128.load(from), f32x4.add(v128.load(from + cell), v128.load(from + 2 * cell))));
            from += row;
          }
        } else {
          for (let i = 0; i < high; i++) {
            s = f32x4.add(s, v128.load(from));
            if (wide > 1) s = f32x4.add(s, v128.load(from + cell));
            from += row;
          }
        }
        v128.store(y + c, f32x4.mul(s, share));
      }
      y += cell;
    }
    x += <usize>H * row;
  }
}

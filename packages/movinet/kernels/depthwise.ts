// Depthwise convolution over time and space. A tap is a pair of pointers: pixel and weights, all channels of each.

/** Sums of products along a run of pixels: y[i] = bias + Σ taps x[i · xStep] · w. All steps in bytes. */
function taps(list: usize, count: i32, bias: usize, y: usize, cell: usize, pixels: i32, xStep: usize, yStep: usize): void {
  const end = list + ((<usize>count) << 3);
  let shift: usize = 0;
  for (let i = 0; i < pixels; i++) {
    let c: usize = 0;
    for (; c + 64 <= cell; c += 64) {
      let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
      if (bias != 0) {
        a0 = v128.load(bias + c);
        a1 = v128.load(bias + c, 16);
        a2 = v128.load(bias + c, 32);
        a3 = v128.load(bias + c, 48);
      }
      for (let t = list; t < end; t += 8) {
        const x = <usize>load<u32>(t) + shift + c;
        const w = <usize>load<u32>(t, 4) + c;
        a0 = f32x4.relaxed_madd(v128.load(x), v128.load(w), a0);
        a1 = f32x4.relaxed_madd(v128.load(x, 16), v128.load(w, 16), a1);
        a2 = f32x4.relaxed_madd(v128.load(x, 32), v128.load(w, 32), a2);
        a3 = f32x4.relaxed_madd(v128.load(x, 48), v128.load(w, 48), a3);
      }
      v128.store(y + c, a0);
      v128.store(y + c, a1, 16);
      v128.store(y + c, a2, 32);
      v128.store(y + c, a3, 48);
    }
    for (; c < cell; c += 16) {
      let a = bias != 0 ? v128.load(bias + c) : f32x4.splat(0);
      for (let t = list; t < end; t += 8) {
        a = f32x4.relaxed_madd(v128.load(<usize>load<u32>(t) + shift + c), v128.load(<usize>load<u32>(t, 4) + c), a);
      }
      v128.store(y + c, a);
    }
    shift += xStep;
    y += yStep;
  }
}

/**
 * y `[OT · B, OH, OW, C]` from x `[T · B, H, W, C]`; weights `[KT, K, K, C]`; C a multiple of 4. Output frame t sees input
 * frames t − before … t − before + KT − 1. `list` is room for KT · K · K pairs of pointers.
 */
export function depthwise(
  x: usize, w: usize, bias: usize, y: usize, B: i32, T: i32, OT: i32, H: i32, W: i32, C: i32, OH: i32, OW: i32,
  KT: i32, K: i32, S: i32, before: i32, top: i32, left: i32, list: usize,
): void {
  const cell = (<usize>C) << 2;
  const from = min(OW, (left + S - 1) / S);
  const to = max(from, W - K + left >= 0 ? min(OW, (W - K + left) / S + 1) : 0);
  for (let n = 0; n < OT * B; n++) for (let oy = 0; oy < OH; oy++) {
    let ox = 0;
    while (ox < OW) {
      let count = 0;
      for (let kt = 0; kt < KT; kt++) {
        const source = n + (kt - before) * B;
        if (source < 0 || source >= T * B) continue;
        for (let ky = 0; ky < K; ky++) {
          const iy = oy * S - top + ky;
          if (iy < 0 || iy >= H) continue;
          for (let kx = 0; kx < K; kx++) {
            const ix = ox * S - left + kx;
            if (ix < 0 || ix >= W) continue;
            const at = list + ((<usize>(count++)) << 3);
            store<u32>(at, <u32>(x + <usize>((source * H + iy) * W + ix) * cell));
            store<u32>(at, <u32>(w + <usize>((kt * K + ky) * K + kx) * cell), 4);
          }
        }
      }
      const run = ox >= from && ox < to ? to - ox : 1;
      taps(list, count, bias, y + <usize>((n * OH + oy) * OW + ox) * cell, cell, run, <usize>S * cell, cell);
      ox += run;
    }
  }
}

/** The gradient dx of x from dy: each input pixel gathers from the output pixels that read it. */
export function depthwiseInput(
  dy: usize, w: usize, dx: usize, B: i32, T: i32, OT: i32, H: i32, W: i32, C: i32, OH: i32, OW: i32,
  KT: i32, K: i32, S: i32, before: i32, top: i32, left: i32, list: usize,
): void {
  const cell = (<usize>C) << 2;
  const from = max(0, K - 1 - left);
  const to = min(W, (OW - 1) * S - left + 1);
  for (let n = 0; n < T * B; n++) for (let iy = 0; iy < H; iy++) for (let phase = 0; phase < S; phase++) {
    let ix = phase;
    while (ix < W) {
      let count = 0;
      for (let kt = 0; kt < KT; kt++) {
        const target = n - (kt - before) * B;
        if (target < 0 || target >= OT * B) continue;
        for (let ky = 0; ky < K; ky++) {
          const fy = iy + top - ky;
          if (fy < 0 || fy % S != 0 || fy / S >= OH) continue;
          for (let kx = 0; kx < K; kx++) {
            const fx = ix + left - kx;
            if (fx < 0 || fx % S != 0 || fx / S >= OW) continue;
            const at = list + ((<usize>(count++)) << 3);
            store<u32>(at, <u32>(dy + <usize>((target * OH + fy / S) * OW + fx / S) * cell));
            store<u32>(at, <u32>(w + <usize>((kt * K + ky) * K + kx) * cell), 4);
          }
        }
      }
      const run = ix >= from && ix < to ? (to - 1 - ix) / S + 1 : 1;
      taps(list, count, 0, dx + <usize>((n * H + iy) * W + ix) * cell, cell, run, cell, <usize>S * cell);
      ix += run * S;
    }
  }
}

const strip = 32;

/** dw += the gradient of the weights. */
export function depthwiseKernel(
  x: usize, dy: usize, dw: usize, B: i32, T: i32, OT: i32, H: i32, W: i32, C: i32, OH: i32, OW: i32,
  KT: i32, K: i32, S: i32, before: i32, top: i32, left: i32,
): void {
  const cell = (<usize>C) << 2;
  const step = <usize>S * cell;
  for (let n = 0; n < OT * B; n++) for (let oy = 0; oy < OH; oy++) for (let ox = 0; ox < OW; ox += strip) {
    for (let kt = 0; kt < KT; kt++) {
      const source = n + (kt - before) * B;
      if (source < 0 || source >= T * B) continue;
      for (let ky = 0; ky < K; ky++) {
        const iy = oy * S - top + ky;
        if (iy < 0 || iy >= H) continue;
        for (let kx = 0; kx < K; kx++) {
          const from = max(ox, (max(0, left - kx) + S - 1) / S);
          const reach = W - 1 + left - kx;
          const to = reach < 0 ? 0 : min(min(OW, ox + strip), reach / S + 1);
          if (from >= to) continue;
          const xs = x + <usize>((source * H + iy) * W + from * S - left + kx) * cell;
          const ds = dy + <usize>((n * OH + oy) * OW + from) * cell;
          const o = dw + <usize>((kt * K + ky) * K + kx) * cell;
          products(xs, ds, o, to - from, cell, step);
        }
      }
    }
  }
}

/** o[c] += Σ over pixels x[c] · d[c]. */
function products(xs: usize, ds: usize, o: usize, pixels: i32, cell: usize, step: usize): void {
  let c: usize = 0;
  for (; c + 64 <= cell; c += 64) {
    let a0 = v128.load(o + c), a1 = v128.load(o + c, 16), a2 = v128.load(o + c, 32), a3 = v128.load(o + c, 48);
    let x = xs + c;
    let d = ds + c;
    for (let i = 0; i < pixels; i++) {
      a0 = f32x4.relaxed_madd(v128.load(x), v128.load(d), a0);
      a1 = f32x4.relaxed_madd(v128.load(x, 16), v128.load(d, 16), a1);
      a2 = f32x4.relaxed_madd(v128.load(x, 32), v128.load(d, 32), a2);
      a3 = f32x4.relaxed_madd(v128.load(x, 48), v128.load(d, 48), a3);
      x += step;
      d += cell;
    }
    v128.store(o + c, a0);
    v128.store(o + c, a1, 16);
    v128.store(o + c, a2, 32);
    v128.store(o + c, a3, 48);
  }
  for (; c < cell; c += 16) {
    let a = v128.load(o + c);
    let x = xs + c;
    let d = ds + c;
    for (let i = 0; i < pixels; i++) {
      a = f32x4.relaxed_madd(v128.load(x), v128.load(d), a);
      x += step;
      d += cell;
    }
    v128.store(o + c, a);
  }
}

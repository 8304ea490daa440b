// Scales the planes of a picture: source rows are added with shares to a tall row, which is then scaled in width.

/**
 * `sums` = the sum of `count` rows of bytes, `stride` apart, each times its share. Rows are read, and sums written, up to 7 samples
 * beyond `width`.
 */
export function addRows(sums: usize, width: i32, data: usize, stride: usize, shares: usize, count: i32): void {
  for (let x: i32 = 0; x < width; x += 8) {
    let low = f32x4.splat(0);
    let high = f32x4.splat(0);
    let at = data + <usize>x;
    for (let k: i32 = 0; k < count; k++) {
      const share = v128.load32_splat(shares + (<usize>k << 2));
      const samples = v128.load_ext<u8>(at);
      low = f32x4.add(low, f32x4.mul(share, f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(samples))));
      high = f32x4.add(high, f32x4.mul(share, f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(samples))));
      at += stride;
    }
    v128.store(sums + (<usize>x << 2), low);
    v128.store(sums + (<usize>x << 2), high, 16);
  }
}

/** The same for samples `step` bytes apart, of one byte or two (`isWide`). */
export function addSamples(
  sums: usize, width: i32, data: usize, stride: usize, step: usize, isWide: bool, shares: usize, count: i32,
): void {
  for (let x: i32 = 0; x < width; x++) {
    let sum: f32 = 0;
    let at = data + <usize>x * step;
    for (let k: i32 = 0; k < count; k++) {
      const sample: u32 = isWide ? load<u16>(at) : load<u8>(at);
      sum += load<f32>(shares + (<usize>k << 2)) * <f32>sample;
      at += stride;
    }
    store<f32>(sums + (<usize>x << 2), sum);
  }
}

/** Pixel `x` of `line` = the sum of the values of `tall` from `firsts[x]` on, times the shares from `starts[x]` to `starts[x + 1]`. */
export function narrow(line: usize, width: i32, tall: usize, firsts: usize, starts: usize, shares: usize): void {
  for (let x: i32 = 0; x < width; x++) {
    const place = <usize>x << 2;
    const end = load<i32>(starts + place, 4);
    let at = tall + (<usize>load<i32>(firsts + place) << 2);
    let sum: f32 = 0;
    for (let k = load<i32>(starts + place); k < end; k++) {
      sum += load<f32>(shares + (<usize>k << 2)) * load<f32>(at);
      at += 4;
    }
    store<f32>(line + place, sum);
  }
}

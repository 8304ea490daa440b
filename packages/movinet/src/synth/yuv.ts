/** One channel: 8 bits a sample, row after row. */
export interface YuvPlane {
  readonly data: Uint8Array;
  /** Bytes from one row to the next. */
  readonly stride: number;
}

/**
 * Converts RGB `[height, width, 3]` of even sides to YUV 4:2:0, limited range, and writes it to the planes Y, U and V.
 * The formula is that of ITU-R BT.601 in integers of 16 fractional bits, rounded; chroma is that of the mean of 2 × 2
 * pixels. libswscale picks its code by the processor; this gives the same bytes on each.
 */
export function writeYuv420(
  rgb: Uint8Array,
  width: number,
  height: number,
  [luma, blue, red]: readonly [YuvPlane, YuvPlane, YuvPlane],
): void {
  for (let y = 0; y < height; y++) {
    const row = y * luma.stride;
    let at = 3 * y * width;
    for (let x = 0; x < width; x++, at += 3) {
      const sum = 16829 * rgb[at]! + 33039 * rgb[at + 1]! + 6416 * rgb[at + 2]!;
      luma.data[row + x] = (sum + (16 << 16) + (1 << 15)) >> 16;
    }
  }
  const below = 3 * width;
  const offset = (128 << 18) + (1 << 17);
  for (let y = 0; y < height / 2; y++) {
    let at = 6 * y * width;
    for (let x = 0; x < width / 2; x++, at += 6) {
      const r = rgb[at]! + rgb[at + 3]! + rgb[at + below]! + rgb[at + below + 3]!;
      const g = rgb[at + 1]! + rgb[at + 4]! + rgb[at + below + 1]! + rgb[at + below + 4]!;
      const b = rgb[at + 2]! + rgb[at + 5]! + rgb[at + below + 2]! + rgb[at + below + 5]!;
      blue.data[y * blue.stride + x] = (-9714 * r - 19070 * g + 28784 * b + offset) >> 18;
      red.data[y * red.stride + x] = (28784 * r - 24103 * g - 4681 * b + offset) >> 18;
    }
  }
}

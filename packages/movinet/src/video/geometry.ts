import type { Fit } from "../model/card.ts";

/** How to turn a stored picture upright: at most one of each, in this order. */
export interface Orientation {
  /** Swap rows and columns. */
  readonly transpose: boolean;
  /** Then mirror left to right, */
  readonly mirror: boolean;
  /** and top to bottom. */
  readonly flip: boolean;
}

export const upright: Orientation = { transpose: false, mirror: false, flip: false };

/**
 * Reads a display matrix of nine little-endian int32: a b u c d v x y w; a stored point (p, q) is shown at (ap + cq,
 * bp + dq).
 */
export function orientationOf(matrix: Uint8Array | null): Orientation {
  const [a, b, c, d] = cornersOf(matrix);
  if (Math.abs(b) > Math.abs(a)) return { transpose: true, mirror: c < 0, flip: b < 0 };
  return { transpose: false, mirror: a < 0, flip: d < 0 };
}

/** Degrees, 0 to 45, between a display matrix's rotation and the quarter turn that {@link orientationOf} returns. */
export function offQuarterTurn(matrix: Uint8Array | null): number {
  const [a, b] = cornersOf(matrix);
  const degrees = (Math.atan2(b, a) * 180) / Math.PI;
  return Math.round(Math.abs(degrees - 90 * Math.round(degrees / 90)));
}

/** a, b, c and d. */
function cornersOf(matrix: Uint8Array | null): readonly [number, number, number, number] {
  if (!matrix || matrix.byteLength < 36) return [1, 0, 0, 1];
  const view = new DataView(matrix.buffer, matrix.byteOffset, matrix.byteLength);
  return [view.getInt32(0, true), view.getInt32(4, true), view.getInt32(12, true), view.getInt32(16, true)];
}

/** Clockwise rotation in degrees for an orientation without mirroring. */
export function rotationOf({ transpose, mirror, flip }: Orientation): 0 | 90 | 180 | 270 {
  if (transpose) return mirror ? 90 : 270;
  return mirror && flip ? 180 : 0;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * The placement of a stored picture: scaled to `scaled` in its stored orientation, turned upright, then cropped or
 * padded to `target` around the centre.
 */
export interface Placement {
  readonly scaled: Size;
  readonly orientation: Orientation;
  readonly target: Size;
}

/** Displayed size of a stored picture: square pixels, upright. */
export function displaySize(stored: Size, pixelAspect: number, { transpose }: Orientation): Size {
  const wide = pixelAspect >= 1;
  const width = wide ? Math.max(1, Math.round(stored.width * pixelAspect)) : stored.width;
  const height = wide ? stored.height : Math.max(1, Math.round(stored.height / pixelAspect));
  return transpose ? { width: height, height: width } : { width, height };
}

/**
 * Plans how to turn a stored picture into one of `target`; `squash` ignores the aspect ratio, `crop` covers and crops,
 * `pad` shows everything between black bars.
 */
export function placePicture(
  stored: Size,
  pixelAspect: number,
  orientation: Orientation,
  target: Size,
  fit: Fit,
): Placement {
  let covered = target;
  if (fit !== "squash") {
    const shown = displaySize(stored, pixelAspect, orientation);
    const scales = [target.width / shown.width, target.height / shown.height];
    const scale = fit === "crop" ? Math.max(...scales) : Math.min(...scales);
    covered = {
      width: Math.max(fit === "crop" ? target.width : 1, Math.round(shown.width * scale)),
      height: Math.max(fit === "crop" ? target.height : 1, Math.round(shown.height * scale)),
    };
  }
  const scaled = orientation.transpose ? { width: covered.height, height: covered.width } : covered;
  return { scaled, orientation, target };
}

/** A part of a stored picture, in its own pixels. */
export interface Part extends Size {
  readonly left: number;
  readonly top: number;
}

/** A part of a picture as it is shown, in fractions of its width and height. */
export interface Region extends Size {
  readonly left: number;
  readonly top: number;
}

/** Where a region of the shown picture is within the visible part of the stored one. */
export function regionOf(part: Part, region: Region, { transpose, mirror, flip }: Orientation): Part {
  const turned = {
    ...region,
    left: mirror ? 1 - region.left - region.width : region.left,
    top: flip ? 1 - region.top - region.height : region.top,
  };
  const { left, top, width, height } = transpose
    ? { left: turned.top, top: turned.left, width: turned.height, height: turned.width }
    : turned;
  const x = Math.min(Math.floor(left * part.width), part.width - 1);
  const y = Math.min(Math.floor(top * part.height), part.height - 1);
  return {
    left: part.left + x,
    top: part.top + y,
    width: Math.max(1, Math.min(Math.round(width * part.width), part.width - x)),
    height: Math.max(1, Math.min(Math.round(height * part.height), part.height - y)),
  };
}

/** Scaled pictures this many times as wide or high as their target are mostly discarded. */
const mostCovered = 4;

/** The middle of a part, if its placement makes it far longer than needed; otherwise the part. */
export function middleOf(part: Part, { scaled, orientation: { transpose }, target }: Placement): Part {
  const needed = (length: number, scaledTo: number, wanted: number) =>
    Math.min(length, Math.ceil((length * mostCovered * wanted) / scaledTo));
  const width = needed(part.width, scaled.width, transpose ? target.height : target.width);
  const height = needed(part.height, scaled.height, transpose ? target.width : target.height);
  const left = part.left + Math.floor((part.width - width) / 2);
  return { left, top: part.top + Math.floor((part.height - height) / 2), width, height };
}

/** Turns and crops or pads the scaled picture: RGB rows of `stride` bytes → tight RGB rows of the target. */
export function arrangePicture(
  pixels: Uint8Array,
  stride: number,
  { scaled, orientation, target }: Placement,
): Uint8Array {
  const { transpose, mirror, flip } = orientation;
  const turned = transpose ? { width: scaled.height, height: scaled.width } : scaled;
  const left = Math.floor((turned.width - target.width) / 2);
  const top = Math.floor((turned.height - target.height) / 2);
  const [firstColumn, columns] = [Math.max(0, -left), Math.min(target.width, turned.width - left)];
  const [firstRow, rows] = [Math.max(0, -top), Math.min(target.height, turned.height - top)];
  const result = new Uint8Array(target.width * target.height * 3); // black outside the picture
  for (let row = firstRow; row < rows; row++) {
    const y = flip ? turned.height - 1 - (top + row) : top + row;
    for (let column = firstColumn; column < columns; column++) {
      const x = mirror ? turned.width - 1 - (left + column) : left + column;
      const from = transpose ? x * stride + y * 3 : y * stride + x * 3;
      const to = (row * target.width + column) * 3;
      result[to] = pixels[from] as number;
      result[to + 1] = pixels[from + 1] as number;
      result[to + 2] = pixels[from + 2] as number;
    }
  }
  return result;
}

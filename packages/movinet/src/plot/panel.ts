/** Pictures of premultiplied RGBA, painted pixel by pixel. */

export interface Canvas {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

export type Colour = readonly [red: number, green: number, blue: number];

/** A black panel of this opacity, 0..1, with round corners of a radius in pixels. */
export function blackPanel(width: number, height: number, corner: number, opacity: number): Canvas {
  const data = new Uint8Array(4 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const dx = Math.max(corner - x - 0.5, x + 0.5 - (width - corner), 0);
      const dy = Math.max(corner - y - 0.5, y + 0.5 - (height - corner), 0);
      const inside = Math.min(1, Math.max(0, corner + 0.5 - Math.hypot(dx, dy)));
      data[4 * (y * width + x) + 3] = Math.round(255 * opacity * inside);
    }
  }
  return { data, width, height };
}

/** Fills a rectangle, the last column by the share of it that is reached. */
export function fillRectangle(
  canvas: Canvas,
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
  colour: Colour,
  opacity: number,
): void {
  const columns = Math.ceil(width);
  for (let row = y; row < y + height; row++) {
    for (let column = 0; column < columns; column++) {
      cover(canvas, x + column, row, colour, opacity * Math.min(1, width - column));
    }
  }
}

/** Paints where a mask (0..255) says; `x` and `y` are its top left corner. */
export function paintMask(
  canvas: Canvas,
  mask: { readonly data: Uint8Array; readonly width: number; readonly height: number },
  x: number,
  y: number,
  colour: Colour,
): void {
  for (let row = 0, from = 0; row < mask.height; row++) {
    for (let column = 0; column < mask.width; column++, from++) {
      const covered = mask.data[from] as number;
      if (covered > 0) cover(canvas, x + column, y + row, colour, covered / 255);
    }
  }
}

function cover({ data, width, height }: Canvas, x: number, y: number, colour: Colour, alpha: number): void {
  if (x < 0 || y < 0 || x >= width || y >= height) return;
  const at = 4 * (y * width + x);
  const rest = 1 - alpha;
  data[at] = colour[0] * alpha + (data[at] as number) * rest;
  data[at + 1] = colour[1] * alpha + (data[at + 1] as number) * rest;
  data[at + 2] = colour[2] * alpha + (data[at + 2] as number) * rest;
  data[at + 3] = 255 * alpha + (data[at + 3] as number) * rest;
}

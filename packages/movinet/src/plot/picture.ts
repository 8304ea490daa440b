import type { Picture } from "./plot-data.ts";

/**
 * A copy of at most `width × height` whole pixels, each side on its own. Every new pixel is the mean of the pixels under it.
 */
export function shrinkPicture(picture: Picture, width: number, height: number): Picture {
  const size = { width: Math.min(picture.width, width), height: Math.min(picture.height, height) };
  const data = new Uint8Array(size.width * size.height * 3);
  for (let y = 0; y < size.height; y++) {
    const [top, bottom] = span(y, size.height, picture.height);
    for (let x = 0; x < size.width; x++) {
      const [left, right] = span(x, size.width, picture.width);
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let row = top; row < bottom; row++) {
          for (let column = left; column < right; column++)
            sum += picture.data[(row * picture.width + column) * 3 + channel]!;
        }
        data[(y * size.width + x) * 3 + channel] = Math.round(sum / ((bottom - top) * (right - left)));
      }
    }
  }
  return { data, ...size };
}

/** The source pixels, at least one, that lie under pixel `i` of `to`. */
function span(i: number, to: number, from: number): [number, number] {
  const start = Math.floor((i * from) / to);
  return [start, Math.max(start + 1, Math.floor(((i + 1) * from) / to))];
}

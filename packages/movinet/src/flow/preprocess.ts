import type { InputSize } from "../model/card.ts";
import type { Picture } from "../video/frame.ts";

/**
 * Converts a picture to the network's input: planar RGB `[3, height, width]` in 0..1 (spec §5.3: divided by 255, no
 * mean). A picture of another size is resized first, bilinear with half-pixel centres and without anti-aliasing;
 * `crop` takes the largest central part with the input's aspect ratio, `pad` the whole picture between black bars.
 * `planes` receives the result; default: a new array.
 */
export function preprocess(
  picture: Picture,
  input: InputSize,
  planes: Float32Array = new Float32Array(3 * input.width * input.height),
): Float32Array {
  const { width, height } = input;
  const { data } = picture.width === width && picture.height === height ? picture : resize(picture, input);
  const pixels = width * height;
  for (let p = 0; p < pixels; p++) {
    planes[p] = (data[3 * p] as number) / 255;
    planes[pixels + p] = (data[3 * p + 1] as number) / 255;
    planes[2 * pixels + p] = (data[3 * p + 2] as number) / 255;
  }
  return planes;
}

function resize({ data, width, height }: Picture, target: InputSize): { data: Float32Array } {
  const scales = [width / target.width, height / target.height];
  const scale = target.fit === "crop" ? Math.min(...scales) : Math.max(...scales);
  const part =
    target.fit === "squash" ? { width, height } : { width: target.width * scale, height: target.height * scale };
  const columns = samplePoints(width, part.width, target.width);
  const rows = samplePoints(height, part.height, target.height);
  const result = new Float32Array(target.width * target.height * 3);
  let at = 0;
  for (const row of rows) {
    for (const column of columns) {
      if (row.outside || column.outside) {
        at += 3; // black
        continue;
      }
      for (let c = 0; c < 3; c++) {
        const value = (y: number, x: number) => data[(y * width + x) * 3 + c] as number;
        const top = value(row.low, column.low) * (1 - column.share) + value(row.low, column.high) * column.share;
        const bottom = value(row.high, column.low) * (1 - column.share) + value(row.high, column.high) * column.share;
        result[at++] = top * (1 - row.share) + bottom * row.share;
      }
    }
  }
  return { data: result };
}

/** For each target cell, the two source cells around its centre, and the weight of the second. */
function samplePoints(size: number, part: number, target: number) {
  return Array.from({ length: target }, (_, i) => {
    const place = (size - part) / 2 + ((i + 0.5) * part) / target;
    const centre = Math.min(Math.max(place - 0.5, 0), size - 1);
    const low = Math.floor(centre);
    return { low, high: Math.min(low + 1, size - 1), share: centre - low, outside: place < 0 || place > size };
  });
}

import type { Random } from "../common/random.ts";
import { blend, type Canvas, drawPalette, lighten, newCanvas, paintShape } from "./canvas.ts";
import { fractal } from "./field.ts";
import { paintMaterial } from "./materials.ts";

/**
 * A canvas at full, half, quarter … size, as packed pixels: red in the lowest byte, alpha in the highest, colours
 * premultiplied.
 */
export interface Texture {
  readonly size: number;
  readonly levels: readonly Int32Array[];
}

/** The ground of a scene, `[size, size]`: one or two materials, sometimes with a nearly uniform part. */
export function paintGround(random: Random, size: number): Canvas {
  const canvas = paintMaterial(random, size);
  if (random.chance(0.35)) {
    const other = paintMaterial(random, size);
    const mask = fractal(random, size, 2 << random.below(2), random.between(0.3, 0.7));
    const [edge, hard] = [random.between(-0.6, 0.6), random.between(1.5, 20)];
    blend(canvas, other, (i) => Math.max(0, Math.min(1, (mask[i]! - edge) * hard + 0.5)));
  }
  if (random.chance(0.3)) flatten(random, canvas);
  if (random.chance(0.6)) {
    const strength = random.between(2, 12);
    const detail = fractal(random, size, 16, random.between(0.7, 1.1));
    lighten(canvas, (i) => strength * detail[i]!);
  }
  enrich(random, canvas);
  return canvas;
}

/** Sky, wall or water: fades a part into nearly one colour. */
function flatten(random: Random, canvas: Canvas): void {
  const { size } = canvas;
  const plain = newCanvas(size);
  const [r, g, b] = drawPalette(random).color();
  const tint = fractal(random, size, 2, 0.3, 8);
  for (let i = 0; i < plain.data.length; i += 4) {
    const level = 10 * tint[i >> 2]!;
    plain.data[i] = r + level;
    plain.data[i + 1] = g + level;
    plain.data[i + 2] = b + level;
  }
  const mask = fractal(random, size, 2, random.between(0.2, 0.5));
  const [edge, hard, most] = [random.between(-0.2, 0.9), random.between(0.8, 8), random.between(0.8, 1)];
  blend(canvas, plain, (i) => most * Math.max(0, Math.min(1, (mask[i]! - edge) * hard)));
}

const tiles = 8;

/** Adds things in the middle of uniform areas, where motion would be invisible. */
function enrich(random: Random, canvas: Canvas): void {
  const { size } = canvas;
  const side = size / tiles;
  const palette = drawPalette(random);
  const least = Math.max(6, 0.3 * deviation(canvas, 0, 0, size));
  const plain = Array.from({ length: tiles * tiles }, (_, tile) => {
    return deviation(canvas, (tile % tiles) * side, Math.floor(tile / tiles) * side, side) < least;
  });
  const at = (x: number, y: number) => Number(plain[((y + tiles) % tiles) * tiles + ((x + tiles) % tiles)]);
  for (const [tile, empty] of plain.entries()) {
    const [column, row] = [tile % tiles, Math.floor(tile / tiles)];
    const around = at(column - 1, row) + at(column + 1, row) + at(column, row - 1) + at(column, row + 1);
    if (!empty || around < 3) continue;
    for (let i = 0; i < 4; i++) {
      const length = random.between(0.012, 0.06);
      const place = { x: (column + random.next()) / tiles, y: (row + random.next()) / tiles };
      const kind = random.pick(["ellipse", "box", "triangle"] as const);
      const shape = { ...place, width: length * random.between(0.4, 1.6), height: length, kind };
      const angle = random.between(0, Math.PI);
      paintShape(canvas, { ...shape, angle }, palette.color(), random.between(0.6, 1), random.between(-0.3, 0.3));
    }
  }
}

/** Standard deviation of the green channel over a square, sampled at every fourth pixel. */
function deviation({ size, data }: Canvas, left: number, top: number, side: number): number {
  let [count, sum, squares] = [0, 0, 0] as [number, number, number];
  for (let y = top; y < top + side; y += 4) {
    for (let x = left; x < left + side; x += 4) {
      const value = data[4 * (y * size + x) + 1]!;
      count++;
      sum += value;
      squares += value * value;
    }
  }
  return Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
}

/** Cuts holes into a canvas: the rest covers about `cover` of it, as blobs or upright and slanted posts. */
export function cutOut(random: Random, canvas: Canvas, cover: number): void {
  const { size, data } = canvas;
  const mask = fractal(random, size, 2 << random.below(3), random.between(0.3, 0.65));
  const posts = random.chance(0.3);
  const turns = 1 + random.below(4);
  if (posts) {
    for (let i = 0; i < mask.length; i++) {
      mask[i] = 0.25 * mask[i]! + 1.3 * Math.cos((2 * Math.PI * turns * (i % size)) / size);
    }
  }
  const sorted = mask.filter((_, i) => i % 61 === 0).sort();
  const edge = sorted[Math.min(sorted.length - 1, Math.floor((1 - cover) * sorted.length))]!;
  const hard = random.between(6, 40);
  for (let i = 0; i < mask.length; i++) {
    const alpha = Math.max(0, Math.min(1, (mask[i]! - edge) * hard + 0.5));
    for (let c = 0; c < 4; c++) data[4 * i + c] = data[4 * i + c]! * alpha;
  }
}

/** Makes the smaller copies. */
export function toTexture({ size, data }: Canvas): Texture {
  const levels = [new Int32Array(data.buffer, data.byteOffset, size * size)];
  for (let side = size / 2; side % 1 === 0 && side >= 12; side /= 2) {
    const fine = levels.at(-1) as Int32Array;
    const coarse = new Int32Array(side * side);
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const at = 4 * y * side + 2 * x;
        const [a, b, c, d] = [fine[at]!, fine[at + 1]!, fine[at + 2 * side]!, fine[at + 2 * side + 1]!];
        const even = (a & 0xff00ff) + (b & 0xff00ff) + (c & 0xff00ff) + (d & 0xff00ff) + 0x20002;
        const odd =
          ((a >>> 8) & 0xff00ff) + ((b >>> 8) & 0xff00ff) + ((c >>> 8) & 0xff00ff) + ((d >>> 8) & 0xff00ff) + 0x20002;
        coarse[y * side + x] = ((even >>> 2) & 0xff00ff) | (((odd >>> 2) & 0xff00ff) << 8);
      }
    }
    levels.push(coarse);
  }
  return { size, levels };
}

import { type Random, randomOf } from "../common/random.ts";

/** A square of numbers, row by row, that tiles seamlessly. */
export type Field = Float32Array;

/** Standard normal numbers; runs begin at random positions. Its length is a power of two. */
export const normals: Float32Array = Float32Array.from({ length: 1 << 16 }, randomOf("normals").normal);
const last = normals.length - 1;

/** The next number of a run through the table. */
export function normalsFrom(random: Random): () => number {
  let at = random.below(normals.length);
  const step = 2 * random.below(normals.length / 2) + 1;
  return () => {
    at = (at + step) & last;
    return normals[at]!;
  };
}

/**
 * Fractal noise with mean 0 and deviation 1: noise at `coarsest` cells per side or 1.5 times as many, then at twice as
 * many and so on, each octave `persistence` times as strong; 1 is the 1/f spectrum of photographs, ½ that of clouds.
 * Above `finest` cells it is only interpolated. `size` is 3 · 2^n.
 */
export function fractal(random: Random, size: number, coarsest: number, persistence: number, finest = size): Field {
  let cells = size;
  while (cells % 2 === 0 && cells / 2 >= coarsest) cells /= 2;
  let strength = 1;
  let field: Field = Float32Array.from({ length: cells * cells }, normalsFrom(random));
  while (cells < size) {
    strength *= persistence;
    cells *= 2;
    field = refine(field, cells / 2, cells <= finest ? strength : 0, random);
  }
  return normalize(field);
}

/**
 * Doubles the cells per side, with weights 9/16, 3/16, 3/16 and 1/16 of the nearest four, plus noise of this strength.
 */
function refine(field: Field, cells: number, strength: number, random: Random): Field {
  const width = 2 * cells;
  const wide = new Float32Array(width * cells);
  for (let y = 0; y < cells; y++) {
    const row = y * cells;
    let before = field[row + cells - 1]!;
    let here = field[row]!;
    for (let x = 0; x < cells; x++) {
      const after = field[x === cells - 1 ? row : row + x + 1]!;
      wide[2 * (row + x)] = 0.75 * here + 0.25 * before;
      wide[2 * (row + x) + 1] = 0.75 * here + 0.25 * after;
      before = here;
      here = after;
    }
  }
  const tall = new Float32Array(width * width);
  let noise = random.below(normals.length);
  const step = 2 * random.below(normals.length / 2) + 1;
  for (let y = 0; y < cells; y++) {
    const here = y * width;
    const above = (y === 0 ? cells - 1 : y - 1) * width;
    const below = (y === cells - 1 ? 0 : y + 1) * width;
    const out = 2 * y * width;
    for (let x = 0; x < width; x++) {
      const value = 0.75 * wide[here + x]!;
      noise = (noise + step) & last;
      tall[out + x] = value + 0.25 * wide[above + x]! + strength * normals[noise]!;
      tall[out + width + x] = value + 0.25 * wide[below + x]! + strength * normals[noise ^ 0x5555]!;
    }
  }
  return tall;
}

function normalize(field: Field): Field {
  let [count, sum, squares] = [0, 0, 0] as [number, number, number];
  for (let i = 0; i < field.length; i += 7) {
    const value = field[i]!;
    count++;
    sum += value;
    squares += value * value;
  }
  const mean = sum / count;
  const scale = 1 / Math.sqrt(Math.max(1e-9, squares / count - mean * mean));
  for (let i = 0; i < field.length; i++) field[i] = (field[i]! - mean) * scale;
  return field;
}

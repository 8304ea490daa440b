import type { CameraMotionLabel } from "../../src/synth/camera.ts";

/** A judge of camera motion that shares nothing with the renderer: least squares on gradients, coarse to fine. */

/** What the picture's content does from one frame to the next: pixels of the frame, e-folds of growth, radians clockwise. */
export interface Motion {
  readonly x: number;
  readonly y: number;
  readonly growth: number;
  readonly turn: number;
}

interface Gray {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** What the content of a clip `[frames, height, width, 3]` does from its first frame to its last, and the length of its path. */
export function totalMotion(
  clip: Uint8Array,
  frames: number,
  width: number,
  height: number,
): Motion & { path: number } {
  const size = width * height * 3;
  const total = { x: 0, y: 0, growth: 0, turn: 0, path: 0 };
  for (let i = 1; i < frames; i++) {
    const step = estimateMotion(
      clip.subarray((i - 1) * size, i * size),
      clip.subarray(i * size, (i + 1) * size),
      width,
      height,
    );
    total.x += step.x;
    total.y += step.y;
    total.growth += step.growth;
    total.turn += step.turn;
    total.path += Math.hypot(step.x, step.y) + 0.38 * width * Math.hypot(step.growth, step.turn);
  }
  return total;
}

/** The label that a clip's motion deserves: its strongest part, or, where it comes to little, whether it trembled. */
export function judgeMotion(clip: Uint8Array, frames: number, width: number, height: number): CameraMotionLabel {
  const { x, y, growth, turn, path } = totalMotion(clip, frames, width, height);
  const parts: readonly [number, CameraMotionLabel, CameraMotionLabel][] = [
    [x / width, "pan left", "pan right"],
    [y / height, "tilt up", "tilt down"],
    [0.38 * growth, "zoom in", "zoom out"],
    [0.38 * turn, "roll anticlockwise", "roll clockwise"],
  ];
  const [most, positive, negative] = parts.toSorted(([a], [b]) => Math.abs(b) - Math.abs(a))[0]!;
  if (Math.abs(most) > 0.035 && Math.abs(most) > (0.25 * path) / width) return most > 0 ? positive : negative;
  return path / width > 0.11 ? "shake" : "still";
}

/** The motion between two RGB frames `[height, width, 3]`, robust against things that go their own way and light. */
export function estimateMotion(before: Uint8Array, after: Uint8Array, width: number, height: number): Motion {
  const pyramids = [before, after].map((frame) => pyramidOf(toGray(frame, width, height)));
  let motion: Motion = { x: 0, y: 0, growth: 0, turn: 0 };
  for (let level = pyramids[0]!.length - 1; level >= 0; level--) {
    const scale = 2 ** level;
    let fitted = { ...motion, x: motion.x / scale, y: motion.y / scale };
    for (let round = 0; round < 6; round++) fitted = refine(pyramids[0]![level]!, pyramids[1]![level]!, fitted);
    motion = { ...fitted, x: fitted.x * scale, y: fitted.y * scale };
  }
  return motion;
}

function toGray(frame: Uint8Array, width: number, height: number): Gray {
  const data = Float32Array.from(
    { length: width * height },
    (_, i) => frame[3 * i]! + frame[3 * i + 1]! + frame[3 * i + 2]!,
  );
  return { width, height, data };
}

/** Smoothed, then halved while at least 12 pixels are left. */
function pyramidOf(gray: Gray): Gray[] {
  const levels = [smooth(gray)];
  for (let now = levels[0]!; Math.min(now.width, now.height) >= 24; ) {
    const { width, height, data } = smooth(now);
    const half = { width: width >> 1, height: height >> 1 };
    const small = Float32Array.from({ length: half.width * half.height }, (_, i) => {
      const at = 2 * Math.floor(i / half.width) * width + 2 * (i % half.width);
      return (data[at]! + data[at + 1]! + data[at + width]! + data[at + width + 1]!) / 4;
    });
    now = { ...half, data: small };
    levels.push(now);
  }
  return levels;
}

function smooth({ width, height, data }: Gray): Gray {
  const kernel = (source: Float32Array, step: number, place: (i: number) => number, length: number) =>
    source.map((value, i) => {
      const before = place(i) > 0 ? source[i - step]! : value;
      const after = place(i) < length - 1 ? source[i + step]! : value;
      return 0.5 * value + 0.25 * (before + after);
    });
  const rows = kernel(data, 1, (i) => i % width, width);
  return { width, height, data: kernel(rows, width, (i) => Math.floor(i / width), height) };
}

function bilinear({ width, data }: Gray, x: number, y: number): number {
  const [x0, y0] = [Math.floor(x), Math.floor(y)];
  const at = y0 * width + x0;
  const above = data[at]! + (x - x0) * (data[at + 1]! - data[at]!);
  const below = data[at + width]! + (x - x0) * (data[at + width + 1]! - data[at + width]!);
  return above + (y - y0) * (below - above);
}

/** Shift in x and y, growth, turn, gain and offset of the light. */
const count = 6;

/** One step of Gauss and Newton with Cauchy weights; gain and offset of the light are fitted too. */
function refine(before: Gray, after: Gray, motion: Motion): Motion {
  const { width, height } = before;
  const [cx, cy] = [(width - 1) / 2, (height - 1) / 2];
  const grown = Math.exp(motion.growth);
  const [cos, sin] = [grown * Math.cos(motion.turn), grown * Math.sin(motion.turn)];
  const terms = new Float64Array(count * width * height);
  const misses = new Float64Array(width * height);
  let rows = 0;
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const [a, b] = [x - cx, y - cy];
      const u = cx + cos * a - sin * b + motion.x;
      const v = cy + sin * a + cos * b + motion.y;
      if (u < 1 || v < 1 || u >= width - 2 || v >= height - 2) continue;
      const gx = (bilinear(after, u + 1, v) - bilinear(after, u - 1, v)) / 2;
      const gy = (bilinear(after, u, v + 1) - bilinear(after, u, v - 1)) / 2;
      const [p, q] = [u - cx - motion.x, v - cy - motion.y];
      const value = before.data[y * width + x]!;
      terms.set([gx, gy, (gx * p + gy * q) / width, (gy * p - gx * q) / width, value / 100, 1], count * rows);
      misses[rows++] = value - bilinear(after, u, v);
    }
  }
  if (rows < 20) return motion;
  const spread = misses.subarray(0, rows).map(Math.abs).sort()[rows >> 1]! + 1;
  const matrix = Array.from({ length: count }, () => new Float64Array(count + 1));
  for (let row = 0; row < rows; row++) {
    const miss = misses[row]!;
    const weight = 1 / (1 + (miss / (2 * spread)) ** 2);
    for (let i = 0; i < count; i++) {
      const line = matrix[i]!;
      const weighted = weight * terms[count * row + i]!;
      for (let j = 0; j < count; j++) line[j] = line[j]! + weighted * terms[count * row + j]!;
      line[count] = line[count]! + weighted * miss;
    }
  }
  const [dx = 0, dy = 0, growth = 0, turn = 0] = solve(matrix);
  const limit = (step: number) => Math.max(-2, Math.min(2, step));
  return {
    x: motion.x + limit(dx),
    y: motion.y + limit(dy),
    growth: motion.growth + limit(growth) / width,
    turn: motion.turn + limit(turn) / width,
  };
}

/** Gauss–Jordan on a symmetric matrix with its right side as the last column; slightly damped. */
function solve(matrix: Float64Array[]): Float64Array {
  for (let i = 0; i < count; i++) matrix[i]![i] = matrix[i]![i]! * 1.0001 + 1e-3;
  for (let i = 0; i < count; i++) {
    let best = i;
    for (let j = i + 1; j < count; j++) if (Math.abs(matrix[j]![i]!) > Math.abs(matrix[best]![i]!)) best = j;
    [matrix[i], matrix[best]] = [matrix[best]!, matrix[i]!];
    const row = matrix[i]!;
    for (let j = 0; j < count; j++) {
      if (j === i) continue;
      const other = matrix[j]!;
      const factor = other[i]! / row[i]!;
      if (factor !== 0) for (let k = i; k <= count; k++) other[k] = other[k]! - factor * row[k]!;
    }
  }
  return Float64Array.from(matrix, (row, i) => row[count]! / row[i]!);
}

import { type Random, randomOf } from "../../src/common/random.ts";
import type { CameraMotionLabel } from "../../src/synth/camera.ts";

/** A picture of a real video: 8-bit RGB, `[height, width, 3]`. */
export interface SourcePicture {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A window at a moment, in its own widths and heights about where it is on average. */
interface Moment {
  readonly x: number;
  readonly y: number;
  /** Sides, as a multiple of the smallest. */
  readonly size: number;
  /** Radians, clockwise. */
  readonly angle: number;
}

/**
 * Moves a window over real pictures as a camera would: RGB bytes, `[frames, height, width, 3]`. It shares no code and no
 * numbers with {@link renderCameraMotion}, so that it can judge what was learned from that.
 *
 * `pictures` is one, which then stands still, or one for each frame, all of one size. The window stays inside, where there is something to see. A motion of the
 * pictures themselves stays what it is: take videos whose camera stands. Throws `TypeError` where their number or sizes
 * are wrong.
 */
export function moveWindow(
  pictures: readonly SourcePicture[],
  label: CameraMotionLabel,
  seed: number | string,
  { width, height, frames }: { readonly width: number; readonly height: number; readonly frames: number },
): Uint8Array {
  const [first] = pictures;
  if (first === undefined || (pictures.length > 1 && pictures.length < frames)) {
    throw new TypeError(`${frames} frames need one picture or one for each, got ${pictures.length}`);
  }
  if (pictures.some((picture) => picture.width !== first.width || picture.height !== first.height)) {
    throw new TypeError("the pictures differ in size");
  }
  const random = randomOf(seed, "window", label);
  const aspect = random.pick([1, 1.25, first.width / first.height]);
  const moments = drawMoments(random, label, frames);
  const corners = moments.flatMap((moment) => cornersOf(moment, aspect));
  const [left, right] = [Math.min(...corners.map(([x]) => x)), Math.max(...corners.map(([x]) => x))];
  const [top, bottom] = [Math.min(...corners.map(([, y]) => y)), Math.max(...corners.map(([, y]) => y))];
  const largest = Math.min((first.width - 1) / (right - left), (first.height - 1) / (bottom - top));
  const unit = largest * random.between(0.75, 1);
  const places = Array.from({ length: candidates }, () => ({
    x: random.next() * (first.width - 1 - unit * (right - left)) - unit * left,
    y: random.next() * (first.height - 1 - unit * (bottom - top)) - unit * top,
  }));
  const rich = places.map(({ x, y }) => deviationAt(first, x, y, unit * aspect, unit));
  const { x, y } = places[rich.indexOf(Math.max(...rich))]!;
  const out = new Uint8Array(frames * height * width * 3);
  for (const [i, moment] of moments.entries()) {
    const picture = pictures.length === 1 ? first : (pictures[i] as SourcePicture);
    const center = { x: x + unit * aspect * moment.x, y: y + unit * moment.y };
    const side = { width: unit * aspect * moment.size, height: unit * moment.size };
    const frame = out.subarray(i * height * width * 3, (i + 1) * height * width * 3);
    cut(picture, center, side, moment.angle, frame, width, height);
  }
  return out;
}

/** Windows that are looked at; the one that shows most is taken. */
const candidates = 4;

/** Standard deviation of the green channel on a grid over a window about (x, y). */
function deviationAt({ data, width, height }: SourcePicture, x: number, y: number, wide: number, tall: number): number {
  const grid = 16;
  const values = Array.from({ length: grid * grid }, (_, i) => {
    const column = Math.round(x + wide * (((i % grid) + 0.5) / grid - 0.5));
    const row = Math.round(y + tall * ((Math.floor(i / grid) + 0.5) / grid - 0.5));
    return data[3 * (Math.min(Math.max(row, 0), height - 1) * width + Math.min(Math.max(column, 0), width - 1)) + 1]!;
  });
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

/** The corners of a window whose smallest height is 1. */
function cornersOf({ x, y, size, angle }: Moment, aspect: number): [number, number][] {
  return [-1, 1].flatMap((a) =>
    [-1, 1].map((b): [number, number] => {
      const [dx, dy] = [(a * size * aspect) / 2, (b * size) / 2];
      return [
        x * aspect + dx * Math.cos(angle) - dy * Math.sin(angle),
        y + dx * Math.sin(angle) + dy * Math.cos(angle),
      ];
    }),
  );
}

function drawMoments(random: Random, label: CameraMotionLabel, frames: number): Moment[] {
  const power = random.between(0.75, 1.5);
  const smooth = random.chance(0.4);
  const progress = (i: number) => {
    const part = (i / Math.max(1, frames - 1)) ** power;
    return (smooth ? part * part * (3 - 2 * part) : part) - 0.5;
  };
  const travel = random.between(0.15, 0.9);
  const enlarged = random.between(0.2, 0.75);
  const turned = random.between(0.2, 1.3);
  const slope = 0.1 * random.normal() * travel;
  const tilted = 0.05 * random.normal();
  const trembling = label === "shake" ? random.between(0.02, 0.06) : random.pick([0, 0, 0.0015, 0.003]);
  const grip = label === "shake" ? -0.2 : 0.8;
  const wander = () => {
    let at = 0;
    return Array.from({ length: frames }, () => {
      at = grip * at + trembling * random.normal();
      return at;
    });
  };
  const [handX, handY, handAngle] = [wander(), wander(), wander()];
  const sign = (positive: CameraMotionLabel, negative: CameraMotionLabel) =>
    label === positive ? 1 : label === negative ? -1 : 0;
  const [x, y] = [sign("pan right", "pan left"), sign("tilt down", "tilt up")];
  const zoom = sign("zoom in", "zoom out");
  const roll = sign("roll clockwise", "roll anticlockwise");
  return Array.from({ length: frames }, (_, i) => {
    const along = progress(i);
    return {
      x: (x * travel + y * slope) * along + handX[i]!,
      y: (y * travel + x * slope) * along + handY[i]!,
      size: Math.exp(zoom === 0 ? 0 : enlarged * (0.5 - zoom * along)),
      angle: tilted + roll * turned * along + 0.5 * handAngle[i]!,
    };
  });
}

/** Cuts a turned window out of a picture: each pixel is the mean of as many points as it covers pixels, at most 4 × 4. */
function cut(
  { data, width: stride, height: rows }: SourcePicture,
  center: { readonly x: number; readonly y: number },
  side: { readonly width: number; readonly height: number },
  angle: number,
  out: Uint8Array,
  width: number,
  height: number,
): void {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const points = Math.min(4, Math.max(1, Math.ceil(Math.max(side.width / width, side.height / height))));
  const sums = new Float64Array(3);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      sums.fill(0);
      for (let point = 0; point < points * points; point++) {
        const a = ((column + ((point % points) + 0.5) / points) / width - 0.5) * side.width;
        const b = ((row + (Math.floor(point / points) + 0.5) / points) / height - 0.5) * side.height;
        const x = Math.min(stride - 1, Math.max(0, center.x + a * cos - b * sin));
        const y = Math.min(rows - 1, Math.max(0, center.y + a * sin + b * cos));
        const [x0, y0] = [Math.floor(x), Math.floor(y)];
        const [x1, y1] = [Math.min(x0 + 1, stride - 1), Math.min(y0 + 1, rows - 1)];
        const [fx, fy] = [x - x0, y - y0];
        for (let c = 0; c < 3; c++) {
          const above = data[3 * (y0 * stride + x0) + c]! * (1 - fx) + data[3 * (y0 * stride + x1) + c]! * fx;
          const below = data[3 * (y1 * stride + x0) + c]! * (1 - fx) + data[3 * (y1 * stride + x1) + c]! * fx;
          sums[c] = sums[c]! + above * (1 - fy) + below * fy;
        }
      }
      for (let c = 0; c < 3; c++) out[3 * (row * width + column) + c] = Math.round(sums[c]! / (points * points));
    }
  }
}

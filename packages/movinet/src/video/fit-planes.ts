import type { InputSize } from "../model/card.ts";
import { type ColourConversion, colourConversion } from "./colour.ts";
import { middleOf, type Orientation, type Part, placePicture, type Size } from "./geometry.ts";
import type { Plane, PlaneColours, StoredPicture } from "./stored-picture.ts";
import { type Taps, tapsOf } from "./taps.ts";

/** The part of a plane that is read: where it begins, samples in a row of it, and the taps of both sides. */
interface Reading {
  readonly offset: number;
  readonly width: number;
  readonly columns: Taps;
  readonly rows: Taps;
}

/** How pictures of one shape are read: the taps of each plane, and where the pixels of the result go. */
interface Plan {
  /** Pixels of the result as the picture is stored. */
  readonly width: number;
  readonly height: number;
  readonly readings: readonly [Reading, Reading, Reading];
  /** The pixel of the result for the first one, and steps from it for a column and for a row. */
  readonly begin: number;
  readonly column: number;
  readonly row: number;
}

/**
 * Scales decoded pictures as FFmpeg's scaler does in the decoding process: each plane by a triangle filter, then to RGB. Turns,
 * crops or pads them around the centre.
 */
export class PlaneFitter {
  readonly #size: InputSize;
  #shape = "";
  #plan: Plan | null = null;
  #colours = "";
  #conversion: ColourConversion | null = null;

  constructor(size: InputSize) {
    this.#size = size;
  }

  /** RGB rows without padding. */
  fit(picture: StoredPicture): Uint8Array {
    const { planes, colours } = picture;
    const plan = this.#planOf(picture);
    const { width, height, readings, begin, column, row } = plan;
    const data = new Uint8Array(3 * this.#size.width * this.#size.height); // black outside the picture
    const lines = planes.map((plane, i) => new PlaneLines(plane, readings[i] as Reading, width));
    const convert = this.#converterOf(colours, width);
    const isColumnOutside = Array.from({ length: width }, (_, x) => isOutside(readings[0].columns, x));
    const rgb = new Uint8Array(3 * width);
    for (let y = 0; y < height; y++) {
      if (isOutside(readings[0].rows, y)) continue;
      const [first, second, third] = lines.map((plane) => plane.row(y)) as [Float32Array, Float32Array, Float32Array];
      convert(first, second, third, rgb);
      for (let x = 0; x < width; x++) {
        if (isColumnOutside[x]) continue;
        const to = 3 * (begin + x * column + y * row);
        data[to] = rgb[3 * x] as number;
        data[to + 1] = rgb[3 * x + 1] as number;
        data[to + 2] = rgb[3 * x + 2] as number;
      }
    }
    return data;
  }

  #planOf(picture: StoredPicture): Plan {
    const { width, height, planes, leftChroma, pixelAspect, orientation } = picture;
    const sizes = planes.map((plane) => `${plane.width} ${plane.height} ${plane.stride} ${plane.step} ${plane.offset}`);
    const shape = [width, height, ...sizes, leftChroma, pixelAspect, ...Object.values(orientation)].join();
    if (this.#plan === null || shape !== this.#shape) this.#plan = planFor(picture, this.#size);
    this.#shape = shape;
    return this.#plan;
  }

  #converterOf(colours: PlaneColours, width: number): Convert {
    const kind = Object.values(colours).join();
    if (kind !== this.#colours) this.#conversion = colourConversion({ ...colours, white: 65535 });
    this.#colours = kind;
    const toRgb = rgbOf(colours);
    return this.#conversion === null ? toRgb : converted(toRgb, this.#conversion, width);
  }
}

/** Makes one row of RGB bytes from one row of each plane. */
type Convert = (first: Float32Array, second: Float32Array, third: Float32Array, rgb: Uint8Array | Uint16Array) => void;

function rgbOf({ matrix, full, bits }: PlaneColours): Convert {
  const scale = 2 ** (bits - 8);
  const black = full ? 0 : 16 * scale;
  const most = full ? 2 ** bits - 1 : 219 * scale;
  return (first, second, third, rgb) => {
    const white = rgb instanceof Uint16Array ? 65535 : 255;
    const luma = white / most;
    const clamped = (value: number) => (value < 0 ? 0 : value > white ? white : value + 0.5) | 0;
    if (matrix === null) {
      for (let x = 0, to = 0; x < first.length; x++, to += 3) {
        rgb[to] = clamped(((first[x] as number) - black) * luma);
        rgb[to + 1] = clamped(((second[x] as number) - black) * luma);
        rgb[to + 2] = clamped(((third[x] as number) - black) * luma);
      }
      return;
    }
    const { red, blue } = matrix;
    const green = 1 - red - blue;
    const middle = 2 ** (bits - 1);
    const chroma = white / (full ? most : 224 * scale);
    const [redOfRed, blueOfBlue] = [2 * (1 - red) * chroma, 2 * (1 - blue) * chroma];
    const [greenOfRed, greenOfBlue] = [(-red * redOfRed) / green, (-blue * blueOfBlue) / green];
    for (let x = 0, to = 0; x < first.length; x++, to += 3) {
      const y = ((first[x] as number) - black) * luma;
      const u = (second[x] as number) - middle;
      const v = (third[x] as number) - middle;
      rgb[to] = clamped(y + redOfRed * v);
      rgb[to + 1] = clamped(y + greenOfRed * v + greenOfBlue * u);
      rgb[to + 2] = clamped(y + blueOfBlue * u);
    }
  };
}

/** With the conversion of wide or HDR colours to SDR in between. */
function converted(toRgb: Convert, conversion: ColourConversion, width: number): Convert {
  const deep = new Uint16Array(3 * width);
  const components = [0, 1, 2].map(() => new Uint16Array(width)) as [Uint16Array, Uint16Array, Uint16Array];
  const [red, green, blue] = components.map(({ buffer }) => new Uint8Array(buffer)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  return (first, second, third, rgb) => {
    toRgb(first, second, third, deep);
    for (let i = 0; i < deep.length; i++) (components[i % 3] as Uint16Array)[(i / 3) | 0] = deep[i] as number;
    rgb.set(conversion({ red, green, blue, stride: 2 * width, width, height: 1 }));
  };
}

function isOutside({ starts }: Taps, i: number): boolean {
  return starts[i] === starts[i + 1];
}

/** The scaled rows of a plane: the source rows of each are added first, in long loops, and then scaled in width. */
class PlaneLines {
  readonly #plane: Plane;
  readonly #reading: Reading;
  readonly #tall: Float32Array;
  readonly #line: Float32Array;

  constructor(plane: Plane, reading: Reading, width: number) {
    this.#plane = plane;
    this.#reading = reading;
    this.#tall = new Float32Array(reading.width);
    this.#line = new Float32Array(width);
  }

  row(y: number): Float32Array {
    const { data, stride, step } = this.#plane;
    const { offset, rows } = this.#reading;
    const { firsts, starts, shares } = rows;
    const start = starts[y] as number;
    const end = starts[y + 1] as number;
    const tall = this.#tall;
    tall.fill(0);
    let at = offset + (firsts[y] as number) * stride;
    let k = start;
    for (; k + 1 < end; k += 2, at += 2 * stride)
      addRows(tall, data, at, stride, step, shares[k] as number, shares[k + 1] as number);
    if (k < end) addRows(tall, data, at, 0, step, shares[k] as number, 0);
    narrow(this.#line, tall, this.#reading.columns);
    return this.#line;
  }
}

/** Adds two source rows, weighted. */
function addRows(
  sums: Float32Array,
  data: Plane["data"],
  from: number,
  stride: number,
  step: number,
  upper: number,
  lower: number,
): void {
  for (let x = 0, at = from; x < sums.length; x++, at += step) {
    sums[x] = (sums[x] as number) + upper * (data[at] as number) + lower * (data[at + stride] as number);
  }
}

function narrow(line: Float32Array, tall: Float32Array, { firsts, starts, shares }: Taps): void {
  for (let x = 0; x < line.length; x++) {
    const end = starts[x + 1] as number;
    let at = firsts[x] as number;
    let sum = 0;
    for (let k = starts[x] as number; k < end; k++, at++) sum += (shares[k] as number) * (tall[at] as number);
    line[x] = sum;
  }
}

function planFor(picture: StoredPicture, size: InputSize): Plan {
  const { width, height, planes, leftChroma, pixelAspect, orientation } = picture;
  const whole: Part = { left: 0, top: 0, width, height };
  const cut = middleOf(whole, placePicture(whole, pixelAspect, orientation, size, size.fit));
  const part = { ...cut, left: cut.left - (cut.left % 2), top: cut.top - (cut.top % 2) };
  const { scaled } = placePicture(part, pixelAspect, orientation, size, size.fit);
  const window = windowOf(scaled, orientation, size);
  const read = (plane: Plane): Reading => {
    const across = Math.round(width / plane.width);
    const down = Math.round(height / plane.height);
    const columns = tapsOf({
      source: Math.ceil(part.width / across),
      scaled: scaled.width,
      target: window.width,
      begin: window.left,
      shift: leftChroma ? 0.5 - 0.5 / across : 0,
    });
    const rows = tapsOf({
      source: Math.ceil(part.height / down),
      scaled: scaled.height,
      target: window.height,
      begin: window.top,
    });
    const [left, right] = reachOf(columns);
    return {
      offset: plane.offset + (part.top / down) * plane.stride + (part.left / across + left) * plane.step,
      width: right - left,
      columns: { ...columns, firsts: columns.firsts.map((first) => first - left) },
      rows,
    };
  };
  const [first, second, third] = planes;
  const { begin, column, row } = pathOf(orientation, size);
  return {
    width: window.width,
    height: window.height,
    readings: [read(first), read(second), read(third)],
    begin,
    column,
    row,
  };
}

/** The first source pixel that is needed, and the one after the last. */
function reachOf(taps: Taps): readonly [number, number] {
  const inside = Array.from(taps.firsts.keys()).filter((i) => !isOutside(taps, i));
  const ends = inside.map(
    (i) => (taps.firsts[i] as number) + (taps.starts[i + 1] as number) - (taps.starts[i] as number),
  );
  const begins = inside.map((i) => taps.firsts[i] as number);
  return [Math.min(...begins), Math.max(...ends)];
}

/** The part of the scaled picture, as it is stored, that becomes the result. */
function windowOf(scaled: Size, { transpose, mirror, flip }: Orientation, target: Size): Part {
  const turned = transpose ? { width: scaled.height, height: scaled.width } : scaled;
  const begin = (length: number, wanted: number, isReversed: boolean) => {
    const before = Math.floor((length - wanted) / 2);
    return isReversed ? length - wanted - before : before;
  };
  const left = begin(turned.width, target.width, mirror);
  const top = begin(turned.height, target.height, flip);
  if (transpose) return { left: top, top: left, width: target.height, height: target.width };
  return { left, top, width: target.width, height: target.height };
}

/** Where in the result the stored pixels go. */
function pathOf(
  { transpose, mirror, flip }: Orientation,
  { width, height }: Size,
): Pick<Plan, "begin" | "column" | "row"> {
  const begin = (mirror ? width - 1 : 0) + (flip ? (height - 1) * width : 0);
  const across = mirror ? -1 : 1;
  const down = flip ? -width : width;
  return transpose ? { begin, column: down, row: across } : { begin, column: across, row: down };
}

import type { InputSize } from "../model/card.ts";
import { middleOf, type Orientation, type Part, placePicture, type Size } from "./geometry.ts";
import type { Plane, StoredPicture } from "./stored-picture.ts";
import { type Taps, tapsOf } from "./taps.ts";

/** The part of a plane that is read: where it begins, samples in a row of it, and the taps of both sides. */
export interface Reading {
  readonly offset: number;
  readonly width: number;
  readonly columns: Taps;
  readonly rows: Taps;
}

/** How pictures of one shape are read: the taps of each plane, and where the pixels of the result go. */
export interface Plan {
  /** Pixels of the result as the picture is stored. */
  readonly width: number;
  readonly height: number;
  readonly readings: readonly [Reading, Reading, Reading];
  /** The pixel of the result for the first one, and steps from it for a column and for a row. */
  readonly begin: number;
  readonly column: number;
  readonly row: number;
}

/** Whether a pixel of the result lies outside the picture. */
export function isOutside({ starts }: Taps, i: number): boolean {
  return starts[i] === starts[i + 1];
}

export function planFor(picture: StoredPicture, size: InputSize): Plan {
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

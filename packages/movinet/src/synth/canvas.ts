import type { Random } from "../common/random.ts";

/** A square 8-bit RGBA picture that tiles seamlessly; its side is 3 · 2^n. */
export interface Canvas {
  readonly size: number;
  readonly data: Uint8ClampedArray;
}

/** An opaque canvas. */
export function newCanvas(size: number): Canvas {
  return { size, data: new Uint8ClampedArray(4 * size * size).fill(255) };
}

/** A convex polygon or an ellipse; lengths in sides of the canvas. */
export interface Shape {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly angle: number;
  /** `ring` is an outlined ellipse. */
  readonly kind: "ellipse" | "ring" | "box" | "triangle";
}

/** Paints a shape with soft edges, lit from one side by `shade` (0: evenly), over the canvas. */
export function paintShape({ size, data }: Canvas, shape: Shape, color: Color, opacity: number, shade: number): void {
  const cos = Math.cos(shape.angle);
  const sin = Math.sin(shape.angle);
  const halfWidth = Math.max(0.6, (shape.width * size) / 2);
  const halfHeight = Math.max(0.6, (shape.height * size) / 2);
  const reachX = Math.ceil(Math.abs(cos) * halfWidth + Math.abs(sin) * halfHeight + 1);
  const reachY = Math.ceil(Math.abs(sin) * halfWidth + Math.abs(cos) * halfHeight + 1);
  const centerX = shape.x * size;
  const centerY = shape.y * size;
  const { kind } = shape;
  for (let y = Math.floor(centerY - reachY); y <= centerY + reachY; y++) {
    const dy = y - centerY;
    const row = wrap(y, size) * size;
    let column = wrap(Math.floor(centerX - reachX), size) - 1;
    for (let x = Math.floor(centerX - reachX); x <= centerX + reachX; x++) {
      column = column === size - 1 ? 0 : column + 1;
      const dx = x - centerX;
      const a = dx * cos + dy * sin;
      const b = dy * cos - dx * sin;
      let inside: number;
      if (kind === "box") inside = Math.min(halfWidth - Math.abs(a), halfHeight - Math.abs(b));
      else if (kind === "triangle")
        inside = Math.min(halfHeight - b, (halfWidth * (b / halfHeight + 1)) / 2 - Math.abs(a));
      else {
        const distance = Math.sqrt((a / halfWidth) ** 2 + (b / halfHeight) ** 2);
        inside = (1 - distance) * Math.min(halfWidth, halfHeight);
        if (kind === "ring") inside = Math.min(inside, 0.25 * Math.min(halfWidth, halfHeight) - inside);
      }
      if (inside <= -0.5) continue;
      const cover = opacity * Math.min(1, inside + 0.5);
      const light = 1 + shade * (b / halfHeight);
      const at = 4 * (row + column);
      data[at] = data[at]! + cover * (color[0] * light - data[at]!);
      data[at + 1] = data[at + 1]! + cover * (color[1] * light - data[at + 1]!);
      data[at + 2] = data[at + 2]! + cover * (color[2] * light - data[at + 2]!);
    }
  }
}

function wrap(place: number, size: number): number {
  return ((place % size) + size) % size;
}

/** Blends `over` into `canvas` with weights in 0..1. */
export function blend(canvas: Canvas, over: Canvas, weight: (index: number) => number): void {
  for (let i = 0; i < canvas.data.length; i += 4) {
    const share = weight(i >> 2);
    if (share <= 0) continue;
    for (let c = i; c < i + 3; c++) canvas.data[c] = canvas.data[c]! + share * (over.data[c]! - canvas.data[c]!);
  }
}

/** Adds one number to the three channels of every pixel. */
export function lighten(canvas: Canvas, amount: (index: number) => number): void {
  for (let i = 0; i < canvas.data.length; i += 4) {
    const more = amount(i >> 2);
    canvas.data[i] = canvas.data[i]! + more;
    canvas.data[i + 1] = canvas.data[i + 1]! + more;
    canvas.data[i + 2] = canvas.data[i + 2]! + more;
  }
}

/** Red, green and blue in 0..255. */
export type Color = readonly [number, number, number];

/** Hues of most of the world: skin, wood, earth, leaves, water, sky; the rest of the circle is rarer. */
const naturalHues = [0.03, 0.06, 0.09, 0.12, 0.22, 0.3, 0.36, 0.53, 0.58, 0.62] as const;

/** Matching colours: a few hues, mostly pale, from dark to light. */
export interface Palette {
  color(): Color;
  /** 256 colours from the palette's dark to its light end, `[256, 3]`. */
  ramp(): Uint8ClampedArray;
}

export function drawPalette(random: Random): Palette {
  const natural = random.chance(0.7);
  const hues = Array.from({ length: 1 + random.below(3) }, () => (natural ? random.pick(naturalHues) : random.next()));
  const vivid = random.chance(0.2) ? random.between(0.4, 0.95) : random.between(0, 0.45);
  const dark = random.between(0, 0.35);
  const light = random.between(0.6, 1);
  const at = (lightness: number): Color => {
    const hue = random.pick(hues) + 0.04 * random.normal();
    return fromHsv(hue, Math.min(1, vivid * random.between(0.3, 1.2)), dark + (light - dark) * lightness);
  };
  return {
    color: () => at(random.next()),
    ramp() {
      const count = 2 + random.below(4);
      const rising = random.chance(0.6);
      const stops = Array.from({ length: count }, (_, i) =>
        at(rising ? (i + 0.6 * random.next()) / (count - 0.4) : random.next()),
      );
      const table = new Uint8ClampedArray(256 * 3);
      for (let i = 0; i < 256; i++) {
        const place = (i / 255) * (count - 1);
        const stop = Math.min(Math.floor(place), count - 2);
        for (let channel = 0; channel < 3; channel++) {
          const from = stops[stop]![channel]!;
          table[3 * i + channel] = from + (place - stop) * (stops[stop + 1]![channel]! - from);
        }
      }
      return table;
    },
  };
}

function fromHsv(hue: number, saturation: number, value: number): Color {
  const channel = (shift: number) => {
    const place = (((hue * 6 + shift) % 6) + 6) % 6;
    return 255 * value * (1 - saturation * Math.max(0, Math.min(place, 4 - place, 1)));
  };
  return [channel(5), channel(3), channel(1)];
}

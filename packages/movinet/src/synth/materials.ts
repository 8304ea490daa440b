import type { Random } from "../common/random.ts";
import { type Canvas, drawPalette, newCanvas, type Palette, paintShape, type Shape } from "./canvas.ts";
import { type Field, fractal, normalsFrom } from "./field.ts";

/** Fills a canvas with one kind of material. */
export type Material = (random: Random, palette: Palette, size: number) => Canvas;

/** Colours of a ramp by a field with mean 0 and deviation 1. */
export function colored(field: Field, ramp: Uint8ClampedArray, size: number): Canvas {
  const canvas = newCanvas(size);
  for (let i = 0; i < field.length; i++) {
    const place = 3 * Math.max(0, Math.min(255, (128.5 + 52 * field[i]!) | 0));
    canvas.data[4 * i] = ramp[place]!;
    canvas.data[4 * i + 1] = ramp[place + 1]!;
    canvas.data[4 * i + 2] = ramp[place + 2]!;
  }
  return canvas;
}

/** Fractal noise: clouds, foliage, rock, carpet. */
const grain: Material = (random, palette, size) => {
  const field = fractal(random, size, 2 << random.below(4), random.between(0.5, 1));
  return colored(field, palette.ramp(), size);
};

/** Light and colour with the spectrum of photographs, independently. */
const photographic: Material = (random, palette, size) => {
  const light = fractal(random, size, 2, random.between(0.75, 1.05));
  const [warm, cold] = [0, 1].map(() => fractal(random, size, 2, random.between(0.5, 0.8), 32)) as [Field, Field];
  const canvas = newCanvas(size);
  const base = palette.color();
  const contrast = random.between(25, 60);
  const colorful = random.between(5, 30);
  for (let i = 0; i < light.length; i++) {
    const level = contrast * light[i]!;
    canvas.data[4 * i] = base[0] + level + colorful * warm[i]!;
    canvas.data[4 * i + 1] = base[1] + level - 0.4 * colorful * (warm[i]! + cold[i]!);
    canvas.data[4 * i + 2] = base[2] + level + colorful * cold[i]!;
  }
  return canvas;
};

/** Stripes or checks at any angle, distorted by noise and unevenly lit, so that motion along them is visible too. */
const stripes: Material = (random, palette, size) => {
  const turns = random.between(5, 28);
  const angle = random.between(0, Math.PI);
  const kx = Math.round(turns * Math.cos(angle));
  const ky = Math.round(turns * Math.sin(angle)) || 1;
  const crossed = random.chance(0.5);
  const hard = random.between(1, 8);
  const bent = random.chance(0.6) ? random.between(0.1, 1.4) : 0;
  const bend = fractal(random, size, 2, 0.5, 16);
  const uneven = fractal(random, size, 4, random.between(0.6, 1));
  const mottled = random.between(0.35, 0.9);
  const field = new Float32Array(size * size);
  const unit = (2 * Math.PI) / size;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const i = y * size + x;
      let wave = hard * Math.sin(unit * (kx * x + ky * y) + bent * bend[i]!);
      if (crossed) wave *= Math.sin(unit * (kx * y - ky * x) + bent * bend[i]!);
      field[i] = wave / (1 + Math.abs(wave)) + mottled * uneven[i]!;
    }
  }
  return colored(field, palette.ramp(), size);
};

/** Cells around scattered points: paving, stained glass, distant crowds. */
const cells: Material = (random, palette, size) => {
  const count = 6 + random.below(26);
  const place = Float32Array.from({ length: 2 * count * count }, () => random.next());
  const colors = Array.from({ length: count * count }, () => palette.color());
  const joint = random.chance(0.5) ? random.between(0.03, 0.12) : 0;
  const jointColor = palette.color();
  const canvas = newCanvas(size);
  for (let y = 0; y < size; y++) {
    const cy = (y * count) / size;
    const row = Math.floor(cy);
    for (let x = 0; x < size; x++) {
      const cx = (x * count) / size;
      const column = Math.floor(cx);
      let first = 9;
      let second = 9;
      let cell = 0;
      for (let j = row - 1; j <= row + 1; j++) {
        const line = (j < 0 ? j + count : j === count ? 0 : j) * count;
        for (let i = column - 1; i <= column + 1; i++) {
          const at = line + (i < 0 ? i + count : i === count ? 0 : i);
          const dx = i + place[2 * at]! - cx;
          const dy = j + place[2 * at + 1]! - cy;
          const distance = dx * dx + dy * dy;
          if (distance < first) {
            second = first;
            first = distance;
            cell = at;
          } else if (distance < second) second = distance;
        }
      }
      const shown = joint > 0 && Math.sqrt(second) - Math.sqrt(first) < joint ? jointColor : colors[cell]!;
      const at = 4 * (y * size + x);
      canvas.data[at] = shown[0];
      canvas.data[at + 1] = shown[1];
      canvas.data[at + 2] = shown[2];
    }
  }
  return canvas;
};

/** Dead leaves: things of all sizes that occlude each other, as in photographs (Lee, Mumford, Huang 2001). */
const leaves: Material = (random, palette, size) => {
  const canvas = photographic(random, palette, size);
  const kinds = random.shuffle(["ellipse", "box", "triangle"] as const).slice(0, 1 + random.below(3));
  const upright = random.chance(0.4);
  const [least, most] = [random.between(0.006, 0.02), random.between(0.08, 0.2)];
  let area = random.between(0.5, 2.5);
  const sizes: number[] = [];
  while (area > 0 && sizes.length < 2500) {
    const length = 1 / Math.sqrt(random.between(1 / most ** 2, 1 / least ** 2));
    sizes.push(length);
    area -= length ** 2;
  }
  for (const length of sizes.sort((a, b) => b - a + 0.6 * least * random.normal())) {
    const shape: Shape = {
      ...{ x: random.next(), y: random.next(), width: length * random.between(0.5, 1.6), height: length },
      ...{ angle: upright ? 0 : random.between(0, Math.PI), kind: random.pick(kinds) },
    };
    paintShape(canvas, shape, palette.color(), random.chance(0.8) ? 1 : 0.5, random.between(-0.35, 0.35));
  }
  return canvas;
};

/** A few things in front of a plain background: a wall, a floor, a table. */
const sparse: Material = (random, palette, size) => {
  const canvas = colored(fractal(random, size, 2, random.between(0.35, 0.6)), palette.ramp(), size);
  const count = 25 + random.below(60);
  for (let i = 0; i < count; i++) {
    const length = random.between(0.015, 0.09);
    const shape: Shape = {
      ...{ x: random.next(), y: random.next(), width: length * random.between(0.2, 2), height: length },
      ...{ angle: random.between(0, Math.PI), kind: random.pick(["ellipse", "ring", "box", "triangle"] as const) },
    };
    paintShape(canvas, shape, palette.color(), random.between(0.5, 1), random.between(-0.3, 0.3));
  }
  return canvas;
};

/** Lines of writing-like marks on paper, a screen or a sign. */
const writing: Material = (random, palette, size) => {
  const canvas = colored(fractal(random, size, 2, 0.5), palette.ramp(), size);
  const lines = 14 + random.below(20);
  const ink = palette.color();
  const paper = palette.color();
  for (let line = 0; line < lines; line++) {
    const y = (line + 0.5) / lines;
    const height = random.between(0.35, 0.7) / lines;
    if (random.chance(0.7)) {
      const band = { x: 0.5, y, width: 1, height: 0.99 / lines, angle: 0, kind: "box" } as const;
      paintShape(canvas, band, paper, 0.7, 0);
    }
    let x = random.next() * 0.1;
    while (x < 1) {
      const width = random.between(0.2, 0.9) * height;
      const kind = random.pick(["box", "ring", "triangle", "box"] as const);
      const thin = kind === "box" ? 0.4 : 1;
      const angle = kind === "box" && random.chance(0.3) ? random.between(-0.6, 0.6) : 0;
      paintShape(canvas, { x, y, width: width * thin, height, angle, kind }, ink, 0.95, 0);
      if (kind === "box" && random.chance(0.5)) {
        const bar = { x: x + width / 2, y: y + random.pick([-0.4, 0, 0.4]) * height, width, height: 0.2 * height };
        paintShape(canvas, { ...bar, angle: 0, kind }, ink, 0.95, 0);
      }
      x += width + (random.chance(0.2) ? 1.2 : 0.25) * height;
    }
  }
  return canvas;
};

/** Rows of windows, shelves or tiles, all slightly different. */
const facade: Material = (random, palette, size) => {
  const canvas = colored(fractal(random, size, 4, random.between(0.5, 0.9)), palette.ramp(), size);
  const [rows, columns] = [5 + random.below(14), 5 + random.below(14)];
  const [tall, wide] = [random.between(0.4, 0.95), random.between(0.4, 0.95)];
  const lively = random.between(0.15, 1);
  const common = palette.color();
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (random.chance(0.12)) continue;
      const place = { x: (column + 0.5) / columns, y: (row + 0.5) / rows, angle: 0, kind: "box" } as const;
      const side = { width: wide / columns, height: tall / rows };
      const color = random.chance(lively) ? palette.color() : common;
      paintShape(canvas, { ...place, ...side }, color, 0.9, random.between(-0.3, 0.3));
      if (random.chance(0.4)) {
        const part = { width: side.width * random.between(0.1, 0.6), height: side.height * random.between(0.1, 0.8) };
        paintShape(canvas, { ...place, ...part }, palette.color(), 0.9, 0);
      }
    }
  }
  return canvas;
};

/** Sky above ridges, one in front of the other. */
const ridges: Material = (random, palette, size) => {
  const sky = fractal(random, size, 2, random.between(0.3, 0.65));
  const canvas = colored(sky, palette.ramp(), size);
  const ground = fractal(random, size, 4, random.between(0.7, 1));
  const count = 2 + random.below(3);
  for (let ridge = 0; ridge < count; ridge++) {
    const ramp = palette.ramp();
    const line = fractal(random, size, 2 << random.below(3), random.between(0.45, 0.8)).subarray(0, size);
    const height = 0.25 + (0.6 * ridge) / count;
    const rough = random.between(0.02, 0.06);
    const uneven = random.between(20, 50);
    for (let x = 0; x < size; x++) {
      const top = Math.round(size * (height + rough * line[x]!));
      for (let y = Math.max(0, top); y < size; y++) {
        const i = y * size + x;
        const place = 3 * Math.max(0, Math.min(255, Math.round(128 + uneven * ground[i]!)));
        for (let c = 0; c < 3; c++) canvas.data[4 * i + c] = ramp[place + c]!;
      }
    }
  }
  return canvas;
};

/** Out-of-focus lights on dark or pale ground. */
const lights: Material = (random, palette, size) => {
  const canvas = colored(fractal(random, size, 2, 0.45), palette.ramp(), size);
  const side = random.between(0.02, 0.07);
  const draw = normalsFrom(random);
  for (let i = 0; i < 180; i++) {
    const length = side * Math.max(0.3, 1 + 0.4 * draw());
    const place = { x: random.next(), y: random.next(), angle: 0 };
    paintShape(
      canvas,
      { ...place, width: length, height: length, kind: "ellipse" },
      palette.color(),
      random.between(0.2, 0.9),
      0,
    );
  }
  return canvas;
};

/** The materials; those most like photographs are more frequent. */
const materials: readonly Material[] = [
  ...[grain, photographic, photographic, leaves, leaves, leaves],
  ...[stripes, cells, sparse, writing, facade, facade, ridges, ridges, lights],
];

export function paintMaterial(random: Random, size: number): Canvas {
  return random.pick(materials)(random, drawPalette(random), size);
}

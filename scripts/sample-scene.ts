/** A painted landscape, and what a camera sees of it: the clip of the README's picture. */
import { Resvg } from "@resvg/resvg-js";

/** Of the landscape, in its own units; it is painted at twice this size. */
const size = { width: 2400, height: 1200 };
const zoom = 2;

/** A view: its centre and its width in the landscape. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** Repeatable numbers in 0..1. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A skyline from the left to the right and down to the bottom. */
function ridge(top: number, rough: number, color: string, next: () => number): string {
  const points = Array.from(
    { length: 41 },
    (_, i) => `L${i * 60} ${top - rough * (0.3 + next()) * (i % 2 ? 1 : 0.45)}`,
  );
  return `<path d="M0 ${size.height}${points.join("")}V${size.height}z" fill="${color}"/>`;
}

function tree(x: number, y: number, high: number, next: () => number): string {
  const green = ["#2f5a34", "#3b6b3a", "#28503d", "#48733a"][Math.floor(next() * 4)];
  const crown = [0, 1, 2].map((level) => {
    const wide = high * (0.36 - 0.08 * level);
    const foot = y - high * (0.15 + 0.25 * level);
    return `<path d="M${x - wide} ${foot}L${x} ${foot - high * 0.45}L${x + wide} ${foot}z" fill="${green}"/>`;
  });
  return `<rect x="${x - high * 0.05}" y="${y - high * 0.2}" width="${high * 0.1}" height="${high * 0.2}" fill="#5a4230"/>${crown.join("")}`;
}

function house(x: number, y: number, wide: number, next: () => number): string {
  const wall = ["#e8dcc4", "#d9b28c", "#c9d3d6", "#e3c9b8"][Math.floor(next() * 4)];
  const roof = ["#8c3b2e", "#5a4a48", "#a8542f"][Math.floor(next() * 3)];
  const windows = [0.15, 0.45, 0.72].map(
    (at) =>
      `<rect x="${x + wide * at}" y="${y - wide * 0.42}" width="${wide * 0.14}" height="${wide * 0.2}" fill="#39505c"/>`,
  );
  return `<rect x="${x}" y="${y - wide * 0.6}" width="${wide}" height="${wide * 0.6}" fill="${wall}"/><path d="M${x - wide * 0.1} ${y - wide * 0.58}L${x + wide * 0.5} ${y - wide}L${x + wide * 1.1} ${y - wide * 0.58}z" fill="${roof}"/>${windows.join("")}`;
}

function cloud(x: number, y: number, wide: number): string {
  const puffs = [-0.4, -0.15, 0.15, 0.4].map(
    (at, i) => `<circle cx="${x + at * wide}" cy="${y - (i % 3) * wide * 0.06}" r="${wide * (0.2 + (i % 2) * 0.08)}"/>`,
  );
  return `<g fill="#ffffff" fill-opacity="0.85">${puffs.join("")}</g>`;
}

function landscape(): string {
  const next = numbers(7);
  const many = <T>(count: number, draw: (i: number) => T) => Array.from({ length: count }, (_, i) => draw(i));
  const clouds = many(22, (i) => cloud((i + next()) * 110, 80 + 330 * next(), 90 + 130 * next()));
  const far = many(46, (i) => tree((i + next()) * 53, 740 + 25 * next(), 50 + 40 * next(), next));
  const town = many(15, (i) => house(120 + (i + 0.6 * next()) * 152, 800 + 45 * next(), 70 + 50 * next(), next));
  const near = many(30, (i) => tree((i + next()) * 82, 900 + 120 * next(), 110 + 70 * next(), next));
  const flowers = many(900, () => {
    const color = ["#f2d14b", "#e8eef0", "#d96c8a", "#5f8a3a", "#86a94f"][Math.floor(next() * 5)];
    return `<circle cx="${next() * size.width}" cy="${830 + 370 * next()}" r="${2 + 5 * next()}" fill="${color}"/>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" width="${size.width}" height="${size.height}">
<defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="#3f7fbf"/><stop offset="0.6" stop-color="#cfe3ef"/></linearGradient></defs>
<rect width="${size.width}" height="${size.height}" fill="url(#sky)"/>${clouds.join("")}
${ridge(640, 190, "#8fa3b5", next)}${ridge(700, 110, "#6f8a86", next)}${ridge(745, 60, "#7d9b62", next)}${far.join("")}
<path d="M0 790 Q600 740 1200 800 T2400 780 V1200 H0z" fill="#93b162"/>${town.join("")}${flowers.join("")}${near.join("")}</svg>`;
}

/** Paints the landscape once; the function gives what a view of it looks like: RGB `[height, width, 3]`. */
export function openScene(width: number, height: number): (view: View) => Uint8Array {
  const image = new Resvg(landscape(), { fitTo: { mode: "zoom", value: zoom } }).render();
  const { pixels } = image;
  const [right, bottom] = [image.width - 1, image.height - 1];
  return ({ x, y, width: wide }) => {
    const side = (wide / width) * zoom;
    const data = new Uint8Array(width * height * 3);
    let at = 0;
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        // The mean of four painted pixels under each of the view.
        for (let part = 0; part < 4; part++) {
          const px = x * zoom + (column - width / 2 + 0.25 + 0.5 * (part % 2)) * side;
          const py = y * zoom + (row - height / 2 + 0.25 + 0.5 * (part >> 1)) * side;
          const from = 4 * (Math.min(bottom, Math.max(0, py | 0)) * image.width + Math.min(right, Math.max(0, px | 0)));
          for (let channel = 0; channel < 3; channel++) data[at + channel]! += pixels[from + channel]! >> 2;
        }
        at += 3;
      }
    }
    return data;
  };
}

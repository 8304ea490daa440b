import { printable } from "../common/printable.ts";
import { rasterize } from "./raster.node.ts";
import { escapeMarkup, plotFont } from "./svg.ts";
import { splitGraphemes } from "./text.ts";

/** How much of each pixel a text covers, 0..255, row by row. */
export interface TextMask {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  /** Rows above the baseline. */
  readonly ascent: number;
}

export interface TextStyle {
  /** Pixels. */
  readonly size: number;
  readonly bold: boolean;
}

/** Rows of a mask, and those above its baseline, in font sizes. */
const lineHeight = 1.3;
const ascent = 0.98;
/** More than the widest characters take, in font sizes. */
const widest = 1.2;
/** A text that is too wide is drawn smaller, down to this; then it is cut. */
const smallest = 0.75;
/** Masks that are kept: those of all classes and numbers fit. */
const mostKept = 3000;

/** Draws texts, each once. */
export class TextMasks {
  readonly #kept = new Map<string, TextMask>();
  readonly #warn: (warning: string) => void;

  /** @param warn is called with a sentence for each text that shows boxes, because no font has its characters. */
  constructor(warn: (warning: string) => void) {
    this.#warn = warn;
  }

  /** The mask of one line of text, at most `room` pixels wide: smaller, then cut with an ellipsis, where it is too long. */
  async fit(text: string, style: TextStyle, room: number): Promise<TextMask> {
    const key = `${style.size} ${style.bold} ${room} ${text}`;
    const kept = this.#kept.get(key);
    if (kept) return kept;
    const mask = await this.#fitted(printable(text), style, room);
    if (this.#kept.size >= mostKept) this.#kept.clear();
    this.#kept.set(key, mask);
    return mask;
  }

  async #fitted(text: string, { size, bold }: TextStyle, room: number): Promise<TextMask> {
    const whole = await drawMask(text, { size, bold }, this.#warn);
    if (whole.width <= room) return whole;
    const smaller = { size: Math.max(smallest, room / whole.width) * size, bold };
    const shrunk = await drawMask(text, smaller, () => {});
    if (shrunk.width <= room) return shrunk;
    const characters = splitGraphemes(text);
    for (let count = Math.floor((characters.length * room) / shrunk.width); count > 0; count--) {
      const cut = await drawMask(`${characters.slice(0, count).join("").trimEnd()}…`, smaller, () => {});
      if (cut.width <= room) return cut;
    }
    return { width: 0, height: 0, data: new Uint8Array(), ascent: 0 };
  }
}

async function drawMask(text: string, { size, bold }: TextStyle, warn: (warning: string) => void): Promise<TextMask> {
  const [width, height] = [Math.ceil((text.length + 1) * widest * size), Math.ceil(lineHeight * size)];
  const look = `font-family="${plotFont}" font-size="${size}" font-weight="${bold ? 700 : 400}" fill="white"`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><text x="1" y="${Math.round(ascent * size)}" ${look} xml:space="preserve">${escapeMarkup(text)}</text></svg>`;
  const image = await rasterize(svg, 1, warn);
  return { ...cropped(image.pixels, image.width, image.height), ascent: Math.round(ascent * size) };
}

/** The alpha of RGBA pixels, without the empty columns at the right. */
function cropped(pixels: Uint8Array, stride: number, height: number): Omit<TextMask, "ascent"> {
  let width = 0;
  for (let i = 0; i < stride * height; i++) {
    if (pixels[4 * i + 3] !== 0) width = Math.max(width, (i % stride) + 1);
  }
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data[y * width + x] = pixels[4 * (y * stride + x) + 3] as number;
  }
  return { width, height, data };
}

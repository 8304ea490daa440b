import { type Overlay, pixelsOf } from "./overlay.ts";

/** How the planes of a 4:2:0 picture store colours. */
export interface PlaneColour {
  /** Shares of red and blue in luma. */
  readonly red: number;
  readonly blue: number;
  /** Whether luma fills all codes, or 16 to 235 of 256. */
  readonly full: boolean;
  readonly bits: 8 | 10;
  /** The stored value, 0..1, at which white paper is shown: 1, or less in HDR. */
  readonly white: number;
}

/** Rows of one component; `stride` counts values, not bytes. */
export interface Plane {
  readonly data: Uint8Array | Uint16Array;
  readonly stride: number;
}

/** Luma, and the two chroma planes of half its size, rounded up. */
export type Planes = readonly [Plane, Plane, Plane];

/** Of each pixel of a plane: 256ths of it that stay, and 256 times what is added. */
interface Layer {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly keep: Uint16Array;
  readonly add: Int32Array;
}

/** An overlay in the colours of a video's planes, for all the pictures that it is drawn over. */
export class Blend {
  readonly #convert: (pixel: number) => Converted;
  #layers: readonly [Layer, Layer, Layer] | null = null;

  constructor(colour: PlaneColour) {
    this.#convert = converterOf(colour);
  }

  /** Takes another overlay; one as large at the same place takes the memory of the one before. */
  set(overlay: Overlay): void {
    const { width, height } = overlay;
    const pixels = pixelsOf(overlay);
    const [luma, blues, reds] = this.#layersFor(overlay);
    const convert = this.#convert;
    const sum = { alpha: 0, blue: 0, red: 0 };
    const take = (p: number) => {
      const pixel = convert(pixels[p] as number);
      luma.keep[p] = pixel.keep;
      luma.add[p] = pixel.luma;
      sum.alpha += pixel.alpha;
      sum.blue += pixel.blue;
      sum.red += pixel.red;
    };
    for (let y = 0, cell = 0; y < height; y += 2) {
      for (let x = 0; x < width; x += 2, cell++) {
        const p = y * width + x;
        const [isWide, isHigh] = [x + 1 < width, y + 1 < height];
        sum.alpha = 0;
        sum.blue = 0;
        sum.red = 0;
        take(p);
        if (isWide) take(p + 1);
        if (isHigh) take(p + width);
        if (isWide && isHigh) take(p + width + 1);
        const share = (isWide ? 0.5 : 1) * (isHigh ? 0.5 : 1);
        const keep = Math.floor(256 * (1 - sum.alpha * share));
        blues.keep[cell] = keep;
        reds.keep[cell] = keep;
        blues.add[cell] = sum.blue * share;
        reds.add[cell] = sum.red * share;
      }
    }
  }

  #layersFor({ left, top, width, height }: Overlay): readonly [Layer, Layer, Layer] {
    const before = this.#layers?.[0];
    const isSame = before?.left === left && before.top === top && before.width === width && before.height === height;
    if (this.#layers && isSame) return this.#layers;
    const half = { left: left / 2, top: top / 2, width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
    this.#layers = [newLayer({ left, top, width, height }), newLayer(half), newLayer(half)];
    return this.#layers;
  }

  /** Draws it over a picture of `width × height`; what reaches beyond is cut off. */
  draw(planes: Planes, width: number, height: number): void {
    for (const [i, layer] of (this.#layers ?? []).entries()) {
      const { data, stride } = planes[i] as Plane;
      const { keep, add } = layer;
      const columns = Math.min(layer.width, (i === 0 ? width : (width + 1) >> 1) - layer.left);
      const rows = Math.min(layer.height, (i === 0 ? height : (height + 1) >> 1) - layer.top);
      for (let y = 0; y < rows; y++) {
        let from = y * layer.width;
        let at = (layer.top + y) * stride + layer.left;
        for (const end = at + columns; at < end; at++, from++) {
          data[at] = ((data[at] as number) * (keep[from] as number) + (add[from] as number) + 128) >> 8;
        }
      }
    }
  }
}

/** A pixel of an overlay: what stays of the picture's luma in 256ths, and 256 times what is added to luma and chroma. */
interface Converted {
  readonly alpha: number;
  readonly keep: number;
  readonly luma: number;
  readonly blue: number;
  readonly red: number;
}

/** Converts RGBA pixels, each a number as {@link pixelsOf} makes them; neighbours are mostly alike, so the last one is kept. */
function converterOf({ red, blue, full, bits, white }: PlaneColour): (pixel: number) => Converted {
  const scale = 1 << (bits - 8);
  const most = (1 << bits) - 1;
  const black = full ? 0 : 16 * scale;
  const lumaRange = full ? most : 219 * scale;
  const chromaRange = full ? most : 224 * scale;
  const bytes = new Uint8Array(4);
  const number = new Uint32Array(bytes.buffer);
  let known = 0;
  let last: Converted = { alpha: 0, keep: 256, luma: 0, blue: 0, red: 0 };
  return (pixel) => {
    if (pixel === known) return last;
    known = pixel;
    number[0] = pixel;
    const [r, g, b, alpha] = Array.from(bytes, (value) => value / 255) as [number, number, number, number];
    const light = white * (red * r + (1 - red - blue) * g + blue * b);
    const chroma = (difference: number) => 256 * (128 * scale * alpha + chromaRange * difference);
    last = {
      alpha,
      keep: Math.floor(256 * (1 - alpha)),
      luma: 256 * (black * alpha + lumaRange * light),
      blue: chroma((white * b - light) / (2 * (1 - blue))),
      red: chroma((white * r - light) / (2 * (1 - red))),
    };
    return last;
  };
}

function newLayer(place: Omit<Layer, "keep" | "add">): Layer {
  const pixels = place.width * place.height;
  return { ...place, keep: new Uint16Array(pixels), add: new Int32Array(pixels) };
}

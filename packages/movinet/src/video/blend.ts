import type { Overlay } from "./overlay.ts";

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
  readonly #layers: readonly [Layer, Layer, Layer];

  constructor(overlay: Overlay, colour: PlaneColour) {
    const { red, blue, full, bits, white } = colour;
    const { left, top, width, height, data } = overlay;
    const scale = 1 << (bits - 8);
    const top8 = full ? 255 : 219;
    const chroma8 = full ? 255 : 224;
    const luma = newLayer({ left, top, width, height });
    const half = { left: left / 2, top: top / 2, width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
    const [blues, reds] = [newLayer(half), newLayer(half)];
    const sums = new Float32Array(3 * half.width * half.height);
    const peak = full ? (1 << bits) - 1 : top8 * scale;
    const chroma = full ? (1 << bits) - 1 : chroma8 * scale;
    for (let y = 0, p = 0; y < height; y++) {
      for (let x = 0; x < width; x++, p++) {
        const alpha = (data[4 * p + 3] as number) / 255;
        const r = ((data[4 * p] as number) / 255) * white;
        const g = ((data[4 * p + 1] as number) / 255) * white;
        const b = ((data[4 * p + 2] as number) / 255) * white;
        const light = red * r + (1 - red - blue) * g + blue * b;
        luma.keep[p] = Math.floor(256 * (1 - alpha));
        luma.add[p] = 256 * ((full ? 0 : 16 * scale * alpha) + peak * light);
        const at = 3 * ((y >> 1) * half.width + (x >> 1));
        sums[at] = (sums[at] as number) + alpha;
        sums[at + 1] = (sums[at + 1] as number) + (b - light) / (2 * (1 - blue));
        sums[at + 2] = (sums[at + 2] as number) + (r - light) / (2 * (1 - red));
      }
    }
    for (let y = 0, p = 0; y < half.height; y++) {
      for (let x = 0; x < half.width; x++, p++) {
        const count = Math.min(2, width - 2 * x) * Math.min(2, height - 2 * y);
        const alpha = (sums[3 * p] as number) / count;
        for (const [k, layer] of [blues, reds].entries()) {
          layer.keep[p] = Math.floor(256 * (1 - alpha));
          layer.add[p] = 256 * (128 * scale * alpha + (chroma * (sums[3 * p + 1 + k] as number)) / count);
        }
      }
    }
    this.#layers = [luma, blues, reds];
  }

  /** Draws it over a picture of `width × height`; what reaches beyond is cut off. */
  draw(planes: Planes, width: number, height: number): void {
    for (const [i, layer] of this.#layers.entries()) {
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

function newLayer(place: Omit<Layer, "keep" | "add">): Layer {
  const pixels = place.width * place.height;
  return { ...place, keep: new Uint16Array(pixels), add: new Int32Array(pixels) };
}

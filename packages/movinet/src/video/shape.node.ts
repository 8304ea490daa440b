import { AV_FRAME_DATA_DISPLAYMATRIX, AV_PKT_DATA_FRAME_CROPPING } from "node-av/constants";
import type { Frame as AVFrame, Stream } from "node-av/lib";
import { displaySize, type Orientation, offQuarterTurn, orientationOf, type Part, type Size } from "./geometry.ts";

/** A pixel that claims to be this many times as wide as high, or as high as wide, is a mistake. */
const mostAspect = 16;

/** How a stored picture is to be shown. */
export interface Shape {
  /** What is shown of the stored picture. */
  readonly part: Part;
  /** Width / height of a stored pixel. */
  readonly pixelAspect: number;
  readonly orientation: Orientation;
  /** Size in square pixels, upright. */
  readonly shown: Size;
}

/** The one place that says how a picture is to be shown: by what the container says, and where it is silent by the picture. */
export class Shapes {
  /** What the file says and cannot mean. */
  readonly warnings = new Set<string>();
  readonly #containerAspect: number | null;
  readonly #margins: Margins;

  constructor(stream: Stream) {
    this.#containerAspect = this.#aspectOf(stream.sampleAspectRatio);
    this.#margins = marginsOf(stream.codecpar.getCodedSideData(AV_PKT_DATA_FRAME_CROPPING));
  }

  of(picture: AVFrame): Shape {
    const part = this.#partOf(picture);
    const pixelAspect = this.#containerAspect ?? this.#aspectOf(picture.sampleAspectRatio) ?? 1;
    // FFmpeg hands the container's matrix on to every picture; the picture's own counts where there is none.
    const matrix = picture.getSideData(AV_FRAME_DATA_DISPLAYMATRIX);
    const off = offQuarterTurn(matrix);
    if (off > 1) this.warnings.add(`its turn is ${off}° off a quarter turn and was rounded to the nearest`);
    const orientation = orientationOf(matrix);
    return { part, pixelAspect, orientation, shown: displaySize(part, pixelAspect, orientation) };
  }

  #aspectOf({ num, den }: { num: number; den: number }): number | null {
    if (num <= 0 || den <= 0) return null;
    const aspect = num / den;
    if (aspect <= mostAspect && aspect >= 1 / mostAspect) return aspect;
    this.warnings.add(`it says that its pixels are ${num}:${den}, which cannot be; that was ignored`);
    return null;
  }

  #partOf({ width, height }: Size): Part {
    const { left, right, top, bottom } = this.#margins;
    if (left + right < width && top + bottom < height) {
      return { left, top, width: width - left - right, height: height - top - bottom };
    }
    this.warnings.add("it says that all of the picture is to be cut off; that was ignored");
    return { left: 0, top: 0, width, height };
  }
}

interface Margins {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Reads four little-endian uint32. */
function marginsOf(bytes: Uint8Array | null): Margins {
  if (!bytes || bytes.byteLength < 16) return { left: 0, right: 0, top: 0, bottom: 0 };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = (offset: number) => view.getUint32(offset, true);
  return { top: at(0), bottom: at(4), left: at(8), right: at(12) };
}

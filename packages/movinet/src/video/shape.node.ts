import { AV_FRAME_DATA_DISPLAYMATRIX, AV_PKT_DATA_FRAME_CROPPING } from "node-av/constants";
import type { Frame as AVFrame, Stream } from "node-av/lib";
import { displaySize, type Orientation, offQuarterTurn, orientationOf, type Part, type Size } from "./geometry.ts";

/** A pixel aspect ratio beyond this is an error. */
const mostAspect = 16;

/** How to display a stored picture. */
export interface Shape {
  /** The visible part of the stored picture. */
  readonly part: Part;
  /** Width / height of a stored pixel. */
  readonly pixelAspect: number;
  readonly orientation: Orientation;
  /** Size in square pixels, upright. */
  readonly shown: Size;
}

/** The only place that decides how a picture is displayed: by the container, or else by the picture. */
export class Shapes {
  /** Impossible declarations in the file. */
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
    // FFmpeg copies the container's matrix to every picture; without one, the picture's own counts.
    const matrix = picture.getSideData(AV_FRAME_DATA_DISPLAYMATRIX);
    const off = offQuarterTurn(matrix);
    if (off > 1) this.warnings.add(`its rotation is ${off}° off a quarter turn and was rounded`);
    const orientation = orientationOf(matrix);
    return { part, pixelAspect, orientation, shown: displaySize(part, pixelAspect, orientation) };
  }

  #aspectOf({ num, den }: { num: number; den: number }): number | null {
    if (num <= 0 || den <= 0) return null;
    const aspect = num / den;
    if (aspect <= mostAspect && aspect >= 1 / mostAspect) return aspect;
    this.warnings.add(`ignored its impossible pixel aspect ratio ${num}:${den}`);
    return null;
  }

  #partOf({ width, height }: Size): Part {
    const { left, right, top, bottom } = this.#margins;
    if (left + right < width && top + bottom < height) {
      return { left, top, width: width - left - right, height: height - top - bottom };
    }
    this.warnings.add("ignored its cropping, which would remove the whole frame");
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

/// <reference lib="dom" />
import { videoError } from "./failures.ts";
import type { Orientation, Size } from "./geometry.ts";
import { coloursOf, type NamedColours, type Plane, type StoredPicture } from "./stored-picture.ts";

/** The samples of a pixel format: chroma planes are smaller by these numbers, or one plane has both in turn (NV12). */
interface Layout {
  readonly across: number;
  readonly down: number;
  readonly bits: number;
  readonly isPaired: boolean;
}

const layouts: Readonly<Record<string, Layout>> = {
  ...planar("I420", 2, 2),
  ...planar("I422", 2, 1),
  ...planar("I444", 1, 1),
  NV12: { across: 2, down: 2, bits: 8, isPaired: true },
};

/** A format with three planes, or with alpha as a fourth, in 8, 10 and 12 bits. */
function planar(name: string, across: number, down: number): Record<string, Layout> {
  const formats = [8, 10, 12].flatMap((bits) => {
    const layout = { across, down, bits, isPaired: false };
    const deep = bits === 8 ? "" : `P${bits}`;
    return [
      [`${name}${deep}`, layout],
      [`${name}A${deep}`, layout],
    ] as const;
  });
  return Object.fromEntries(formats);
}

/** What the file says of its frames. */
export interface FrameFacts {
  /** For errors. */
  readonly name: string;
  readonly pixelAspect: number;
  readonly orientation: Orientation;
  readonly colours: NamedColours;
  readonly leftChroma: boolean;
}

/** Reads the samples of frames into memory that is given for each. */
export class FrameReader {
  readonly #facts: FrameFacts;
  readonly #reserve: (bytes: number) => Uint8Array<ArrayBuffer>;

  constructor(facts: FrameFacts, reserve: (bytes: number) => Uint8Array<ArrayBuffer>) {
    this.#facts = facts;
    this.#reserve = reserve;
  }

  /** The picture of a frame, valid until the next call. */
  async read(frame: VideoFrame): Promise<StoredPicture> {
    const layout = layouts[frame.format ?? ""];
    const { width, height } = storedSize(frame);
    const picture = { ...this.#facts, width, height };
    if (layout === undefined) return { ...picture, ...this.#drawn(frame, width, height) };
    const memory = this.#reserve(frame.allocationSize());
    const places = await frame.copyTo(memory);
    const named = namedColours(frame.colorSpace, this.#facts.colours);
    const colours = coloursOf(named, height, layout.bits);
    const planes = planesOf(memory, places, layout, width, height);
    const [green, blue, red] = planes;
    return { ...picture, planes: colours.matrix === null ? [red, green, blue] : planes, colours };
  }

  /** For formats of RGB, and frames in the memory of a GPU: on white, which FFmpeg puts behind a transparent GIF. */
  #drawn(frame: VideoFrame, width: number, height: number): Pick<StoredPicture, "planes" | "colours"> {
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    if (context === null) throw videoError(this.#facts.name, "canvas");
    context.fillStyle = "white";
    context.fillRect(0, 0, width, height);
    context.drawImage(frame, 0, 0, width, height);
    const data = new Uint8Array(context.getImageData(0, 0, width, height).data.buffer);
    const plane = (offset: number): Plane => ({ data, offset, stride: 4 * width, step: 4, width, height });
    const colours = coloursOf({ matrix: "rgb", fullRange: true }, height, 8);
    return { planes: [plane(0), plane(1), plane(2)], colours };
  }
}

/** Pixels of a frame as it is stored, without those that only the codec needs. */
export function storedSize({ visibleRect, codedWidth, codedHeight }: VideoFrame): Size {
  return visibleRect ?? { width: codedWidth, height: codedHeight };
}

/** What the file says, else the browser; but decoders know the range best. */
function namedColours(own: VideoColorSpace, container: NamedColours): NamedColours {
  return {
    primaries: container.primaries ?? own.primaries,
    transfer: container.transfer ?? own.transfer,
    matrix: container.matrix ?? own.matrix,
    fullRange: own.fullRange ?? container.fullRange,
  };
}

function planesOf(
  memory: Uint8Array<ArrayBuffer>,
  places: readonly PlaneLayout[],
  { across, down, bits, isPaired }: Layout,
  width: number,
  height: number,
): StoredPicture["planes"] {
  const bytes = bits > 8 ? 2 : 1;
  const data = bytes === 2 ? new Uint16Array(memory.buffer, memory.byteOffset, memory.length >> 1) : memory;
  const chroma = { width: Math.ceil(width / across), height: Math.ceil(height / down) };
  const plane = (i: number, size: { readonly width: number; readonly height: number }, shift = 0, step = 1): Plane => {
    const { offset, stride } = places[i] as PlaneLayout;
    return { data, offset: offset / bytes + shift, stride: stride / bytes, step, ...size };
  };
  const luma = plane(0, { width, height });
  if (isPaired) return [luma, plane(1, chroma, 0, 2), plane(1, chroma, 1, 2)];
  return [luma, plane(1, chroma), plane(2, chroma)];
}

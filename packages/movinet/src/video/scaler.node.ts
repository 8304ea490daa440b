import {
  AV_FRAME_FLAG_INTERLACED,
  AV_PIX_FMT_GBRP16LE,
  AV_PIX_FMT_RGB24,
  AVCOL_RANGE_JPEG,
  AVCOL_SPC_RGB,
} from "node-av/constants";
import { type Frame as AVFrame, FFmpegError, SoftwareScaleContext, type Stream } from "node-av/lib";
import { type ColourConversion, colourConversion, type PictureColour } from "./colour.ts";
import { check, Fail } from "./decoder-output.node.ts";
import { PictureFilter } from "./filter.node.ts";
import { arrangePicture, middleOf, type Part, placePicture, type Region, regionOf, type Size } from "./geometry.ts";
import { Colours } from "./picture-colour.node.ts";
import { newFrame } from "./pictures.node.ts";
import type { DecoderStart } from "./protocol.ts";
import type { Shapes } from "./shape.node.ts";

/** Scales decoded pictures into RGB of one size; pictures of any size and format may follow each other. */
export class Scaler {
  readonly #scale = new SoftwareScaleContext();
  readonly #size: DecoderStart["size"];
  readonly #colours: Colours;
  readonly #shapes: Shapes;
  readonly #region: Region | null;
  readonly #conversions = new Map<string, ColourConversion | null>();
  readonly #part = newFrame();
  #cutter: { readonly filter: PictureFilter; readonly options: string } | null = null;
  #rgb: AVFrame | null = null;

  /** @param region the part of the pictures to use; null: all. */
  constructor(size: DecoderStart["size"], stream: Stream, shapes: Shapes, region: Region | null = null) {
    this.#size = size;
    this.#region = region;
    this.#colours = new Colours(stream);
    this.#shapes = shapes;
    this.#scale.allocContext();
    this.#scale.setOption("sws_flags", "bilinear+accurate_rnd+full_chroma_int");
  }

  /** @param fallback the size that is wanted where none was asked for. Throws Fail. */
  picture(picture: AVFrame, fallback: Size): Uint8Array {
    const { part: visible, pixelAspect, orientation } = this.#shapes.of(picture);
    const whole = this.#region ? regionOf(visible, this.#region, orientation) : visible;
    const { fit, ...target } = this.#size ?? { ...fallback, fit: "crop" as const };
    const part = middleOf(whole, placePicture(whole, pixelAspect, orientation, target, fit));
    const placement = placePicture(part, pixelAspect, orientation, target, fit);
    const { width, height } = placement.scaled;
    const isAll = part.width === picture.width && part.height === picture.height;
    const source = isAll ? picture : this.#cut(picture, part);
    const convert = this.#conversion(this.#colours.tag(source));
    // Planar, because swscale confuses the planes of chroma where it makes packed RGB of 16 bits at the same height.
    const rgb = this.#target(placement.scaled, convert ? AV_PIX_FMT_GBRP16LE : AV_PIX_FMT_RGB24);
    // Equal tags keep swscale from converting colours: that takes seconds to prepare, and comes out wrong.
    rgb.colorPrimaries = source.colorPrimaries;
    rgb.colorTrc = source.colorTrc;
    source.clearFlags(AV_FRAME_FLAG_INTERLACED);
    const code = this.#scale.scaleFrameSync(rgb, source);
    if (code < 0) {
      const pixels = `${source.width}×${source.height} pixels`;
      throw new Fail("noFrames", `cannot scale ${pixels}: ${FFmpegError.strerror(code)}`);
    }
    const [stride] = rgb.linesize as [number];
    if (convert === null) return arrangePicture((rgb.data as [Buffer])[0], stride, placement);
    const [green, blue, red] = rgb.data as [Buffer, Buffer, Buffer];
    return arrangePicture(convert({ red, green, blue, stride, width, height }), width * 3, placement);
  }

  free(): void {
    this.#cutter?.filter.free();
    this.#part.free();
    this.#rgb?.free();
    this.#scale.freeContext();
  }

  #cut(picture: AVFrame, { left, top, width, height }: Part): AVFrame {
    // From an odd column on the filter takes chroma of two bytes apart.
    const options = `w=${width}:h=${height}:x=${left - (left % 2)}:y=${top}:exact=1`;
    if (this.#cutter?.options !== options || !this.#cutter.filter.fits(picture)) {
      this.#cutter?.filter.free();
      this.#cutter = { filter: new PictureFilter([["crop", options]], picture), options };
    }
    this.#cutter.filter.push(picture);
    this.#cutter.filter.pull(this.#part);
    return this.#part;
  }

  #conversion(colour: PictureColour): ColourConversion | null {
    const key = Object.values(colour).join();
    let conversion = this.#conversions.get(key);
    if (conversion === undefined) {
      conversion = colourConversion(colour);
      this.#conversions.set(key, conversion);
    }
    return conversion;
  }

  #target({ width, height }: Size, format: AVFrame["format"]): AVFrame {
    if (this.#rgb?.width === width && this.#rgb.height === height && this.#rgb.format === format) return this.#rgb;
    this.#rgb?.free();
    const rgb = newFrame();
    rgb.width = width;
    rgb.height = height;
    rgb.format = format;
    rgb.colorSpace = AVCOL_SPC_RGB;
    rgb.colorRange = AVCOL_RANGE_JPEG;
    check(rgb.getBuffer(0), "noFrames");
    this.#rgb = rgb;
    return rgb;
  }
}

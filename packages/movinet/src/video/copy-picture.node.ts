import {
  AV_FRAME_FLAG_INTERLACED,
  AV_PICTURE_TYPE_NONE,
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUV420P10LE,
  AV_PIX_FMT_YUVJ420P,
  AVCOL_RANGE_JPEG,
  AVCOL_SPC_BT709,
  AVCOL_SPC_BT2020_CL,
  AVCOL_SPC_BT2020_NCL,
  AVCOL_SPC_RGB,
  AVCOL_TRC_ARIB_STD_B67,
  AVCOL_TRC_SMPTE2084,
  type AVPixelFormat,
} from "node-av/constants";
import { type Frame as AVFrame, avGetPixFmtName, type Stream } from "node-av/lib";
import type { PlaneColour } from "./blend.ts";
import { check } from "./decoder-output.node.ts";
import { type Filtering, PictureFilter } from "./filter.node.ts";
import type { Orientation, Size } from "./geometry.ts";
import { Colours } from "./picture-colour.node.ts";
import { newFrame } from "./pictures.node.ts";
import type { Shapes } from "./shape.node.ts";

/** Names of pixel formats with more than 8 bits a component, as far as video uses them. */
const deep = /(p|gray|p0|2rgb)(9|10|12|14|16)(le|be)$|(48|64)(le|be)$|f(16|32)(le|be)$/;
const rgb = /rgb|bgr|gbr|pal8/;

/** Makes pictures upright, with square pixels, 4:2:0, all as large as the first: what an encoder takes. */
export class CopyPictures {
  /** Size of the pictures, known after the first. */
  size: Size = { width: 0, height: 0 };
  /** Whether they have 10 bits, as sources with more than 8 keep them. */
  #format: AVPixelFormat | null = null;
  readonly #shapes: Shapes;
  readonly #colours: Colours;
  #filter: { readonly filter: PictureFilter; readonly key: string } | null = null;
  readonly #made = newFrame();
  #own: AVFrame | null = null;

  constructor(stream: Stream, shapes: Shapes) {
    this.#shapes = shapes;
    this.#colours = new Colours(stream);
  }

  /** The picture as it is encoded: this one, made fit, or another that holds until the next call. Throws Fail. */
  make(picture: AVFrame): AVFrame {
    this.#colours.tag(picture);
    picture.clearFlags(AV_FRAME_FLAG_INTERLACED);
    if (picture.format === AV_PIX_FMT_YUVJ420P) {
      picture.format = AV_PIX_FMT_YUV420P;
      picture.colorRange = AVCOL_RANGE_JPEG;
    }
    const name = avGetPixFmtName(picture.format as AVPixelFormat) ?? "";
    if (rgb.test(name)) {
      picture.colorSpace = AVCOL_SPC_RGB;
      picture.colorRange = AVCOL_RANGE_JPEG;
    }
    const { part, orientation, shown } = this.#shapes.of(picture);
    if (this.#format === null) {
      this.size = shown;
      this.#format = deep.test(name) ? AV_PIX_FMT_YUV420P10LE : AV_PIX_FMT_YUV420P;
    }
    const { size } = this;
    const stored = orientation.transpose ? { width: size.height, height: size.width } : size;
    const filters: Filtering[] = [];
    if (part.width < picture.width || part.height < picture.height) {
      filters.push(["crop", `w=${part.width}:h=${part.height}:x=${part.left - (part.left % 2)}:y=${part.top}:exact=1`]);
    }
    if (part.width !== stored.width || part.height !== stored.height || picture.format !== this.#format) {
      const colours = picture.colorSpace === AVCOL_SPC_RGB ? ":out_color_matrix=bt709:out_range=tv" : "";
      filters.push(["scale", `w=${stored.width}:h=${stored.height}:flags=bicubic+accurate_rnd${colours}`]);
      filters.push(["format", `pix_fmts=${avGetPixFmtName(this.#format)}`]);
    }
    filters.push(...turns(orientation));
    const made = filters.length === 0 ? picture : this.#filtered(picture, filters);
    if (made !== picture) {
      const { pts, duration, colorPrimaries, colorTrc } = picture;
      Object.assign(made, { pts, duration, colorPrimaries, colorTrc });
    }
    const own = made.isWritable ? made : this.#copied(made);
    own.pictType = AV_PICTURE_TYPE_NONE;
    return own;
  }

  free(): void {
    this.#filter?.filter.free();
    this.#made.free();
    this.#own?.free();
  }

  /** A copy that may be drawn into, in the same memory each time: planes that come and go would leave holes in the heap, which then grows. */
  #copied(picture: AVFrame): AVFrame {
    const { width, height, format } = picture;
    let own = this.#own;
    if (own === null || !own.isWritable || own.width !== width || own.height !== height || own.format !== format) {
      own?.free();
      own = newFrame();
      Object.assign(own, { width, height, format });
      check(own.getBuffer(0), "noFrames");
      this.#own = own;
    }
    check(own.copy(picture), "noFrames");
    const { colorSpace, colorRange, colorPrimaries, colorTrc } = picture;
    return Object.assign(own, { colorSpace, colorRange, colorPrimaries, colorTrc });
  }

  #filtered(picture: AVFrame, filters: readonly Filtering[]): AVFrame {
    const key = filters.flat().join();
    if (this.#filter?.key !== key || !this.#filter.filter.fits(picture)) {
      this.#filter?.filter.free();
      this.#filter = { filter: new PictureFilter(filters, picture), key };
    }
    this.#filter.filter.push(picture);
    this.#filter.filter.pull(this.#made);
    return this.#made;
  }
}

/** The filter that turns a stored picture upright; none where it is. */
function turns({ transpose, mirror, flip }: Orientation): Filtering[] {
  const directions = { plain: 0, mirror: 1, flip: 2, both: 3 };
  const kind = mirror ? (flip ? "both" : "mirror") : flip ? "flip" : "plain";
  if (transpose) return [["transpose", `dir=${directions[kind]}`]];
  return [...(mirror ? [["hflip", ""] as const] : []), ...(flip ? [["vflip", ""] as const] : [])];
}

/** How a picture that {@link CopyPictures} made stores colours. White is that of ITU-R BT.2408 in HDR. */
export function planeColour({ format, colorSpace, colorRange, colorTrc }: AVFrame): PlaneColour {
  const white = colorTrc === AVCOL_TRC_SMPTE2084 ? 0.58 : colorTrc === AVCOL_TRC_ARIB_STD_B67 ? 0.75 : 1;
  const wide = colorSpace === AVCOL_SPC_BT2020_NCL || colorSpace === AVCOL_SPC_BT2020_CL;
  const [red, blue] = wide ? [0.2627, 0.0593] : colorSpace === AVCOL_SPC_BT709 ? [0.2126, 0.0722] : [0.299, 0.114];
  return {
    red,
    blue,
    full: colorRange === AVCOL_RANGE_JPEG,
    bits: format === AV_PIX_FMT_YUV420P10LE ? 10 : 8,
    white,
  };
}

import {
  AV_FRAME_FLAG_INTERLACED,
  AV_PIX_FMT_RGB24,
  AVCOL_RANGE_JPEG,
  AVCOL_SPC_BT709,
  AVCOL_SPC_RGB,
  AVCOL_SPC_SMPTE170M,
  AVCOL_SPC_UNSPECIFIED,
} from "node-av/constants";
import { Frame as AVFrame, SoftwareScaleContext } from "node-av/lib";
import { check } from "./decoder-fail.node.ts";
import { arrangePicture, type Orientation, placePicture } from "./geometry.ts";
import type { DecoderStart } from "./protocol.ts";

/** Scales decoded pictures into RGB of one size; pictures of any size and format may follow each other. */
export class Scaler {
  readonly #scale = new SoftwareScaleContext();
  readonly #size: DecoderStart["size"];
  readonly #orientation: Orientation;
  #rgb: AVFrame | null = null;

  constructor(size: DecoderStart["size"], orientation: Orientation) {
    this.#size = size;
    this.#orientation = orientation;
    this.#scale.allocContext();
    this.#scale.setOption("sws_flags", "bilinear+accurate_rnd+full_chroma_int");
  }

  picture(frame: AVFrame, fallback: { width: number; height: number }): Uint8Array {
    const aspect = aspectOf(frame.sampleAspectRatio);
    const { fit, ...target } = this.#size ?? { ...fallback, fit: "squash" as const };
    const placement = placePicture(frame, aspect, this.#orientation, target, fit);
    const rgb = this.#target(placement.scaled);
    if (frame.colorSpace === AVCOL_SPC_UNSPECIFIED) {
      frame.colorSpace = frame.height < 720 ? AVCOL_SPC_SMPTE170M : AVCOL_SPC_BT709;
    }
    frame.clearFlags(AV_FRAME_FLAG_INTERLACED);
    check(this.#scale.scaleFrameSync(rgb, frame), "noFrames");
    const [pixels] = rgb.data as [Buffer];
    return arrangePicture(pixels, rgb.linesize[0] as number, placement);
  }

  free(): void {
    this.#rgb?.free();
    this.#scale.freeContext();
  }

  #target({ width, height }: { width: number; height: number }): AVFrame {
    if (this.#rgb?.width === width && this.#rgb.height === height) return this.#rgb;
    this.#rgb?.free();
    const rgb = new AVFrame();
    rgb.alloc();
    rgb.width = width;
    rgb.height = height;
    rgb.format = AV_PIX_FMT_RGB24;
    rgb.colorSpace = AVCOL_SPC_RGB;
    rgb.colorRange = AVCOL_RANGE_JPEG;
    check(rgb.getBuffer(0), "noFrames");
    this.#rgb = rgb;
    return rgb;
  }
}

/** Width / height of a stored pixel; 1 where the file does not say. */
export function aspectOf({ num, den }: { num: number; den: number }): number {
  return num > 0 && den > 0 ? num / den : 1;
}

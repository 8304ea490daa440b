/// <reference lib="dom" />

import { VideoError } from "../common/errors.ts";
import type { InputSize } from "../model/card.ts";
import { fitPicture } from "./fit-picture.ts";
import type { Picture } from "./frame.ts";
import type { ShownImage } from "./shown-image.ts";

/** One canvas serves all: pixels are read before anybody else can draw. */
let shared: OffscreenCanvasRenderingContext2D | null = null;

/**
 * The pixels of a shown image, scaled to the network's input as the command line scales videos; a picture is returned as it
 * is. The image is read before this returns, so that the caller may close it. Throws `TypeError` for an image without
 * pixels, and {@link VideoError}: `E_VIDEO_UNREADABLE` for an image of another site, `E_VIDEO_MEMORY` without a canvas.
 */
export function pictureOf(image: Picture | ShownImage, size: InputSize): Picture {
  const shown = shownSize(image);
  if (shown === null) return image as Picture;
  const { width, height } = shown;
  if (width === 0 || height === 0) throw new TypeError("the image has no pixels: it is closed, or not loaded yet");
  const context = canvasOf(width, height);
  try {
    context.drawImage(image as ShownImage, 0, 0, width, height);
    return fitPicture(context.getImageData(0, 0, width, height).data, width, height, size);
  } catch (cause) {
    if (!(cause instanceof DOMException && cause.name === "SecurityError")) throw cause;
    throw new VideoError({
      code: "E_VIDEO_UNREADABLE",
      subject: "the image",
      problem: "it is of another site, and the page may not read its pixels",
      remedy: 'Set crossorigin="anonymous" on the element, and have that site allow it (Access-Control-Allow-Origin)',
      cause,
    });
  }
}

/** Pixels as they are shown: square, upright. Null for what is no image of the browser. */
function shownSize(image: Picture | ShownImage): { readonly width: number; readonly height: number } | null {
  const is = (name: "HTMLVideoElement" | "VideoFrame" | "HTMLCanvasElement" | "OffscreenCanvas" | "ImageBitmap") =>
    // A worker has no elements, and older browsers no VideoFrame.
    typeof globalThis[name] === "function" && image instanceof globalThis[name];
  if (is("HTMLVideoElement")) {
    const { videoWidth: width, videoHeight: height } = image as HTMLVideoElement;
    return { width, height };
  }
  if (is("VideoFrame")) {
    const { displayWidth: width, displayHeight: height } = image as VideoFrame;
    return { width, height };
  }
  if (is("HTMLCanvasElement") || is("OffscreenCanvas") || is("ImageBitmap")) return image as OffscreenCanvas;
  return null;
}

/** The shared canvas of this size, empty: what is drawn may be transparent. */
function canvasOf(width: number, height: number): OffscreenCanvasRenderingContext2D {
  shared ??= new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (shared === null) {
    throw new VideoError({
      code: "E_VIDEO_MEMORY",
      subject: "the image",
      problem: "the browser gives no canvas for its pixels",
      remedy: "Close other pages",
    });
  }
  const { canvas } = shared;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  else shared.clearRect(0, 0, width, height);
  return shared;
}

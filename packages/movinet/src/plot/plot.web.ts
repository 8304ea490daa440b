/// <reference lib="dom" />
import type { Picture } from "../video/frame.ts";
import { darkRules } from "./palette.ts";
import { buildStrip } from "./picture-strip.ts";
import { drawPlot, type Plot } from "./plot-picture.ts";
import { renderFile } from "./svg.ts";

/** Pixels of a PNG per unit of the drawing. */
const zoom = 2;

/**
 * Draws the five likeliest classes of a video over time, with its segments, a strip of pictures and the name of each line.
 *
 * `svg` gives the text of a self-contained file below 300 kB, light or dark as the reader's system is; `png` the bytes of the same
 * picture, light, at twice its size, in a font of this system. Needs a page, not a worker. Throws a `TypeError` when there are no
 * points.
 */
export async function renderPlot(plot: Plot, format: "svg"): Promise<string>;
export async function renderPlot(plot: Plot, format: "png"): Promise<Uint8Array>;
export async function renderPlot(plot: Plot, format: "svg" | "png"): Promise<string | Uint8Array> {
  const drawing = drawPlot(plot, await buildStrip(plot, dataUrlOf));
  const svg = renderFile(drawing);
  return format === "svg" ? svg : rasterize(svg.replace(darkRules, ""), drawing);
}

async function rasterize(svg: string, { width, height }: { readonly width: number; readonly height: number }) {
  const url = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const { canvas, context } = canvasOf(zoom * width, zoom * height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await bytesOf(await canvas.convertToBlob({ type: "image/png" }));
  } finally {
    URL.revokeObjectURL(url);
  }
}

async function dataUrlOf({ data, width, height }: Picture): Promise<string> {
  const { canvas, context } = canvasOf(width, height);
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let channel = 0; channel < 3; channel++) image.data[4 * i + channel] = data[3 * i + channel] as number;
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  const bytes = await bytesOf(await canvas.convertToBlob({ type: "image/jpeg", quality: 0.85 }));
  return `data:image/jpeg;base64,${btoa(String.fromCharCode(...bytes))}`;
}

function canvasOf(width: number, height: number) {
  const canvas = new OffscreenCanvas(width, height);
  return { canvas, context: canvas.getContext("2d") as OffscreenCanvasRenderingContext2D };
}

const bytesOf = async (blob: Blob) => new Uint8Array(await blob.arrayBuffer());

import { deflateSync } from "node:zlib";
import type { TopLevelSpec } from "vega-lite";
import { crc32 } from "../common/crc32.node.ts";
import { missingPeer } from "../common/errors.ts";
import type { Picture } from "../video/frame.ts";
import { chooseThumbnails, shrinkPicture } from "./plot-data.ts";
import { thumbnailCount, thumbnailSize } from "./plot-layout.ts";
import { buildPlotSpec, describePlot, type Plot, type ThumbnailStrip } from "./plot-spec.ts";
import { rasterize } from "./raster.node.ts";

/** Of all pictures of the strip together, so that the SVG stays below 300 kB whatever they show. */
const maxStripPixels = 55_000;

/**
 * Draws the five likeliest classes of a video over time, with a strip of pictures and a legend; see `choosePlotClasses`.
 *
 * `svg` gives the text of a self-contained file 600 pixels wide, below 300 kB; `png` the bytes of the same picture at
 * 1200 pixels. Throws a `TypeError` when there are no points, and a `DependencyError` when vega, vega-lite or (for `png`)
 * @resvg/resvg-js or the font package is not installed.
 */
export async function renderPlot(plot: Plot, format: "svg"): Promise<string>;
export async function renderPlot(plot: Plot, format: "png"): Promise<Uint8Array>;
export async function renderPlot(plot: Plot, format: "svg" | "png"): Promise<string | Uint8Array>;
export async function renderPlot(plot: Plot, format: "svg" | "png"): Promise<string | Uint8Array> {
  const svg = await renderSvg(buildPlotSpec(plot, buildStrip(plot)), describePlot(plot));
  return format === "svg" ? svg : (await rasterize(svg, 2)).asPng();
}

function buildStrip({ points, aspect: shownAspect }: Plot): ThumbnailStrip {
  const first = points.find(({ thumbnail }) => thumbnail)?.thumbnail;
  if (!first) return { urls: [], width: 0, height: 0 };
  const aspect = shownAspect ?? first.width / first.height;
  const count = thumbnailCount(aspect, points.length);
  const size = thumbnailSize(aspect, count);
  const zoom = Math.min(2, Math.sqrt(maxStripPixels / (count * size.width * size.height)));
  const urls = chooseThumbnails(points, count).map((picture) => {
    const small = shrinkPicture(picture, Math.floor(size.width * zoom), Math.floor(size.height * zoom));
    return `data:image/png;base64,${Buffer.from(encodePng(small)).toString("base64")}`;
  });
  return { urls, ...size };
}

/** A picture as the bytes of a PNG file: 8-bit RGB, each row as the difference from its left neighbour (PNG 1.2, §6). */
export function encodePng({ data, width, height }: Picture): Uint8Array {
  const stride = width * 3;
  const rows = Buffer.alloc((stride + 1) * height);
  for (let y = 0; y < height; y++) {
    const row = y * (stride + 1);
    rows[row] = 1;
    for (let i = 0; i < stride; i++) {
      const at = y * stride + i;
      rows[row + 1 + i] = data[at]! - (i < 3 ? 0 : data[at - 3]!);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, body: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, "latin1"), body]);
  const framed = Buffer.alloc(typed.length + 8);
  framed.writeUInt32BE(body.length, 0);
  framed.set(typed, 4);
  framed.writeUInt32BE(crc32(typed), typed.length + 4);
  return framed;
}

/**
 * Draws a Vega-Lite specification as SVG that shrinks with the page and tells `description` to screen readers. Throws a
 * `DependencyError` when vega or vega-lite is not installed.
 */
export async function renderSvg(spec: Record<string, unknown>, description: string): Promise<string> {
  const vega = await loadVega();
  const vegaLite = await loadVegaLite();
  const compiled = vegaLite.compile(spec as unknown as TopLevelSpec);
  const view = new vega.View(vega.parse(compiled.spec), { renderer: "none" });
  const svg = makeAccessible(await view.toSVG(), description);
  view.finalize();
  return svg;
}

async function loadVega() {
  try {
    return await import("vega");
  } catch (cause) {
    throw missingPeer("vega", cause);
  }
}

async function loadVegaLite() {
  try {
    return await import("vega-lite");
  } catch (cause) {
    throw missingPeer("vega-lite", cause);
  }
}

function makeAccessible(svg: string, description: string): string {
  const label = description.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
  return svg.replace("<svg ", () => `<svg role="img" aria-label="${label}" style="max-width:100%;height:auto" `);
}

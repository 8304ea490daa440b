import { chooseThumbnails, shrinkPicture } from "./plot-data.ts";
import { drawPlot, type Plot, planStrip, type ThumbnailStrip } from "./plot-picture.ts";
import { encodePng } from "./png.node.ts";
import { rasterize } from "./raster.node.ts";
import { renderFile } from "./svg.ts";

/** Of all pictures of the strip together, so that the SVG stays below 300 kB whatever they show. */
const maxStripPixels = 55_000;

/**
 * Draws the five likeliest classes of a video over time, with its segments, a strip of pictures and the name of each line.
 *
 * `svg` gives the text of a self-contained file below 300 kB, light or dark as the reader's system is; `png` the bytes of the same
 * picture, light, at twice its size. `warn` is called with one sentence that names the texts which
 * a PNG shows as boxes, because no font of this system has their characters. Throws a `TypeError` when there are no points, and for `png` a `DependencyError` when @resvg/resvg-js or
 * the font package is not installed.
 */
export async function renderPlot(plot: Plot, format: "svg", warn?: (warning: string) => void): Promise<string>;
export async function renderPlot(plot: Plot, format: "png", warn?: (warning: string) => void): Promise<Uint8Array>;
export async function renderPlot(
  plot: Plot,
  format: "svg" | "png",
  warn?: (warning: string) => void,
): Promise<string | Uint8Array>;
export async function renderPlot(
  plot: Plot,
  format: "svg" | "png",
  warn: (warning: string) => void = () => {},
): Promise<string | Uint8Array> {
  const svg = renderFile(drawPlot(plot, buildStrip(plot)));
  return format === "svg"
    ? svg
    : (
        await rasterize(svg, 2, (problem) => warn(`${problem}. Write an .svg file, or install a font for that script`))
      ).asPng();
}

function buildStrip({ points, shape = "portrait", aspect: shownAspect }: Plot): ThumbnailStrip {
  const first = points.find(({ thumbnail }) => thumbnail)?.thumbnail;
  if (!first) return { urls: [], width: 0, height: 0 };
  const aspect = shownAspect ?? first.width / first.height;
  const { count, ...size } = planStrip(shape, aspect, points.length);
  const zoom = Math.min(2, Math.sqrt(maxStripPixels / (count * size.width * size.height)));
  const urls = chooseThumbnails(points, count).map((picture) => {
    const small = shrinkPicture(picture, Math.floor(size.width * zoom), Math.floor(size.height * zoom));
    return `data:image/png;base64,${Buffer.from(encodePng(small)).toString("base64")}`;
  });
  return { urls, ...size };
}

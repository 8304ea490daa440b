import { buildStrip } from "./picture-strip.ts";
import { drawPlot, type Plot } from "./plot-picture.ts";
import { encodePng } from "./png.node.ts";
import { rasterize } from "./raster.node.ts";
import { renderFile } from "./svg.ts";

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
  const strip = await buildStrip(
    plot,
    (picture) => `data:image/png;base64,${Buffer.from(encodePng(picture)).toString("base64")}`,
  );
  const svg = renderFile(drawPlot(plot, strip));
  return format === "svg"
    ? svg
    : (
        await rasterize(svg, 2, (problem) => warn(`${problem}. Write an .svg file, or install a font for that script`))
      ).asPng();
}

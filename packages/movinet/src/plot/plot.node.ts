import { createRequire } from "node:module";
import { importPeer } from "../common/errors.ts";
import { shrinkPicture } from "./picture.ts";
import { chooseThumbnails } from "./plot-data.ts";
import { thumbnailCount, thumbnailSize } from "./plot-layout.ts";
import { buildPlotSpec, describePlot, type Plot, plotFont, type ThumbnailStrip } from "./plot-spec.ts";
import { encodePng } from "./png.node.ts";
import { renderSvg } from "./svg.node.ts";

const fontPackage = "@expo-google-fonts/atkinson-hyperlegible";
/** What a system is likely to have for other scripts than Latin; resvg alone would take any face, even an italic one. */
const otherFonts = "Noto Sans CJK SC, PingFang SC, Microsoft YaHei, DejaVu Sans, Noto Sans, Arial";
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
  return format === "svg" ? svg : renderPng(svg);
}

async function renderPng(svg: string): Promise<Uint8Array> {
  const { Resvg } = await importPeer("@resvg/resvg-js", () => import("@resvg/resvg-js"));
  const { resolve } = createRequire(import.meta.url);
  const fontFiles = await importPeer(fontPackage, async () =>
    ["400Regular", "700Bold"].map((face) => resolve(`${fontPackage}/${face}/AtkinsonHyperlegible_${face}.ttf`)),
  );
  const loadSystemFonts = hasOtherScripts(svg);
  const image = new Resvg(loadSystemFonts ? svg.replaceAll(plotFont, otherFonts) : svg, {
    fitTo: { mode: "zoom", value: 2 },
    font: { fontFiles, loadSystemFonts, defaultFontFamily: plotFont, sansSerifFamily: plotFont },
  });
  return image.render().asPng();
}

/** Our font is Latin: class names in another script need whatever the system has. */
function hasOtherScripts(text: string): boolean {
  return /[^\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}]|\p{Emoji_Presentation}/u.test(text);
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

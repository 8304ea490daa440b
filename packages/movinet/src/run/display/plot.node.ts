import { createRequire } from "node:module";
import type { TopLevelSpec } from "vega-lite";
import { importPeer } from "../../errors.ts";
import { shrinkPicture } from "./picture.ts";
import { chooseThumbnails } from "./plot-data.ts";
import { thumbnailCount, thumbnailSize } from "./plot-layout.ts";
import { buildPlotSpec, describePlot, type Plot, plotFont, type ThumbnailStrip } from "./plot-spec.ts";
import { encodePng } from "./png.node.ts";

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
  const spec = buildPlotSpec(plot, buildStrip(plot));
  const vega = await importPeer("vega", () => import("vega"));
  const vegaLite = await importPeer("vega-lite", () => import("vega-lite"));
  const compiled = vegaLite.compile(spec as unknown as TopLevelSpec);
  const view = new vega.View(vega.parse(compiled.spec), { renderer: "none" });
  const svg = makeAccessible(await view.toSVG(), describePlot(plot));
  view.finalize();
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

/** Lets the SVG shrink with the page and tells screen readers what it shows. */
function makeAccessible(svg: string, description: string): string {
  const label = description.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
  return svg.replace("<svg ", () => `<svg role="img" aria-label="${label}" style="max-width:100%;height:auto" `);
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

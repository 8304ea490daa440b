/** SVG as pixels. */
import { requirePeer, resolvePeer } from "../common/modules.node.ts";
import { plotFont } from "./plot-spec.ts";

const fontPackage = "@expo-google-fonts/atkinson-hyperlegible";
/** What a system is likely to have for other scripts than Latin; resvg alone would take any face, even an italic one. */
const otherFonts = "Noto Sans CJK SC, PingFang SC, Microsoft YaHei, DejaVu Sans, Noto Sans, Arial";

/** Draws an SVG of ours at `zoom` times its size. Throws a `DependencyError` when @resvg/resvg-js or the font package is not installed. */
export async function rasterize(svg: string, zoom: number) {
  const { Resvg } = requirePeer<typeof import("@resvg/resvg-js")>("@resvg/resvg-js");
  const fontFiles = ["400Regular", "700Bold"].map((face) =>
    resolvePeer(fontPackage, `${fontPackage}/${face}/AtkinsonHyperlegible_${face}.ttf`),
  );
  const loadSystemFonts = hasOtherScripts(svg);
  const image = new Resvg(loadSystemFonts ? svg.replaceAll(plotFont, otherFonts) : svg, {
    fitTo: { mode: "zoom", value: zoom },
    font: { fontFiles, loadSystemFonts, defaultFontFamily: plotFont, sansSerifFamily: plotFont },
  });
  return image.render();
}

/** Our font is Latin: class names in another script need whatever the system has. */
function hasOtherScripts(text: string): boolean {
  return /[^\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}]|\p{Emoji_Presentation}/u.test(text);
}

/** SVG as pixels, with fonts that have the characters of its texts. */

import { requirePeer, resolvePeer } from "../common/modules.node.ts";
import { bounded, enumerated } from "../common/printable.ts";
import { type Coverage, coverageOfFont } from "./font-file.node.ts";
import { plotFont } from "./svg.ts";
import { findFonts, fontFolders } from "./system-fonts.node.ts";

const fontPackage = "@expo-google-fonts/atkinson-hyperlegible";

/**
 * Draws an SVG of ours at `zoom` times its size, with the font that we bring, and with fonts of this system for what ours lacks.
 * `warn` is called with one sentence that names the texts of which some characters are in neither. Throws a `DependencyError` when @resvg/resvg-js or the font
 * package is not installed.
 */
export async function rasterize(
  svg: string,
  zoom: number,
  warn: (warning: string) => void,
  folders: readonly string[] = fontFolders(),
) {
  const { Resvg } = requirePeer<typeof import("@resvg/resvg-js")>("@resvg/resvg-js");
  const own = ["400Regular", "700Bold"].map((face) =>
    resolvePeer(fontPackage, `${fontPackage}/${face}/AtkinsonHyperlegible_${face}.ttf`),
  );
  const has = await coverageOfFont(own[0] as string);
  const texts = textsOf(svg).map((content) => ({ content, lacking: lacking(content, has) }));
  const { files, missing } = await findFonts(new Set(texts.flatMap((text) => [...text.lacking])), folders);
  const boxed = texts.filter((text) => text.lacking.some((character) => missing.has(character)));
  if (boxed.length > 0) warn(missingSentence([...new Set(boxed.map(({ content }) => content))]));
  const image = new Resvg(svg, {
    fitTo: { mode: "zoom", value: zoom },
    font: {
      fontFiles: [...own, ...files],
      loadSystemFonts: false,
      defaultFontFamily: plotFont,
      sansSerifFamily: plotFont,
    },
  });
  return image.render();
}

function missingSentence(contents: readonly string[]): string {
  const names = enumerated(
    contents.map((content) => JSON.stringify(bounded(content, 60))),
    3,
  );
  return `no font on this system has all characters of ${names}, so they show as boxes`;
}

function textsOf(svg: string): readonly string[] {
  return Array.from(svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g), ([, content]) =>
    (content as string).replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code))),
  );
}

/** Characters without a glyph of their own in a font; spaces and marks that are not seen need none. */
function lacking(content: string, has: Coverage): readonly string[] {
  return [...content].filter((one) => !has(one.codePointAt(0) as number) && !unseen.test(one));
}

const unseen = /[\s\p{Cf}\p{Variation_Selector}]/u;

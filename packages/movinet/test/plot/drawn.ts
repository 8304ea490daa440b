/** What stands where in an SVG of ours, by the metrics of the font that draws it. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

export interface DrawnText {
  readonly content: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const faces = ["400Regular", "700Bold"].map((face) => {
  const file = `@expo-google-fonts/atkinson-hyperlegible/${face}/AtkinsonHyperlegible_${face}.ttf`;
  return advancesOf(readFileSync(createRequire(import.meta.url).resolve(file)));
});

/** Every text of the SVG with the box of its line, from the top of its capitals to the bottom of its descenders, in groups that are moved too. */
export function textsIn(svg: string): readonly DrawnText[] {
  const texts: DrawnText[] = [];
  const moves = [{ dx: 0, dy: 0 }];
  for (const [tag, group, text, content] of svg.matchAll(/<g\b([^>]*)>|<\/g>|<text ([^>]*)>([^<]*)<\/text>/g)) {
    const { dx, dy } = moves.at(-1)!;
    if (text !== undefined) texts.push(textAt(text, content as string, dx, dy));
    else if (group === undefined) moves.pop();
    else {
      const [, x, y] = /translate\(([-\d.]+) ([-\d.]+)\)/.exec(group) ?? [];
      if (!tag.endsWith("/>")) moves.push({ dx: dx + Number(x ?? 0), dy: dy + Number(y ?? 0) });
    }
  }
  return texts;
}

function textAt(written: string, escaped: string, dx: number, dy: number): DrawnText {
  const attribute = (name: string) => new RegExp(`(?:^| )${name}="([^"]*)"`).exec(written)?.[1];
  const content = escaped.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
  const [x, y, size] = ["x", "y", "font-size"].map((name) => Number(attribute(name))) as [number, number, number];
  const advance = faces[attribute("font-weight") === "bold" ? 1 : 0] as (code: number) => number;
  const width = size * [...content].reduce((sum, one) => sum + advance(one.codePointAt(0) as number), 0);
  const left = dx + x - width * { start: 0, middle: 0.5, end: 1 }[attribute("text-anchor") ?? "start"]!;
  return { content, left, right: left + width, top: dy + y - 0.7 * size, bottom: dy + y + 0.2 * size };
}

export function sizeOf(svg: string): { readonly width: number; readonly height: number; readonly viewBox: string } {
  const [, root] = /^<svg ([^>]*)>/.exec(svg) as RegExpExecArray;
  const attribute = (name: string) => new RegExp(`(?:^| )${name}="([^"]*)"`).exec(root as string)?.[1] ?? "";
  return { width: Number(attribute("width")), height: Number(attribute("height")), viewBox: attribute("viewBox") };
}

/** Texts that leave the picture, and pairs that stand on one another: what a reader would call broken. */
export function faultsOf(svg: string): readonly string[] {
  const { width, height, viewBox } = sizeOf(svg);
  const texts = textsIn(svg);
  const sized = viewBox === `0 0 ${width} ${height}` && width > 0 && height > 0;
  const cut = texts.filter(({ left, right, top, bottom }) => left < 0 || top < 0 || right > width || bottom > height);
  const pairs = texts.flatMap((a, i) =>
    texts
      .slice(i + 1)
      .filter((b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
      .map((b) => `${a.content} | ${b.content}`),
  );
  return [
    ...(sized ? [] : [`viewBox ${viewBox}, ${width} × ${height}`]),
    ...cut.map(({ content }) => content),
    ...pairs,
  ];
}

/** Advances in em of a TrueType font (`cmap` format 4, `hmtx`); a character that it lacks is as wide as an em. */
function advancesOf(font: Buffer): (code: number) => number {
  const tables = new Map<string, number>();
  for (let i = 0; i < font.readUInt16BE(4); i++) {
    tables.set(font.toString("latin1", 12 + 16 * i, 16 + 16 * i), font.readUInt32BE(20 + 16 * i));
  }
  const table = (name: string) => font.subarray(tables.get(name));
  const [em, metrics, cmap] = [table("head").readUInt16BE(18), table("hhea").readUInt16BE(34), table("cmap")];
  const at = Array.from({ length: cmap.readUInt16BE(2) }, (_, i) => cmap.readUInt32BE(8 + 8 * i));
  const map = cmap.subarray(at.find((offset) => cmap.readUInt16BE(offset) === 4));
  const bytes = map.readUInt16BE(6);
  return (code) => {
    for (let i = 0; i < bytes; i += 2) {
      if (code > map.readUInt16BE(14 + i)) continue;
      const [start, delta, offset] = [1, 2, 3].map((part) => map.readUInt16BE(part * bytes + (part > 0 ? 16 : 14) + i));
      if (code < start!) return 1;
      const place = 16 + 3 * bytes + i + offset! + 2 * (code - start!);
      const glyph = offset === 0 ? (code + delta!) & 0xffff : map.readUInt16BE(place);
      return glyph === 0 ? 1 : table("hmtx").readUInt16BE(4 * Math.min(glyph, metrics - 1)) / em;
    }
    return 1;
  };
}

/** Fonts for scripts that ours lacks: what a file covers, which files are chosen, and what is said where there is none. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { coverageOf, readCoverage } from "../../src/plot/font-file.node.ts";
import { rasterize } from "../../src/plot/raster.node.ts";
import { findFonts, fontFolders } from "../../src/plot/system-fonts.node.ts";

const own = createRequire(import.meta.url).resolve(
  "@expo-google-fonts/atkinson-hyperlegible/400Regular/AtkinsonHyperlegible_400Regular.ttf",
);
const code = (character: string) => character.codePointAt(0) as number;

/** A table `cmap` with one subtable of format 12 that gives each range glyphs from 1 on. */
function groups(...ranges: readonly (readonly [number, number])[]): Buffer {
  const table = Buffer.alloc(12 + 16 + 12 * ranges.length);
  table.writeUInt16BE(1, 2);
  table.writeUInt32BE(12, 8);
  table.writeUInt16BE(12, 12);
  table.writeUInt32BE(ranges.length, 24);
  for (const [i, [first, last]] of ranges.entries()) {
    table.writeUInt32BE(first, 28 + 12 * i);
    table.writeUInt32BE(last, 32 + 12 * i);
    table.writeUInt32BE(1, 36 + 12 * i);
  }
  return table;
}

/** A font file of nothing but that table and an empty one, in a collection where `collected`. */
function fontFile(cmap: Buffer, { collected = false, other = "name" } = {}): Buffer {
  const at = collected ? 16 : 0;
  const file = Buffer.alloc(at + 12 + 32);
  if (collected) {
    file.write("ttcf", "latin1");
    file.writeUInt32BE(1, 8);
    file.writeUInt32BE(at, 12);
  }
  file.writeUInt32BE(0x10000, at);
  file.writeUInt16BE(2, at + 4);
  file.write("cmap", at + 12, "latin1");
  file.writeUInt32BE(file.length, at + 20);
  file.writeUInt32BE(cmap.length, at + 24);
  file.write(other, at + 28, "latin1");
  return Buffer.concat([file, cmap]);
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-fonts-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("what a font covers", () => {
  test("ours: Latin and Greek letters' accents, no Chinese, no Arabic, no emoji", async () => {
    const has = await readCoverage(own);
    expect([..."aéßŁ%–…"].filter((character) => !has(code(character)))).toEqual([]);
    expect([..."滑ت🏂"].filter((character) => has(code(character)))).toEqual([]);
  });

  test("groups of code points, also above 0xffff and in a collection", async () => {
    const cmap = groups([0x4e00, 0x9fff], [0x1f600, 0x1f64f]);
    const has = coverageOf(cmap);
    expect([0x4dff, 0x4e00, 0x9fff, 0xa000, 0x1f600, 0x1f650].map(has)).toEqual([
      false,
      true,
      true,
      false,
      true,
      false,
    ]);
    await writeFile(join(folder, "all.ttc"), fontFile(cmap, { collected: true }));
    expect((await readCoverage(join(folder, "all.ttc")))(0x4e00)).toBe(true);
  });

  test("nothing, of fonts in colour, which are drawn as nothing", async () => {
    for (const other of ["COLR", "CBDT", "sbix"]) {
      await writeFile(join(folder, "emoji.ttf"), fontFile(groups([0x1f600, 0x1f64f]), { other }));
      expect((await readCoverage(join(folder, "emoji.ttf")))(0x1f600)).toBe(false);
    }
  });

  test("nothing, of files that are no fonts or are cut", async () => {
    const whole = fontFile(groups([0x4e00, 0x9fff]));
    for (const length of [0, 3, 20, 30, 45, whole.length - 1]) {
      await writeFile(join(folder, "cut.ttf"), whole.subarray(0, length));
      expect((await readCoverage(join(folder, "cut.ttf")))(0x4e00)).toBe(false);
    }
    expect((await readCoverage(join(folder, "absent.ttf")))(65)).toBe(false);
  });
});

describe("which fonts are taken", () => {
  test("the fewest that cover all, upright sans-serif ones first", async () => {
    const fonts = join(folder, "fonts", "deep");
    await mkdir(fonts, { recursive: true });
    const chinese = fontFile(groups([0x4e00, 0x9fff]));
    await writeFile(join(fonts, "AAA-Serif.otf"), chinese);
    await writeFile(join(fonts, "Sans-BoldItalic.ttf"), chinese);
    await writeFile(join(fonts, "Sans-Regular.ttf"), chinese);
    await writeFile(join(fonts, "Thai.ttf"), fontFile(groups([0xe00, 0xe7f])));
    const { files, missing } = await findFonts(new Set("滑冰ก🏂"), [join(folder, "fonts"), join(folder, "none")]);
    expect(files).toEqual([join(fonts, "Sans-Regular.ttf"), join(fonts, "Thai.ttf")]);
    expect([...missing]).toEqual(["🏂"]);
  });

  test("every platform has folders", () => {
    expect(fontFolders("win32", { WINDIR: "W", LOCALAPPDATA: "L" }).map((path) => path.replaceAll("\\", "/"))).toEqual([
      "W/Fonts",
      "L/Microsoft/Windows/Fonts",
    ]);
    expect(fontFolders("darwin")).toContain("/Library/Fonts");
    expect(fontFolders("linux", {})).toContain("/usr/share/fonts");
  });
});

describe("PNGs", () => {
  const svg = (...contents: readonly string[]) => {
    const texts = contents.map((content, i) => `<text x="4" y="${20 + 24 * i}" font-size="20">${content}</text>`);
    return `<svg xmlns="http://www.w3.org/2000/svg" width="300" height="100" font-family="Atkinson Hyperlegible">${texts.join("")}</svg>`;
  };
  const warningsOf = async (text: string, folders: readonly string[]) => {
    const warnings: string[] = [];
    await rasterize(text, 1, (warning) => warnings.push(warning), folders);
    return warnings;
  };

  test("of Latin texts need no other font", async () => {
    expect(await warningsOf(svg("carving ice", "crème brûlée – 98 %…"), [])).toEqual([]);
  });

  test("without a font for a script say in one line which texts become boxes, and what to do", async () => {
    expect(await warningsOf(svg("滑冰", "滑冰", "ice", "تزلج", "🏂 snowboard"), [])).toEqual([
      'no font on this system has all characters of "滑冰", "تزلج" and "🏂 snowboard", so they show as boxes',
    ]);
  });
});

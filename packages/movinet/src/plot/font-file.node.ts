/** Which characters a font file has: the table `cmap` of OpenType files and collections (OpenType 1.9, formats 4 and 12). */
import { type FileHandle, open } from "node:fs/promises";

/** Whether a font has a glyph for a code point. */
export type Coverage = (code: number) => boolean;

const none: Coverage = () => false;

/** What the first face of a file covers: nothing where it is no such font, or broken, or its glyphs are in colour. */
export async function readCoverage(path: string): Promise<Coverage> {
  const file = await open(path).catch(() => null);
  if (file === null) return none;
  try {
    return coverageOf(await readCmap(file));
  } catch {
    return none;
  } finally {
    await file.close();
  }
}

const known = new Map<string, Promise<Coverage>>();

/** As {@link readCoverage}, but each file is read once: captions draw hundreds of texts. */
export function coverageOfFont(path: string): Promise<Coverage> {
  const coverage = known.get(path) ?? readCoverage(path);
  known.set(path, coverage);
  return coverage;
}

async function read(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
  return buffer.subarray(0, bytesRead);
}

/** At most this many bytes: the largest of CJK fonts have under half a megabyte. */
const mostBytes = 8e6;

/** Glyphs in colour, which resvg 2.6 draws as nothing. */
const colorTables = ["COLR", "CBDT", "sbix", "SVG "];

async function readCmap(file: FileHandle): Promise<Buffer> {
  let header = await read(file, 0, 16);
  let at = 0;
  if (header.toString("latin1", 0, 4) === "ttcf") {
    at = header.readUInt32BE(12);
    header = await read(file, at, 12);
  }
  const directory = await read(file, at + 12, 16 * header.readUInt16BE(4));
  const entries = Array.from({ length: Math.floor(directory.length / 16) }, (_, i) =>
    directory.subarray(16 * i, 16 * i + 16),
  );
  const tableOf = (tag: string) => entries.find((entry) => entry.toString("latin1", 0, 4) === tag);
  const cmap = tableOf("cmap");
  if (!cmap || colorTables.some(tableOf)) return Buffer.alloc(0);
  return read(file, cmap.readUInt32BE(8), Math.min(cmap.readUInt32BE(12), mostBytes));
}

/** What a table `cmap` covers, by its subtable of the most code points. Throws a `RangeError` where it is cut. */
export function coverageOf(cmap: Buffer): Coverage {
  const tables = Array.from({ length: cmap.length < 4 ? 0 : cmap.readUInt16BE(2) }, (_, i) => {
    const table = cmap.subarray(cmap.readUInt32BE(8 + 8 * i));
    return { table, format: table.readUInt16BE(0) };
  });
  const wide = tables.find(({ format }) => format === 12)?.table;
  const narrow = tables.find(({ format }) => format === 4)?.table;
  return wide ? coveredByGroups(wide) : narrow ? coveredBySegments(narrow) : none;
}

function coveredByGroups(table: Buffer): Coverage {
  const groups = Array.from(
    { length: Math.min(table.readUInt32BE(12), Math.floor((table.length - 16) / 12)) },
    (_, i) => {
      const at = 16 + 12 * i;
      return { first: table.readUInt32BE(at), last: table.readUInt32BE(at + 4), glyph: table.readUInt32BE(at + 8) };
    },
  );
  return (code) => groups.some(({ first, last, glyph }) => first <= code && code <= last && glyph + code - first > 0);
}

function coveredBySegments(table: Buffer): Coverage {
  const bytes = table.readUInt16BE(6);
  const [ends, starts, deltas, offsets] = [14, 16 + bytes, 16 + 2 * bytes, 16 + 3 * bytes] as const;
  return (code) => {
    for (let i = 0; i < bytes; i += 2) {
      if (code > table.readUInt16BE(ends + i)) continue;
      const start = table.readUInt16BE(starts + i);
      if (code < start) return false;
      const offset = table.readUInt16BE(offsets + i);
      if (offset === 0) return ((code + table.readUInt16BE(deltas + i)) & 0xffff) !== 0;
      const at = offsets + i + offset + 2 * (code - start);
      return at + 2 <= table.length && table.readUInt16BE(at) !== 0;
    }
    return false;
  };
}

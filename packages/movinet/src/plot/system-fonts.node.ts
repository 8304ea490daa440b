/** Fonts of the system for characters that ours does not have. */
import { readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { coverageOfFont } from "./font-file.node.ts";

/** Where systems keep their fonts. */
export function fontFolders(platform: NodeJS.Platform = process.platform, env = process.env): readonly string[] {
  const home = homedir();
  if (platform === "win32") {
    const local = env["LOCALAPPDATA"] ?? join(home, "AppData", "Local");
    return [join(env["WINDIR"] ?? "C:\\Windows", "Fonts"), join(local, "Microsoft", "Windows", "Fonts")];
  }
  if (platform === "darwin") return ["/System/Library/Fonts", "/Library/Fonts", join(home, "Library", "Fonts")];
  const data = env["XDG_DATA_HOME"] ?? join(home, ".local", "share");
  return ["/usr/share/fonts", "/usr/local/share/fonts", join(data, "fonts"), join(home, ".fonts")];
}

/**
 * The fewest files, chosen one after the other by how many of `characters` each adds; among equals upright sans-serif ones of regular
 * weight. `missing`: what is in none.
 */
export async function findFonts(
  characters: ReadonlySet<string>,
  folders: readonly string[] = fontFolders(),
): Promise<{ readonly files: readonly string[]; readonly missing: ReadonlySet<string> }> {
  const missing = new Set(characters);
  const files: string[] = [];
  if (missing.size === 0) return { files, missing };
  const fonts = await Promise.all(
    (await fontFiles(folders)).map(async (path) => {
      const has = await coverageOfFont(path);
      return { path, covered: [...characters].filter((character) => has(character.codePointAt(0) as number)) };
    }),
  );
  while (missing.size > 0) {
    const added = fonts.map(({ path, covered }) => ({
      path,
      covered,
      count: covered.filter((character) => missing.has(character)).length,
    }));
    const [best] = added.toSorted((a, b) => b.count - a.count || oddness(a.path) - oddness(b.path));
    if (!best || best.count === 0) break;
    files.push(best.path);
    for (const character of best.covered) missing.delete(character);
  }
  return { files, missing };
}

async function fontFiles(folders: readonly string[]): Promise<readonly string[]> {
  const lists = await Promise.all(
    folders.map(async (folder) => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
      return entries
        .filter((entry) => !entry.isDirectory() && /\.(ttf|otf|ttc|otc)$/i.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name));
    }),
  );
  return lists.flat().toSorted();
}

/** How far a face is from what text of a picture should look like, by its file's name. */
function oddness(path: string): number {
  const name = basename(path);
  const marks = [/italic|oblique/i, /bold|black|heavy|light|thin|medium/i, /serif|mono|condensed|narrow|math/i];
  return marks.filter((mark) => mark.test(name)).length + (/sans/i.test(name) ? 0 : 0.5);
}

import type { Refuse } from "./errors.ts";

const remedy = "Save it as text in UTF-8";

/**
 * The text of a file that a user gives: UTF-8, or UTF-16 with a byte order mark, without that mark. What `refuse` makes is
 * thrown for other encodings, whose letters would come out wrong, and for what is no text.
 */
export function decodeText(bytes: Uint8Array, refuse: Refuse): string {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
  const zeros = "it holds zero bytes, as UTF-16 text without a byte order mark and files that are no text do";
  if (encoding === "utf-8" && bytes.includes(0)) throw refuse(zeros, remedy);
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    if (!text.includes("\0")) return text;
  } catch (cause) {
    if (encoding !== "utf-8") throw refuse("it is damaged UTF-16 text", remedy, cause);
    const older = `line ${lineOfDamage(bytes)} has letters of an older encoding, perhaps Windows-1252`;
    throw refuse("it is not UTF-8 text", `${remedy}: ${older}`, cause);
  }
  throw refuse(zeros, remedy);
}

/** Lines of a text, whether they end in LF, CRLF or CR. */
export function linesOf(text: string): readonly string[] {
  return text.split(/\r\n|\r|\n/);
}

/** The number, from 1, of the first line that is not UTF-8. */
function lineOfDamage(bytes: Uint8Array): number {
  const text = new TextDecoder().decode(bytes);
  return linesOf(text.slice(0, text.indexOf("\uFFFD"))).length;
}

/**
 * What stands in the place of a text that a user gives, as in "it is a web page"; null where it may be that text.
 */
export function strangerToText(head: Uint8Array): { readonly what: string; readonly remedy: string } | null {
  const text = latin(head)
    .replace(/^\xef\xbb\xbf/, "")
    .trimStart();
  if (/^version https:\/\/git-lfs/i.test(text)) {
    return { what: "it is a Git LFS pointer, not the file itself", remedy: "Fetch the file with git lfs pull" };
  }
  if (!/^(<!--[\s\S]*?-->\s*)?<(!doctype html|html|head|body|script)\b/i.test(text)) return null;
  return { what: "it is a web page, not the file itself", remedy: "Download the file, not the page that shows it" };
}

/** Bytes as Latin-1, at most 4096 of them. */
export function latin(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return String.fromCharCode(...bytes.subarray(start, Math.min(end, start + 4096)));
}

/** JSON of a file that anybody may have written: small and flat, or refused before memory is spent on it. */

/** Bytes of the JSON in a model file's metadata: room for 65,536 class names or for the digests of 300,000 clips. */
export const mostJsonBytes = 2 ** 24;
const mostDepth = 32;
const mostLists = 200_000;

/** Parses JSON. Throws an `Error` for what is none, is too long or too deep, or holds too many objects and lists. */
export function parseJson(text: string): unknown {
  if (text.length > mostJsonBytes) throw new Error(`it has more than ${mostJsonBytes} characters`);
  let [depth, lists] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfString(text, at);
    else if (code === openList || code === openObject) {
      depth++;
      lists++;
      if (depth > mostDepth) throw new Error(`it is more than ${mostDepth} levels deep`);
      if (lists > mostLists) throw new Error(`it holds more than ${mostLists} objects and lists`);
    } else if (code === closeList || code === closeObject) depth--;
  }
  return JSON.parse(text);
}

const [quote, backslash, openList, closeList, openObject, closeObject] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d];

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== quote) at += text.charCodeAt(at) === backslash ? 2 : 1;
  return at;
}

import type { Refuse } from "./errors.ts";

const remedy = "Save it as UTF-8 text";

/**
 * The text of a user's file: UTF-8, or UTF-16 with a byte order mark (removed). Throws what `refuse` returns for other
 * encodings, whose letters would come out wrong, and for files that are not text.
 */
export function decodeText(bytes: Uint8Array, refuse: Refuse): string {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
  const zeros = "it contains zero bytes: it is UTF-16 without a byte order mark, or not a text file";
  if (encoding === "utf-8" && bytes.includes(0)) throw refuse(zeros, remedy);
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    if (!text.includes("\0")) return text;
  } catch (cause) {
    if (encoding !== "utf-8") throw refuse("it is not valid UTF-16 text", remedy, cause);
    const older = `line ${lineOfDamage(bytes)} uses an older encoding, perhaps Windows-1252`;
    throw refuse("it is not valid UTF-8 text", `${remedy}: ${older}`, cause);
  }
  throw refuse(zeros, remedy);
}

/** Lines of a text that ends them with LF, CRLF or CR. */
export function linesOf(text: string): readonly string[] {
  return text.split(/\r\n|\r|\n/);
}

/** The number of the first line that is not UTF-8, from 1. */
function lineOfDamage(bytes: Uint8Array): number {
  const text = new TextDecoder().decode(bytes);
  return linesOf(text.slice(0, text.indexOf("\uFFFD"))).length;
}

/** What a file is instead of the expected text, as in "it is a web page"; null if it may be that text. */
export function strangerToText(head: Uint8Array): { readonly what: string; readonly remedy: string } | null {
  const text = latin(head)
    .replace(/^\xef\xbb\xbf/, "")
    .trimStart();
  if (/^version https:\/\/git-lfs/i.test(text)) {
    return { what: "it is a Git LFS pointer, not the file itself", remedy: "Run git lfs pull to fetch the file" };
  }
  if (!/^(<!--[\s\S]*?-->\s*)?<(!doctype html|html|head|body|script)\b/i.test(text)) return null;
  return {
    what: "it is a web page, not the file itself",
    remedy: "Download the file itself, not the page that links to it",
  };
}

/** Bytes as Latin-1, at most 4096 of them. */
export function latin(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return String.fromCharCode(...bytes.subarray(start, Math.min(end, start + 4096)));
}

/** JSON from untrusted files: small and flat, or refused before it takes memory. */

/**
 * Limit for the JSON in a model file's metadata, in bytes: enough for 65,536 class names or the digests of 300,000
 * clips.
 */
export const mostJsonBytes = 2 ** 24;
const mostDepth = 32;
const mostLists = 200_000;

/** Parses JSON. Throws an `Error` if it is invalid, too long, too deep, or has too many objects and arrays. */
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
      if (lists > mostLists) throw new Error(`it has more than ${mostLists} objects and arrays`);
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

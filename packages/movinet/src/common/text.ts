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
  const found = [gitPointer, webPage].find(({ test }) =>
    test(
      latin(head)
        .replace(/^\xef\xbb\xbf/, "")
        .trimStart()
        .toLowerCase(),
    ),
  );
  return found ?? null;
}

const gitPointer = {
  what: "it is a Git LFS pointer, not the file itself",
  remedy: "Fetch the file with git lfs pull",
  test: (text: string) => text.startsWith("version https://git-lfs"),
};
const webPage = {
  what: "it is a web page, not the file itself",
  remedy: "Download the file, not the page that shows it",
  test: (text: string) => /^(<!--[\s\S]*?-->\s*)?<(!doctype html|html|head|body|script)\b/.test(text),
};

/** Bytes as Latin-1, at most 4096 of them. */
export function latin(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return String.fromCharCode(...bytes.subarray(start, Math.min(end, start + 4096)));
}

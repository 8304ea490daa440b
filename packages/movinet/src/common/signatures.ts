/** Files that are found in the place of others, by the bytes with which they begin. What that means is for each reader to say. */
import { latin } from "./text.ts";

export interface Signature {
  readonly kind: "archive" | "ZIP archive" | "picture" | "PDF";
  /** Of an archive, its format; of a picture, as in "a PNG picture". */
  readonly name: string;
}

/** Bytes as Latin-1. */
const signatures: readonly (readonly [begin: string | RegExp, kind: Signature["kind"], name: string])[] = [
  ["\x1f\x8b", "archive", "gzip"],
  ["BZh", "archive", "bzip2"],
  ["\xfd7zXZ", "archive", "xz"],
  ["7z\xbc\xaf", "archive", "7-Zip"],
  ["Rar!", "archive", "RAR"],
  ["\x28\xb5\x2f\xfd", "archive", "Zstandard"],
  [/^.{257}ustar/s, "archive", "tar"],
  ["PK\x03\x04", "ZIP archive", ""],
  ["%PDF-", "PDF", ""],
  ["\x89PNG\r\n", "picture", "a PNG picture"],
  ["\xff\xd8\xff", "picture", "a JPEG picture"],
  [/^(II\*\0|MM\0\*)/, "picture", "a TIFF or raw picture"],
  ["\xff\x0a", "picture", "a JPEG XL picture"],
  ["\0\0\0\x0cJXL ", "picture", "a JPEG XL picture"],
  ["8BPS", "picture", "a Photoshop picture"],
  [/^RIFF.{4}WEBP/s, "picture", "a WebP picture"],
  [/^.{4}ftyp(heic|heix|heim|heis|mif1|mif2|avif)/s, "picture", "a HEIF or AVIF picture"],
  [/^BM.{4}\0{4}/s, "picture", "a BMP picture"],
];

/** What a file is by its first bytes, of which some hundred are enough; null where it is none of these. */
export function signatureOf(head: Uint8Array): Signature | null {
  const text = latin(head);
  const begins = (begin: string | RegExp) => (typeof begin === "string" ? text.startsWith(begin) : begin.test(text));
  const found = signatures.find(([begin]) => begins(begin));
  return found ? { kind: found[1], name: found[2] } : null;
}

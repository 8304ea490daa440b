/** Recognizes unexpected files by their first bytes. What that means is up to each reader. */
import { latin } from "./text.ts";

export interface Signature {
  readonly kind: "archive" | "ZIP archive" | "picture" | "PDF";
  /** For an archive, its format; for an image, as in "a PNG image". */
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
  ["\x89PNG\r\n", "picture", "a PNG image"],
  ["\xff\xd8\xff", "picture", "a JPEG image"],
  [/^(II\*\0|MM\0\*)/, "picture", "a TIFF or raw image"],
  ["\xff\x0a", "picture", "a JPEG XL image"],
  ["\0\0\0\x0cJXL ", "picture", "a JPEG XL image"],
  ["8BPS", "picture", "a Photoshop image"],
  [/^RIFF.{4}WEBP/s, "picture", "a WebP image"],
  [/^.{4}ftyp(heic|heix|heim|heis|mif1|mif2|avif)/s, "picture", "a HEIF or AVIF image"],
  [/^BM.{4}\0{4}/s, "picture", "a BMP image"],
];

/** What a file is by its first bytes (some hundred are enough); null if unknown. */
export function signatureOf(head: Uint8Array): Signature | null {
  const text = latin(head);
  const begins = (begin: string | RegExp) => (typeof begin === "string" ? text.startsWith(begin) : begin.test(text));
  const found = signatures.find(([begin]) => begins(begin));
  return found ? { kind: found[1], name: found[2] } : null;
}

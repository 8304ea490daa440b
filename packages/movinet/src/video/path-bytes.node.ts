import { isUtf8 } from "node:buffer";

/**
 * A name as a file system gives it, as text. Names are bytes on Linux, and not always UTF-8. Each byte 0x80–0xFF that is
 * in no valid UTF-8 character becomes the lone surrogate U+DC80–U+DCFF (Python's "surrogateescape"), so that
 * {@link bytesOf} gives the same bytes back. JSON writes such a character as `\udcNN`, a terminal shows U+FFFD.
 */
export function pathOf(name: Buffer): string {
  if (isUtf8(name)) return name.toString("utf8");
  const characters: string[] = [];
  for (let at = 0; at < name.length; ) {
    const length = characterAt(name, at);
    characters.push(
      length === 0 ? String.fromCharCode(0xdc00 + name.readUInt8(at)) : name.toString("utf8", at, at + length),
    );
    at += Math.max(length, 1);
  }
  return characters.join("");
}

/** The bytes of a path that {@link pathOf} made; the UTF-8 of any other. Every function of `node:fs` takes them. */
export function bytesOf(path: string): Buffer {
  if (path.isWellFormed()) return Buffer.from(path, "utf8");
  // With the flag `u` a surrogate of a pair does not match: only the lone ones stand for a byte.
  const parts = path.split(/([\udc80-\udcff])/u);
  return Buffer.concat(
    parts.map((part, i) => (i % 2 === 1 ? Buffer.of(part.charCodeAt(0) - 0xdc00) : Buffer.from(part, "utf8"))),
  );
}

/** How many bytes the valid UTF-8 character at a place has; 0 where there is none. No character begins with a shorter one. */
function characterAt(name: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= name.length; length++) {
    if (isUtf8(name.subarray(at, at + length))) return length;
  }
  return 0;
}

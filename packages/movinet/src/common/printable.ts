/** Names of files, classes, tensors and hosts come from anybody: how to show them safely in a terminal or a picture. */

/**
 * Control characters, lone surrogates (file name bytes that are not UTF-8), and invisible marks that change the order
 * or meaning of the text around them.
 */
const steering =
  /[\p{Cc}\p{Cs}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
/** Whitespace that moves the cursor. */
const blank = /[\t\n\v\f\r\u0085\u2028\u2029]/;
/** The colours of our own tables. */
const ownColors = new RegExp(`${String.fromCharCode(27)}\\[(?:[0-2]|3[0-7])m`, "g");

/**
 * The text on one line, without anything that controls a terminal: line breaks and tabs become spaces, other control
 * characters U+FFFD.
 */
export function printable(text: string): string {
  return text.replace(steering, (character) => (blank.test(character) ? " " : "�"));
}

/** Lines of our own tables or messages: like {@link printable}, but line breaks and our own colours stay. */
export function printableLines(text: string): string {
  const lines = (part: string) => part.split("\n").map(printable).join("\n");
  let result = "";
  let at = 0;
  for (const { 0: color, index } of text.matchAll(ownColors)) {
    result += lines(text.slice(at, index)) + color;
    at = index + color.length;
  }
  return result + lines(text.slice(at));
}

/** The text in at most `most` characters: if it is longer, its beginning and end are kept. */
export function bounded(text: string, most: number): string {
  if (text.length <= most) return text;
  const half = Math.floor((most - 3) / 2);
  return `${text.slice(0, half)} … ${text.slice(-half)}`;
}

/** Names for a sentence, at most `most` of them with at most 100 characters each: `a, b, c and 7 more`. */
export function listed(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).map((name) => bounded(name, 100));
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
}

/** Names for a sentence, all or at most this many: `a, b and c`, `a, b and 7 more`. */
export function enumerated(names: readonly string[], most: number): string {
  const shown = names.length > most ? [...names.slice(0, most), `${names.length - most} more`] : names;
  return shown.length < 2 ? shown.join() : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

/** The text with its first letter in upper case. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A size with three significant digits: `740 kB`, `2.93 MB`, `1.07 GB`. */
export function formatBytes(bytes: number): string {
  const [size, unit] =
    bytes >= 999.5e6 ? [bytes / 1e9, "GB"] : bytes >= 999.5e3 ? [bytes / 1e6, "MB"] : [bytes / 1e3, "kB"];
  return `${Number(size.toPrecision(3))} ${unit}`;
}

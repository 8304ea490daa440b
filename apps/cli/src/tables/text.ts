/** Text on a terminal: its width in cells, tables, and how numbers are written. */
import { fitText, textWidth } from "movinet/files";

export { fitText, textWidth };

/** Columns of text on a terminal of a width: neither so few nor so many that it reads badly. */
export function columnsOf({ width }: { readonly width: number }): number {
  return Math.max(60, Math.min(width, 100));
}

/** Lines broken between words, but not before a percent sign or an ellipsis; a word that is too long stands alone. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/ (?![%…])/)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** Seconds in words: `4.4 s`, `2 min 5 s`, `1 h 2 min`. */
export function formatDuration(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const leastName = 8;

/**
 * Rows under their titles, each column as wide as it needs: the first `left` of them flush left, the others right. Where a
 * line would take more than `room` cells, the first column, of names or paths, is cut at its beginning.
 */
export function tableLines(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  left: number,
  room = Infinity,
): string[] {
  const widest = (cells: readonly string[]) => Math.max(0, ...cells.map(textWidth));
  const others = head
    .slice(1)
    .reduce((sum, _, i) => sum + 2 + widest([head, ...rows].map((row) => row[i + 1] ?? "")), 0);
  const most = Math.max(leastName, room - others);
  const lines = [head, ...rows].map(([name = "", ...cells]) => [fitText(name, most, "end"), ...cells]);
  const widths = head.map((_, i) => widest(lines.map((cells) => cells[i] ?? "")));
  const padded = (text: string, i: number) => {
    const blank = " ".repeat((widths[i] as number) - textWidth(text));
    return i < left ? text + blank : blank + text;
  };
  return lines.map((cells) => cells.map(padded).join("  ").trimEnd());
}

/** `1 clip`, `2 clips`, `2 classes`. */
export function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : noun.endsWith("s") ? "es" : "s"}`;
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

/** Wraps a text in ANSI codes, where there is `color`. */
export function painter(color: boolean): (style: keyof typeof codes, text: string) => string {
  return (style, text) => (color ? `\x1b[${codes[style]}m${text}\x1b[0m` : text);
}

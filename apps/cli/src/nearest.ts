/** Longer words are not typed by hand. */
const longest = 40;

/**
 * What a mistyped word was probably meant to be: the one that begins with it, or the one with the fewest edits, at most one
 * for every three letters. Null where there is none.
 */
export function nearest(typed: string, words: readonly string[]): string | null {
  const word = typed.toLowerCase();
  if (word.length < 2 || word.length > longest) return null;
  const begun = words.filter((other) => other.startsWith(word));
  if (begun.length === 1) return begun[0] as string;
  let best: string | null = null;
  let fewest = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const other of words) {
    const edits = editsBetween(word, other);
    if (edits >= fewest) continue;
    fewest = edits;
    best = other;
  }
  return best;
}

/** Letters to insert, delete, replace or swap with their neighbour to turn one word into the other. */
function editsBetween(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= from.length; i++) {
    rows.push([i]);
    for (let j = 1; j <= to.length; j++) {
      const replaced = at(i - 1, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const swaps = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const swapped = swaps ? at(i - 2, j - 2) + 1 : Infinity;
      rows[i]?.push(Math.min(replaced, swapped, at(i - 1, j) + 1, at(i, j - 1) + 1));
    }
  }
  return at(from.length, to.length);
}

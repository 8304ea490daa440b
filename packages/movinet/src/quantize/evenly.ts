/** At most `most` of a list, evenly distributed. */
export function evenly<T>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, i) => all[Math.floor((i * all.length) / most)] as T);
}

/** The first of what comes, at most `most`. */
export async function* firstOf<T>(all: AsyncIterable<T>, most: number): AsyncGenerator<T, void> {
  let taken = 0;
  for await (const one of all) {
    if (taken++ >= most) return;
    yield one;
  }
}

/** What holds memory that is not JavaScript's must be disposed of; what was forgotten is told here. */

const quietMs = 1000;

let tellLine: ((line: string) => void) | null = null;
/** What was collected since the last line, and how often. */
const forgotten = new Map<string, number>();

const collected = new FinalizationRegistry<string>((what) => {
  if (forgotten.size === 0) setTimeout(tellForgotten, quietMs);
  forgotten.set(what, (forgotten.get(what) ?? 0) + 1);
});

/**
 * Tells from now on which programs, sessions, videos, decoders and files were garbage collected without having been disposed
 * of: at most one line a second, without a line end. What was opened before is not watched.
 */
export function reportLeaks(tell: (line: string) => void): void {
  tellLine = tell;
}

/** Watches an object that must be disposed of. `what` names it: a stream session, a video. */
export function watchLeak(owner: object, what: string): void {
  if (tellLine) collected.register(owner, what, owner);
}

/** The object was disposed of. */
export function forgetLeak(owner: object): void {
  collected.unregister(owner);
}

function tellForgotten(): void {
  const counts = [...forgotten].map(([what, count]) => (count === 1 ? what : `${what} (${count} times)`));
  forgotten.clear();
  tellLine?.(`not disposed of, and collected: ${counts.join(", ")}`);
}

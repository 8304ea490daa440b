/** Objects with memory outside JavaScript must be disposed; those that were not are reported here. */

const quietMs = 1000;

let tellLine: ((line: string) => void) | null = null;
/** What was collected since the last report, and how often. */
const forgotten = new Map<string, number>();

const collected = new FinalizationRegistry<string>((what) => {
  if (forgotten.size === 0) setTimeout(tellForgotten, quietMs);
  forgotten.set(what, (forgotten.get(what) ?? 0) + 1);
});

/**
 * Starts reporting programs, sessions, videos, decoders and files that were garbage-collected without being disposed:
 * at most one line per second, without a line break. Objects opened earlier are not watched.
 */
export function reportLeaks(tell: (line: string) => void): void {
  tellLine = tell;
}

/** Watches an object that must be disposed. `what` names it: a stream session, a video. */
export function watchLeak(owner: object, what: string): void {
  if (tellLine) collected.register(owner, what, owner);
}

/** Stops watching a disposed object. */
export function forgetLeak(owner: object): void {
  collected.unregister(owner);
}

function tellForgotten(): void {
  const counts = [...forgotten].map(([what, count]) => (count === 1 ? what : `${what} (${count} times)`));
  forgotten.clear();
  tellLine?.(`garbage-collected without being disposed: ${counts.join(", ")}`);
}

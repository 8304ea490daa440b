import { percentile } from "../common/percentile.ts";
import type { SessionSource } from "../session/program.ts";

/** Steps of a network in a row, and those at their beginning that do not count: the others' numbers are in the caches then. */
const [row, warmUp] = [10, 3];
/** The lower quartile: other work on the machine makes steps slower, never faster. */
const percent = 25;

/** Milliseconds of a step of each of some stream models, which take turns every few frames. */
export async function latenciesOf(
  sources: readonly SessionSource[],
  pictures: readonly Float32Array[],
): Promise<readonly number[]> {
  const sessions = await Promise.all(sources.map((source) => source.openStream()));
  const times = sessions.map((): number[] => []);
  for (let first = 0; first < pictures.length; first += row) {
    for (const [i, session] of sessions.entries()) {
      for (const [k, picture] of pictures.slice(first, first + row).entries()) {
        const begun = performance.now();
        await session.step(picture);
        if (k >= warmUp || pictures.length <= warmUp) (times[i] as number[]).push(performance.now() - begun);
      }
    }
  }
  for (const session of sessions) await session[Symbol.asyncDispose]();
  return times.map((all) => percentile(all, percent));
}

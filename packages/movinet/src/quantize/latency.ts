import { percentile } from "../common/percentile.ts";
import type { SessionSource } from "../session/program.ts";

/** Steps of each network before those that count. */
const warmUp = 3;
/** The lower quartile: other work on the machine makes steps slower, never faster. */
const percent = 25;

/** Milliseconds of a step of each of some stream models, which take turns frame by frame. */
export async function latenciesOf(
  sources: readonly SessionSource[],
  pictures: readonly Float32Array[],
): Promise<readonly number[]> {
  const sessions = await Promise.all(sources.map((source) => source.openStream()));
  const times = sessions.map((): number[] => []);
  for (const picture of pictures) {
    for (const [i, session] of sessions.entries()) {
      const begun = performance.now();
      await session.step(picture);
      (times[i] as number[]).push(performance.now() - begun);
    }
  }
  for (const session of sessions) await session[Symbol.asyncDispose]();
  return times.map((all) => percentile(all.slice(Math.min(warmUp, all.length - 1)), percent));
}

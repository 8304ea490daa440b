/**
 * How often an answer from the first frames is right: `node bench/first-frames.ts > bench/results/first-frames.csv`. Stretches
 * of the labelled clips that begin every second; shares are means over clips, each the mean over its stretches, and the last
 * columns are of those stretches alone that have twenty frames. Needs the shared clips.
 */
import { classifyFrames, topK } from "movinet/session";
import { framesOf, labelledClips, mean, openOfficial, row } from "./material.ts";

const { card, program } = await openOfficial();
const most = 20;

/** Of each frame whether the answer was right by then, and its score. */
type Stretch = readonly { readonly right: number; readonly score: number }[];
const clips: (readonly Stretch[])[] = [];
for (const { file, label } of labelledClips()) {
  const frames = await framesOf(file, { fps: card.fps, size: card.input });
  const stretches: Stretch[] = [];
  for (let at = 0; at + card.fps <= frames.length; at += card.fps) {
    const stretch: { right: number; score: number }[] = [];
    const part = (async function* () {
      yield* frames.slice(at, at + most);
    })();
    for await (const { scores } of classifyFrames(part, program)) {
      const [best] = topK(scores, card.labels, 1);
      stretch.push({ right: best?.label === label ? 1 : 0, score: best?.score ?? 0 });
    }
    stretches.push(stretch);
  }
  clips.push(stretches);
}
await program[Symbol.asyncDispose]();

function measure(n: number, least: number) {
  const own = clips
    .map((stretches) => stretches.filter(({ length }) => length >= least).flatMap((stretch) => stretch[n - 1] ?? []))
    .filter(({ length }) => length > 0);
  const [right, score] = (["right", "score"] as const).map((key) =>
    mean(own.map((all) => mean(all.map((one) => one[key])))),
  );
  return [own.length, own.flat().length, right?.toFixed(3), score?.toFixed(3)];
}
row("frames,clips,stretches,right,mean score,clips of 20,stretches of 20,right of 20,mean score of 20");
for (let n = 1; n <= most; n++) row(n, ...measure(n, n), ...measure(n, most));

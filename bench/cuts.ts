/**
 * How well a change in a short clip is found: `node bench/cuts.ts > bench/results/cuts.csv`. Labelled clips alone
 * (more than one segment is a false alarm, unless the clip really changes), two clips of different classes one after
 * the other, and other clips of a single action; by the estimate, by the session for the recent past, and by both, as
 * `classify` does. Needs the shared clips.
 */
import { type Frame, Segmenter } from "movinet";
import { preprocess, probabilities } from "movinet/session";
import { randomOf } from "../packages/movinet/src/common/random.ts";
import { RecentLogits } from "../packages/movinet/src/flow/recent-logits.ts";
import { framesOf, labelledClips, openOfficial, row, videosIn } from "./material.ts";

type Pictures = readonly Omit<Frame, "timestamp">[];
const { card, program } = await openOfficial({ threads: 1 });
const read = (file: string): Promise<Pictures> => framesOf(file, { fps: card.fps, size: card.input });
const labelled = await Promise.all(
  labelledClips().map(async ({ file, label }) => ({ label, pictures: await read(file) })),
);
const alone = labelled.map(({ pictures }) => ({ pictures, cut: null }));
const random = randomOf(1, "cuts");
function pairs(count: number, shortest: number, longest: number) {
  const made: { pictures: Pictures; cut: number }[] = [];
  while (made.length < count) {
    const [a, b] = [0, 1].map(() => random.shuffle(labelled)[0]) as [(typeof labelled)[0], (typeof labelled)[0]];
    if (a.label === b.label) continue;
    const [first = [], second = []] = [a, b].map(({ pictures }) => {
      const length = Math.round(random.between(shortest, longest) * card.fps);
      // Short clips are looped, like a repeated action.
      return Array.from({ length }, (_, k) => pictures[k % pictures.length] as Pictures[number]);
    });
    made.push({ pictures: [...first, ...second], cut: first.length / card.fps });
  }
  return made;
}
const folders = async (path: string) => {
  const found: { pictures: Pictures; cut: null }[] = [];
  for (const file of videosIn(path)) found.push({ pictures: (await read(file)).slice(0, 30 * card.fps), cut: null });
  return found;
};
const materials = {
  "labelled clips alone": alone,
  "two of 2–5 s": pairs(100, 2, 5),
  "two of 5–10 s": pairs(100, 5, 10),
  "two of 10–15 s": pairs(100, 10, 15),
  "clips of a pose alone": await folders("dataset/yoga6"),
  "clips of a fight or none alone": await folders("dataset/fight2"),
};

row("model,material,clips,changes seen by,clips that change,cut found within 1 s,more than one change");
for (const [material, clips] of Object.entries(materials)) {
  const seen = { estimate: [] as number[][], session: [] as number[][], both: [] as number[][] };
  for (const { pictures } of clips) {
    const { estimate, session } = await changesOf(pictures);
    seen.estimate.push(estimate);
    seen.session.push(session);
    seen.both.push(estimate.length > 0 ? session : []);
  }
  for (const [how, changes] of Object.entries(seen)) {
    const count = (is: (own: number[], i: number) => boolean) => changes.filter(is).length;
    const near = (own: number[], i: number) => own.some((start) => Math.abs(start - (clips[i]?.cut ?? -9)) < 1);
    const numbers = [count((own) => own.length > 0), count(near), count((own) => own.length > 1)];
    row(card.name, material, clips.length, how, ...numbers);
  }
}
await program[Symbol.asyncDispose]();

/** Start times of all segments but the first, in seconds, in one run over both. */
async function changesOf(pictures: Pictures) {
  const { input, output } = card;
  const halfLife = 1;
  const window = 1.6;
  await using session = await program.openStream({ recentHalfLifeFrames: halfLife * card.fps });
  const logits = new RecentLogits(Math.round(window * card.fps));
  const [estimate, exact] = [new Segmenter(), new Segmenter()];
  for (const [k, picture] of pictures.entries()) {
    const given = await session.step(preprocess(picture, input));
    const time = k / card.fps;
    estimate.add(Math.max(0, time - window / 2), probabilities(logits.add(given.logits), output));
    exact.add(Math.max(0, time - halfLife), probabilities(given.recent as Float32Array, output));
  }
  const starts = (segmenter: Segmenter) =>
    segmenter
      .end(pictures.length / card.fps)
      .slice(1)
      .map(({ start }) => start);
  return { estimate: starts(estimate), session: starts(exact) };
}

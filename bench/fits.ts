/**
 * Which way of fitting a picture names labelled clips best: `node bench/fits.ts > bench/results/fits.csv`. Each rule against
 * `crop` on the same clips: how many it gains and loses, and the exact two-sided sign test of that. Re-encodings of one clip
 * are not counted, for they are right or wrong together. Needs the shared clips.
 */
import type { Fit } from "movinet";
import { classifyFrames } from "movinet/session";
import { openVideo } from "movinet/video";
import { wilsonInterval } from "../packages/movinet/src/evaluate/intervals.ts";
import { labelledClips, openOfficial, row } from "./material.ts";

interface Clip {
  readonly truth: number;
  readonly aspect: number;
  readonly scores: Readonly<Record<Fit, Float32Array>>;
}
const { card, program } = await openOfficial();
const clips: Clip[] = [];
for (const { file, label } of labelledClips()) {
  let aspect = 1;
  const look = async (fit: Fit) => {
    const video = openVideo(file, { fps: card.fps, size: { ...card.input, fit } });
    let scores = new Float32Array();
    for await (const result of classifyFrames(video, program, { fit })) scores = Float32Array.from(result.scores);
    if (video.info) aspect = video.info.width / video.info.height;
    return scores;
  };
  const scores = { crop: await look("crop"), squash: await look("squash"), pad: await look("pad") };
  clips.push({ truth: (card.labels ?? []).indexOf(label), aspect, scores });
}
await program[Symbol.asyncDispose]();

const mean = (...all: readonly Float32Array[]) =>
  (all[0] as Float32Array).map((_, c) => all.reduce((sum, own) => sum + (own[c] as number), 0) / all.length);
const rules: Readonly<Record<string, (clip: Clip) => Float32Array>> = {
  crop: ({ scores }) => scores.crop,
  squash: ({ scores }) => scores.squash,
  pad: ({ scores }) => scores.pad,
  "mean of crop and squash": ({ scores }) => mean(scores.crop, scores.squash),
  "mean of all three": ({ scores }) => mean(scores.crop, scores.squash, scores.pad),
  "squash where wider than 3:2": ({ aspect, scores }) => (aspect > 1.5 ? scores.squash : scores.crop),
  "squash where higher than wide": ({ aspect, scores }) => (aspect < 1 ? scores.squash : scores.crop),
};
/** How many classes are at least as likely as the right one, it included. */
const rank = (scores: Float32Array, truth: number) =>
  scores.filter((score) => score >= (scores[truth] as number)).length;

/** Probability of a split at least as uneven, were both sides as likely. */
function signTest(gained: number, lost: number): number {
  const n = gained + lost;
  let [term, tail] = [0.5 ** n, 0];
  for (let k = 0; k <= Math.min(gained, lost); k++) {
    tail += term;
    term *= (n - k) / (k + 1);
  }
  return Math.min(1, 2 * tail);
}

row("rule,clips,right,low,high,in the top five,mean log score,gained,lost,p,likelier,less likely,p of that");
const base = clips.map(({ scores, truth }) => ({
  right: rank(scores.crop, truth) === 1,
  score: scores.crop[truth] ?? 0,
}));
for (const [name, rule] of Object.entries(rules)) {
  const own = clips.map((clip) => {
    const scores = rule(clip);
    return { rank: rank(scores, clip.truth), score: scores[clip.truth] ?? 0 };
  });
  const right = own.filter((one) => one.rank === 1).length;
  const five = own.filter((one) => one.rank <= 5).length;
  const log = own.reduce((sum, { score }) => sum + Math.log(score + 1e-9), 0) / own.length;
  const count = (is: (i: number) => boolean) => own.filter((_, i) => is(i)).length;
  const gained = count((i) => own[i]?.rank === 1 && !base[i]?.right);
  const lost = count((i) => own[i]?.rank !== 1 && base[i]?.right === true);
  const change = (i: number) => (own[i]?.score ?? 0) - (base[i]?.score ?? 0);
  const [up, down] = [count((i) => change(i) > 1e-6), count((i) => change(i) < -1e-6)];
  const { low, high } = wilsonInterval(right, own.length);
  const digits = (value: number) => value.toFixed(3);
  const paired = [gained, lost, digits(signTest(gained, lost)), up, down, digits(signTest(up, down))];
  row(name, own.length, right, digits(low), digits(high), five, digits(log), ...paired);
}

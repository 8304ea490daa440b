/**
 * Events on seeded concatenations: labelled clips, each looped to 10–20 s, with clips of none of their classes between
 * them, frame by frame through the stream session. `node bench/events.ts choose > bench/results/events-choice.csv`
 * compares half-lives and thresholds on one half of the clips; `node bench/events.ts > bench/results/events.csv` judges
 * the defaults on the other half, with an hour of other clips, for three seeds. Needs the shared clips.
 */
import { basename } from "node:path";
import type { Frame } from "movinet";
import { preprocess, probabilities } from "movinet/session";
import { EventDetector } from "movinet/watch";
import { randomOf } from "../packages/movinet/src/common/random.ts";
import type { EventRules } from "../packages/movinet/src/watch/event-rules.ts";
import { framesOf, labelledClips, openOfficial, row, videosIn } from "./material.ts";

type Pictures = readonly Omit<Frame, "timestamp">[];
interface Stretch {
  readonly label: string;
  readonly start: number;
  readonly end: number;
}
/** Scores of every class after each frame of a concatenation, and what is in it. */
interface Trace {
  readonly scores: readonly Float32Array[];
  readonly truth: readonly Stretch[];
  readonly labels: readonly string[];
  readonly otherSeconds: number;
  readonly halfLife: number;
}

/** They show a class that is watched, drawn or animated: neither right nor wrong. */
const ambiguous = new Set(["dya_video2.mp4", "tooba_deadlift.mp4", "cf_thruster.mp4"]);
const choosing = process.argv[2] === "choose";
const half = choosing ? 0 : 1;
const { card, program } = await openOfficial({ threads: 1 });
const names = card.labels as readonly string[];
const read = (file: string): Promise<Pictures> => framesOf(file, { fps: card.fps, size: card.input });

const named = labelledClips().filter((clip) => clip.named);
const classes = [...new Set(named.map(({ label }) => label))].sort();
const own = named.filter(({ label }) => classes.indexOf(label) % 2 === half);
/** Clips of one person or video are all in the same half. */
const groupOf = (file: string) => /^(?:P|S)\d+/.exec(basename(file))?.[0] ?? basename(file);
const others = ["videos/other", "dataset/yoga6", "dataset/fight2"].flatMap(videosIn);
const groups = [...new Set(others.map(groupOf))].sort();
const ownOthers = others.filter((file) => !ambiguous.has(basename(file)) && groups.indexOf(groupOf(file)) % 2 === half);
const actions = await Promise.all(own.map(async ({ file, label }) => ({ label, pictures: await read(file) })));
const between: Pictures[] = [];
for (const file of ownOthers) between.push(await read(file));
const watched = [...new Set(own.map(({ label }) => label))];

function concatenate(seed: number, otherSeconds: number): { pictures: Pictures; truth: readonly Stretch[] } {
  const random = randomOf(seed, "events");
  const pictures: Pictures[number][] = [];
  const truth: Stretch[] = [];
  const play = (clip: Pictures, seconds: number) => {
    for (let k = 0; k < seconds * card.fps; k++) pictures.push(clip[k % clip.length] as Pictures[number]);
  };
  const order = random.shuffle(actions);
  const share = otherSeconds / (order.length + 1);
  let deck: Pictures[] = [];
  const playOthers = () => {
    for (let left = share; left > 0; ) {
      if (deck.length === 0) deck = [...random.shuffle(between)];
      const clip = deck.pop() as Pictures;
      const seconds = Math.min(left, Math.max(clip.length / card.fps, random.between(3, 10)));
      play(clip, seconds);
      left -= seconds;
    }
  };
  playOthers();
  for (const { label, pictures: clip } of order) {
    const start = pictures.length / card.fps;
    play(clip, random.between(10, 20));
    truth.push({ label, start, end: pictures.length / card.fps });
    playOthers();
  }
  return { pictures, truth };
}

async function traceOf(seed: number, otherSeconds: number, halfLife: number | null): Promise<Trace> {
  const { pictures, truth } = concatenate(seed, otherSeconds);
  await using session = await program.openStream(halfLife === null ? {} : { halfLifeFrames: halfLife * card.fps });
  const scores: Float32Array[] = [];
  for (const picture of pictures) {
    const { logits } = await session.step(preprocess(picture, card.input));
    scores.push(probabilities(logits, card.output));
  }
  return { scores, truth, labels: names, otherSeconds, halfLife: halfLife ?? 0 };
}

/** What the detector finds in a trace, next to the truth. */
function judge(traces: readonly Trace[], rules: EventRules) {
  const found = { actions: 0, once: 0, missed: 0, twice: 0, onTime: 0, falseEvents: 0, hours: 0 };
  const delays: number[] = [];
  const told: string[] = [];
  for (const { scores, truth, labels, otherSeconds, halfLife } of traces) {
    const detector = new EventDetector("camera", labels, rules, halfLife);
    const epoch = Date.UTC(2026, 0, 1);
    const atOf = (time: number) => new Date(epoch + Math.round(time * 1000)).toISOString();
    const events = [
      ...scores.flatMap((row, k) => detector.add({ at: atOf(k / card.fps), time: k / card.fps, scores: row })),
      ...detector.interrupt(),
    ];
    const ended = events.flatMap(({ phase, label, start, end }) => {
      const seconds = (at: string) => (Date.parse(at) - epoch) / 1000;
      return phase === "end" ? [{ label, start: seconds(start), end: seconds(end as string) }] : [];
    });
    const isOf = (event: Stretch, { label, start, end }: Stretch) =>
      event.label === label && event.start < end && event.end > start;
    for (const stretch of truth) {
      const own = ended.filter((event) => isOf(event, stretch));
      found.actions++;
      if (own.length === 0) found.missed++;
      else if (own.length === 1) found.once++;
      else found.twice++;
      const [first] = own;
      told.push(`${stretch.label} ${first ? (first.start - stretch.start).toFixed(1) : "missed"}`);
      if (!first) continue;
      delays.push(first.start - stretch.start);
      if (Math.abs(first.start - stretch.start) <= 2) found.onTime++;
    }
    const strange = ended.filter((event) => !truth.some((stretch) => isOf(event, stretch)));
    found.falseEvents += strange.length;
    told.push(...strange.map(({ label, start, end }) => `false ${label} for ${(end - start).toFixed(1)}`));
    found.hours += otherSeconds / 3600;
  }
  delays.sort((a, b) => a - b);
  return { ...found, delays, told };
}

const cellsOf = ({ actions, once, missed, twice, onTime, falseEvents, hours, delays }: ReturnType<typeof judge>) => [
  actions,
  once,
  missed,
  twice,
  onTime,
  falseEvents,
  hours.toFixed(2),
  (falseEvents / hours).toFixed(2),
  (delays[0] ?? Number.NaN).toFixed(1),
  (delays[Math.floor(delays.length / 2)] ?? Number.NaN).toFixed(1),
  (delays.at(-1) ?? Number.NaN).toFixed(1),
];
const measures =
  "actions,found once,missed,found twice,start within 2 s,false events,hours of others,false per hour,earliest start,median start,latest start";

if (choosing) {
  row(`half-life,enter,leave,least seconds,cooldown,${measures}`);
  for (const halfLife of [0.5, 1, 2, 4, null]) {
    const traces = [await traceOf(11, 1200, halfLife), await traceOf(12, 1200, halfLife)];
    for (const enter of [0.3, 0.5, 0.7, 0.9]) {
      for (const leave of [0.05, 0.1, 0.2, 0.3]) {
        for (const minSeconds of [1, 2, 4]) {
          for (const cooldownSeconds of [0, 10]) {
            const result = judge(traces, { only: watched, enter, leave, minSeconds, cooldownSeconds });
            row(halfLife ?? "none", enter, leave, minSeconds, cooldownSeconds, ...cellsOf(result));
          }
        }
      }
    }
  }
} else {
  row(`seed,classes with events,${measures},starts by clip`);
  for (const seed of [1, 2, 3]) {
    const trace = await traceOf(seed, 3600, 1);
    const result = judge([trace], { only: watched });
    row(seed, watched.length, ...cellsOf(result), `"${result.told.join("; ")}"`);
    row(seed, names.length, ...cellsOf(judge([trace], {})));
  }
}
await program[Symbol.asyncDispose]();

/**
 * Events on seeded concatenations: labelled clips, each looped to 10–20 s, with clips of none of their classes between
 * them, frame by frame through the stream session. `node bench/events.ts choose > bench/results/events-choice.csv`
 * compares half-lives and thresholds on some of the clips; `node bench/events.ts > bench/results/events.csv` judges
 * the defaults on others, for three seeds. Two models: the official A0 with its 600 classes, and an hour of other clips per
 * seed; and one trained here on six poses and `other`, of people and scenes that are in neither part, and 20 minutes. Needs the
 * shared clips.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Frame } from "movinet";
import { openModel } from "movinet/files";
import { openEngine, Program, preprocess, probabilities } from "movinet/session";
import { EventDetector } from "movinet/watch";
import { randomOf } from "../packages/movinet/src/common/random.ts";
import type { EventRules } from "../packages/movinet/src/watch/event-rules.ts";
import { officialModel } from "../packages/movinet/test/shared.ts";
import { bin, framesOf, labelledClips, row, temporaryFolder, videosIn } from "./material.ts";

type Pictures = readonly Omit<Frame, "timestamp">[];
interface Stretch {
  readonly label: string;
  readonly start: number;
  readonly end: number;
}
interface Clip {
  readonly label: string;
  readonly pictures: Pictures;
}
/** A model, clips of the classes that have events, and clips of none of them. */
interface Material {
  readonly name: string;
  readonly program: Program;
  readonly actions: readonly Clip[];
  readonly others: readonly Pictures[];
}
/** Scores of every class after each frame of a concatenation, and what is in it. */
interface Trace {
  readonly scores: readonly Float32Array[];
  readonly truth: readonly Stretch[];
  readonly labels: readonly string[];
  readonly fps: number;
  readonly otherSeconds: number;
  readonly halfLife: number;
}

const choosing = process.argv[2] === "choose";
/** They show a class that is watched, drawn or animated: neither right nor wrong. */
const ambiguous = new Set(["dya_video2.mp4", "tooba_deadlift.mp4", "cf_thruster.mp4"]);
/** Clips of one person or video are all in the same part. */
const groupOf = (file: string) => /^(?:P|S)\d+/.exec(basename(file))?.[0] ?? basename(file);
/** The files of some of the groups: those whose number, modulo `parts`, is `part`. */
function partOf(files: readonly string[], parts: number, part: readonly number[]): readonly string[] {
  const groups = [...new Set(files.map(groupOf))].sort();
  return files.filter((file) => part.includes(groups.indexOf(groupOf(file)) % parts));
}

async function openMaterial(
  name: string,
  file: string,
  clips: readonly { readonly file: string; readonly label: string }[],
  otherFiles: readonly string[],
): Promise<Material> {
  const { spec, weights, card } = await openModel(file);
  const program = await Program.compile({ spec, weights, card }, await openEngine({ threads: 1 }));
  const read = (path: string): Promise<Pictures> => framesOf(path, { fps: card.fps, size: card.input });
  const actions: Clip[] = [];
  for (const { file: path, label } of clips) actions.push({ label, pictures: await read(path) });
  const others: Pictures[] = [];
  for (const path of otherFiles) others.push(await read(path));
  return { name, program, actions, others };
}

/** The official model; clips that it names correctly when alone, every other class of them. */
function openKinetics(): Promise<Material> {
  const half = choosing ? 0 : 1;
  const named = labelledClips().filter((clip) => clip.named);
  const classes = [...new Set(named.map(({ label }) => label))].sort();
  const own = named.filter(({ label }) => classes.indexOf(label) % 2 === half);
  const others = ["videos/other", "dataset/yoga6", "dataset/fight2"].flatMap(videosIn);
  const usable = others.filter((file) => !ambiguous.has(basename(file)));
  return openMaterial("a0-stream, 600 classes", officialModel, own, partOf(usable, 2, [half]));
}

/** A model trained on half of the people and half of the other scenes. */
function openPoses(): Promise<Material> {
  const poses = videosIn("dataset/yoga6");
  const scenes = videosIn("dataset/fight2");
  const labelOf = (file: string) => basename(dirname(file));
  const folder = temporaryFolder();
  const training = [
    ...partOf(poses, 4, [0, 2]).map((file) => ({ file, label: labelOf(file) })),
    ...partOf(scenes, 4, [0, 1]).map((file) => ({ file, label: "other" })),
  ];
  for (const { file, label } of training) {
    mkdirSync(join(folder, "clips", label), { recursive: true });
    symlinkSync(file, join(folder, "clips", label, basename(file)));
  }
  const run = join(folder, "run");
  const args = [
    "train",
    join(folder, "clips"),
    "--from",
    officialModel,
    "--out",
    run,
    "--trainable",
    "classifier",
    "-q",
  ];
  execFileSync(process.execPath, [bin, ...args], { stdio: "ignore" });
  const own = partOf(poses, 4, choosing ? [1] : [3]).map((file) => ({ file, label: labelOf(file) }));
  return openMaterial(
    "trained, 6 poses and other",
    join(run, "model.safetensors"),
    own,
    partOf(scenes, 4, choosing ? [2] : [3]),
  );
}

function concatenate({ program, actions, others }: Material, seed: number, otherSeconds: number) {
  const { card } = program.model;
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
      if (deck.length === 0) deck = [...random.shuffle(others)];
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

async function traceOf(material: Material, seed: number, otherSeconds: number, halfLife: number): Promise<Trace> {
  const { program } = material;
  const { card } = program.model;
  const { pictures, truth } = concatenate(material, seed, otherSeconds);
  await using session = await program.openStream({ halfLifeFrames: halfLife * card.fps });
  const scores: Float32Array[] = [];
  for (const picture of pictures) {
    const { logits } = await session.step(preprocess(picture, card.input));
    scores.push(probabilities(logits, card.output));
  }
  const labels = card.labels as readonly string[];
  return { scores, truth, labels, fps: card.fps, otherSeconds, halfLife };
}

/** What the detector finds in a trace, next to the truth. */
function judge(traces: readonly Trace[], rules: EventRules) {
  const found = { actions: 0, once: 0, missed: 0, twice: 0, onTime: 0, falseEvents: 0, hours: 0 };
  const delays: number[] = [];
  const told: string[] = [];
  for (const { scores, truth, labels, fps, otherSeconds, halfLife } of traces) {
    const detector = new EventDetector("camera", labels, rules, halfLife);
    const epoch = Date.UTC(2026, 0, 1);
    const atOf = (time: number) => new Date(epoch + Math.round(time * 1000)).toISOString();
    const events = [
      ...scores.flatMap((row, k) => detector.add({ at: atOf(k / fps), time: k / fps, scores: row })),
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

for (const open of [openKinetics, openPoses]) {
  const material = await open();
  const { name, program } = material;
  const only = [...new Set(material.actions.map(({ label }) => label))];
  if (choosing) {
    if (open === openKinetics) row(`model,half-life,enter,leave,least seconds,cooldown,${measures}`);
    const [halfLives, seeds] =
      open === openKinetics
        ? [
            [1, 2],
            [11, 12, 13],
          ]
        : [[1], [11]];
    for (const halfLife of halfLives) {
      const traces = [];
      for (const seed of seeds) traces.push(await traceOf(material, seed, 1200, halfLife));
      for (const enter of [0.3, 0.5, 0.6, 0.7, 0.9]) {
        for (const leave of [0.05, 0.1, 0.2, 0.3]) {
          for (const minSeconds of [1, 3, 5]) {
            for (const cooldownSeconds of [0, 10]) {
              if (leave >= enter) continue;
              const result = judge(traces, { only, enter, leave, minSeconds, cooldownSeconds });
              row(`"${name}"`, halfLife, enter, leave, minSeconds, cooldownSeconds, ...cellsOf(result));
            }
          }
        }
      }
    }
  } else {
    if (open === openKinetics) row(`model,seed,classes with events,${measures},starts by clip`);
    for (const seed of [1, 2, 3]) {
      const trace = await traceOf(material, seed, open === openKinetics ? 3600 : 1200, 1);
      const result = judge([trace], { only });
      row(`"${name}"`, seed, only.length, ...cellsOf(result), `"${result.told.join("; ")}"`);
      if (open === openKinetics) row(`"${name}"`, seed, trace.labels.length, ...cellsOf(judge([trace], {})), "");
    }
  }
  await program[Symbol.asyncDispose]();
}

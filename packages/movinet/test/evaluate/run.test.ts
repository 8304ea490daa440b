/** Evaluation runs the model as `classify` does, and tells whether clip mode agrees. */
import { beforeAll, describe, expect, test } from "vitest";
import { VideoError } from "../../src/common/errors.ts";
import type { Clip } from "../../src/data/clip.ts";
import type { Sample } from "../../src/data/dataset.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { nodeEngine } from "../../src/engines/onnxruntime/onnx.node.ts";
import { ClipMode } from "../../src/evaluate/agreement.ts";
import { samplesForModel } from "../../src/evaluate/labels.ts";
import { Keepsakes } from "../../src/evaluate/pictures.ts";
import { type ClipOutcome, evaluateModel, framesOfClip } from "../../src/evaluate/run.node.ts";
import { classifyFrames } from "../../src/flow/classify.ts";
import type { Model } from "../../src/model/model.ts";
import { Program } from "../../src/session/program.ts";
import type { Frame } from "../../src/video/frame.ts";
import { hashedModel, randomPictures } from "../laws/models.ts";
import { told } from "../told.ts";

const resolution = { width: 44, height: 36 };
const stream = hashedModel("a0-stream", { classes: 5, resolution });
const base = hashedModel("a0-base", { classes: 5, resolution });
let engine: Engine;
beforeAll(async () => {
  engine = await nodeEngine({ threads: 1 });
});

function sample(name: string, classes = [0]): Sample {
  return { file: `/clips/${name}`, name, classes, split: null, group: null, start: null, end: null };
}

function clip(seed: number, frames: number): Clip {
  const { width, height } = resolution;
  const data = Uint8Array.from(randomPictures(seed, frames, height, width), (value) => Math.floor(256 * value));
  return { data, frames, width, height, aspect: 16 / 9, fps: 5 };
}

const lengths = [7, 3, 7];
const samples = lengths.map((_, i) => sample(`${i}.mp4`, [i]));
const open = ({ classes: [seed = 0] }: Sample) => framesOfClip(Promise.resolve(clip(seed, lengths[seed] as number)));

describe("a stream model", () => {
  test("answers after each frame what classifyFrames gives, and clip mode agrees", async () => {
    const { answers, failures, agreement } = await evaluateModel(stream, samples, { engine, openFrames: open });
    expect(failures).toEqual([]);
    expect(answers.map(({ moments }) => moments?.frames.length)).toEqual(lengths);
    const program = await Program.compile(stream, engine);
    for (const [i, answer] of answers.entries()) {
      const best: number[] = [];
      let last = new Float32Array() as Float32Array;
      for await (const { scores } of classifyFrames(open(samples[i] as Sample) as AsyncIterable<Frame>, program)) {
        best.push(scores.indexOf(Math.max(...scores)));
        last = scores;
      }
      expect(answer.scores).toEqual(last);
      expect(answer.moments?.best).toEqual(best);
      expect(answer.moments?.times.at(-1)).toBeCloseTo(((lengths[i] as number) - 1) / 5, 9);
    }
    await program[Symbol.asyncDispose]();
    expect(agreement).toMatchObject({ clips: 3, agree: true });
    expect(agreement?.difference).toBeLessThanOrEqual(1e-4);
    expect(agreement?.difference).toBeGreaterThan(0);
  });

  test("compares as many clips as it is told, evenly spread", async () => {
    const some = await evaluateModel(stream, samples, { engine, openFrames: open, compared: 2 });
    expect(some.agreement?.clips).toBe(2);
    const none = await evaluateModel(stream, samples, { engine, openFrames: open, compared: 0 });
    expect(none.agreement).toBeNull();
  });

  test("a long clip is compared up to the most frames that are run at once", async () => {
    const clipMode = new ClipMode(hashedModel("a0-stream", { classes: 5 }), engine);
    expect(clipMode.mostFrames).toBe(33);
    await clipMode[Symbol.asyncDispose]();
  });

  test("a shift of all logits does not widen what is allowed", async () => {
    const weights = new Map(stream.weights);
    const bias = weights.get("classifier2.bias") as { shape: readonly number[]; data: Float32Array };
    weights.set("classifier2.bias", { ...bias, data: bias.data.map((value) => value + 1000) });
    const clipMode = new ClipMode({ ...stream, weights }, engine);
    const frames = [new Float32Array(3 * resolution.width * resolution.height).fill(0.5)];
    await clipMode.compare(frames, new Float32Array(5).fill(1000));
    const { difference = 0, scale = 0 } = clipMode.agreement ?? {};
    expect(scale).toBe(0);
    const close = new ClipMode({ ...stream, weights }, engine);
    const executable = await Program.compile({ ...stream, weights }, engine);
    const session = await executable.openStream();
    const logits = (await session.step(frames[0] as Float32Array)).logits.map((value) => value + 5e-3);
    await close.compare(frames, logits);
    expect(difference).toBeGreaterThan(0);
    expect(close.agreement).toMatchObject({ agree: false });
    await Promise.all([session, executable, clipMode, close].map((one) => one[Symbol.asyncDispose]()));
  });

  test("other weights in clip mode: it says so", async () => {
    const other = hashedModel("a0-stream", { classes: 5, resolution });
    const weights = new Map(other.weights);
    const bias = weights.get("classifier2.bias") as { shape: readonly number[]; data: Float32Array };
    weights.set("classifier2.bias", { ...bias, data: bias.data.map((value) => value + 0.01) });
    const clipMode = new ClipMode({ ...other, weights }, engine);
    const program = await Program.compile(stream, engine);
    const session = await program.openStream();
    const frame = randomPictures(1, 1, resolution.height, resolution.width);
    await clipMode.compare([frame], (await session.step(frame)).logits);
    expect(clipMode.agreement).toMatchObject({ agree: false, difference: expect.closeTo(0.01, 4) });
    await clipMode[Symbol.asyncDispose]();
    await program[Symbol.asyncDispose]();
  });
});

test("a base model answers after its windows and has one mode only", async () => {
  const model: Model = { ...base, card: { ...base.card, frames: 4 } };
  const { answers, agreement } = await evaluateModel(model, samples, { engine, openFrames: open });
  expect(answers.map(({ moments }) => moments?.frames)).toEqual([[4, 7], [3], [4, 7]]);
  expect(agreement).toBeNull();
});

test("a clip that cannot be decoded is a failure of its own; other errors end the work", async () => {
  const broken = new VideoError({
    code: "E_VIDEO_UNREADABLE",
    subject: "1.mp4",
    problem: "no",
    remedy: "Give another",
  });
  const opened = (error: Error | null) => (one: Sample) =>
    one.name === "1.mp4" && error ? framesOfClip(Promise.reject(error)) : open(one);
  const outcomes: ClipOutcome[] = [];
  const onClip = (outcome: ClipOutcome) => outcomes.push(outcome);
  const options = { engine, openFrames: opened(broken), onClip, pictures: 2 };
  const { answers, failures } = await evaluateModel(stream, samples, options);
  expect(answers.map(({ name }) => name)).toEqual(["0.mp4", "2.mp4"]);
  expect(failures.map(({ sample: one, error }) => [one.name, error.code])).toEqual([["1.mp4", "E_VIDEO_UNREADABLE"]]);
  expect(outcomes.map(({ answer, pictures }) => [answer !== null, pictures.length])).toEqual([
    [true, 2],
    [false, 0],
    [true, 2],
  ]);
  await expect(evaluateModel(stream, samples, { engine, openFrames: opened(new Error("bug")) })).rejects.toThrow("bug");
  const empty = () => framesOfClip(Promise.resolve(clip(0, 0)));
  const none = await evaluateModel(stream, samples.slice(0, 1), { engine, openFrames: empty });
  expect(none.failures[0]?.error.message).toBe(
    "/clips/0.mp4: it has no frames. Use a video that can be played, or other times.",
  );
});

test("what is wrong with a clip that gives frames is told", async () => {
  const source = { duration: 1, frameRate: 25, warnings: ["the rest is missing"] };
  const opened = ({ name }: Sample) =>
    framesOfClip(Promise.resolve({ ...clip(1, 3), ...(name === "1.mp4" && { source }) }));
  const { answers, damaged } = await evaluateModel(stream, samples, { engine, openFrames: opened });
  expect(answers).toHaveLength(3);
  expect(damaged.map(({ sample, warnings }) => [sample.name, warnings])).toEqual([["1.mp4", ["the rest is missing"]]]);
});

test("ends when the signal aborts, and closes what it had opened ahead", async () => {
  const abort = new AbortController();
  let closed = 0;
  const openFrames = (one: Sample) => Object.assign(open(one), { [Symbol.asyncDispose]: async () => void closed++ });
  const onClip = () => abort.abort(new Error("enough"));
  await expect(evaluateModel(stream, samples, { engine, openFrames, onClip, signal: abort.signal })).rejects.toThrow(
    "enough",
  );
  expect(closed).toBe(2);
});

describe("labels", () => {
  const card = { ...stream.card, name: "tiny", labels: ["carving ice", "Push-Up", "squat", "sit up", "sit_up"] };
  const model = { card, spec: stream.spec };
  const dataset = (labels: readonly string[]) => ({ path: "clips", labels });

  test("are matched by name, then without case, _ and -", () => {
    const own = ["carving_ice", "push up", "sit_up"];
    const mapped = samplesForModel(dataset(own), [sample("a", [0]), sample("b", [1]), sample("c", [2])], model);
    expect(mapped.map(({ classes }) => classes)).toEqual([[0], [1], [4]]);
  });

  test("are the same in either Unicode form, and with several spaces", () => {
    const accented = { ...model, card: { ...card, labels: ["a", "b", "c", "e\u0301te\u0301 1", "ou\u0300"] } };
    const own = ["\u00e9t\u00e9_ 1", "o\u00f9"];
    const mapped = samplesForModel(dataset(own), [sample("a", [0]), sample("b", [1])], accented);
    expect(mapped.map(({ classes }) => classes)).toEqual([[3], [4]]);
  });

  test("that the model lacks are named, but only of the clips that are judged", () => {
    const labels = ["flying", "squat", "SIT UP", "diving"];
    expect(() =>
      samplesForModel(dataset(labels), [sample("a", [0]), sample("b", [1]), sample("c", [2])], model),
    ).toThrow(
      told(
        "E_MODEL_LABELS",
        'clips: the model tiny has no class "flying", "SIT UP". Use the model\'s labels (carving ice, Push-Up, squat and 2 more), or use a model trained on yours.',
      ),
    );
    expect(samplesForModel(dataset(labels), [sample("b", [1])], model)[0]?.classes).toEqual([2]);
  });

  test("several of one clip need a model whose classes stand alone", () => {
    const both = [sample("a.mp4", [0, 1])];
    const labels = ["squat", "sit up"];
    expect(() => samplesForModel(dataset(labels), both, model)).toThrow(
      told("E_MODEL_LABELS", "clips: a.mp4 has several labels"),
    );
    const sigmoid = { ...model, card: { ...card, output: "sigmoid" as const } };
    expect(samplesForModel(dataset(labels), both, sigmoid)[0]?.classes).toEqual([2, 3]);
  });

  test("of a model that knows none: it says how to give them", () => {
    const nameless = { ...model, card: { ...card, labels: null } };
    expect(() => samplesForModel(dataset(["a"]), [sample("a")], nameless)).toThrow(
      told("E_MODEL_LABELS", "Pass its class names as labels: a file with one per line"),
    );
  });
});

test("keepsakes are spread over a clip of any length", () => {
  for (const frames of [1, 2, 5, 16, 17, 100, 1000]) {
    const keepsakes = new Keepsakes(4);
    for (let t = 0; t < frames; t++) keepsakes.add({ data: new Uint8Array(3).fill(t % 256), width: 1, height: 1 });
    const times = keepsakes.take().map(({ data }) => data[0] as number);
    expect(times).toHaveLength(Math.min(4, frames));
    if (frames === 100) expect(times).toEqual([8, 32, 64, 88]);
    if (frames <= 256) expect(times).toEqual(times.toSorted((a, b) => a - b));
  }
});

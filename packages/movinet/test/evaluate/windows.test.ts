/** A base network on clips: prefixes, whole clips, and the mean over windows. */
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Clip } from "../../src/data/clip.ts";
import type { Sample } from "../../src/data/dataset.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { nodeEngine } from "../../src/engines/onnxruntime/onnx.node.ts";
import { evaluateWindows, planPasses, windowStarts } from "../../src/evaluate/windows.ts";
import { probabilities } from "../../src/flow/predict.ts";
import { Program } from "../../src/session/program.ts";
import { distance, hashedModel, randomPictures } from "../laws/models.ts";

const resolution = { width: 20, height: 20 };
const hashed = hashedModel("a0-base", { classes: 5, resolution });
const model = { ...hashed, card: { ...hashed.card, frames: 4 } };
const lengths = [7, 3, 13];
let engine: Engine;
beforeAll(async () => {
  engine = await nodeEngine({ threads: 1 });
});

const samples = lengths.map(
  (_, i): Sample => ({
    file: `${i}.mp4`,
    name: `${i}.mp4`,
    classes: [i],
    split: null,
    group: null,
    start: null,
    end: null,
  }),
);

/** Pictures whose bytes are known, so that they can be run by hand. */
function clip(seed: number): Clip {
  const frames = lengths[seed] as number;
  const data = Uint8Array.from(randomPictures(seed, frames, 20, 20), (value) => Math.floor(256 * value));
  return { data, frames, width: 20, height: 20, aspect: 1, fps: 5 };
}

async function byHand(seed: number, chosen: readonly number[], frames: number): Promise<Float32Array> {
  const { data } = clip(seed);
  const picture = 3 * 20 * 20;
  const input = new Float32Array(chosen.length * picture);
  for (const [t, frame] of chosen.entries()) {
    for (let p = 0; p < 400; p++) {
      for (let c = 0; c < 3; c++) input[t * picture + c * 400 + p] = (data[frame * picture + 3 * p + c] ?? 0) / 255;
    }
  }
  const program = await Program.compile({ ...model, card: { ...model.card, frames } }, engine);
  const scores = probabilities(await (await program.openClip()).run(input), "softmax");
  await program[Symbol.asyncDispose]();
  return scores;
}

const upTo = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i);

describe("evaluateWindows", () => {
  test("whole clips: after 1, 2, 4, … frames and at the end, as one call of each length says", async () => {
    const { whole } = await evaluateWindows(model, samples, {
      engine,
      read: async ({ classes }) => clip(classes[0] ?? 0),
    });
    expect(whole.map(({ moments }) => moments?.frames)).toEqual([
      [1, 2, 4, 7],
      [1, 2, 3],
      [1, 2, 4, 8, 13],
    ]);
    expect(whole[0]?.moments?.times.at(-1)).toBeCloseTo(6 / 5, 9);
    for (const [i, length] of lengths.entries()) {
      expect(distance(whole[i]?.scores ?? [], await byHand(i, upTo(length), length))).toBeLessThan(1e-6);
      const after2 = await byHand(i, upTo(2), 2);
      expect(whole[i]?.moments?.best[1]).toBe(after2.indexOf(Math.max(...after2)));
    }
  });

  test("windows: the mean of ten, of which a short clip has but one", async () => {
    const passes: number[] = [];
    const { averaged } = await evaluateWindows(model, samples, {
      engine,
      read: async ({ classes }) => clip(classes[0] ?? 0),
      onPass: (done, total) => passes.push(done / total),
    });
    const mean = new Float32Array(5);
    for (const start of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      for (const [c, score] of (await byHand(2, upTo(4, start), 4)).entries()) mean[c] = (mean[c] ?? 0) + score / 10;
    }
    expect(distance(averaged[2]?.scores ?? [], mean)).toBeLessThan(1e-6);
    expect(distance(averaged[1]?.scores ?? [], await byHand(1, upTo(3), 4))).toBeLessThan(1e-6);
    expect(passes.at(-1)).toBe(1);
  });
});

test("every clip is run at its own length, at each power of two below it, and at no other", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 20 }), (clips) => {
      const passes = planPasses(clips);
      for (const [i, length] of clips.entries()) {
        const own = passes.filter((pass) => pass.clips.includes(i)).map(({ frames }) => frames);
        const powers = Array.from({ length: 9 }, (_, p) => 2 ** p).filter((power) => power < length);
        expect(own).toEqual([...powers, length]);
      }
      const frames = passes.map((pass) => pass.frames);
      expect(frames).toEqual([...new Set(frames)].sort((a, b) => a - b));
    }),
  );
});

test("windows begin at the first frame, end at the last, and do not leave the clip", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 64 }), (frames, size) => {
      const starts = windowStarts(frames, size);
      expect(starts).toHaveLength(10);
      expect(starts[0]).toBe(0);
      expect(starts.at(-1)).toBe(Math.max(0, frames - size));
      expect(starts).toEqual([...starts].sort((a, b) => a - b));
    }),
  );
});

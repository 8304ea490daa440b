import { describe, expect, test } from "vitest";
import { randomOf } from "../../src/common/random.ts";
import { decideFlip } from "../../src/train/flip.ts";
import type { HeadLayers } from "../../src/train/frozen-head.ts";
import { timesKernel } from "../../src/train/linear-algebra.ts";
import { clipsToMirror, type MirrorTest, testMirroring } from "../../src/train/mirror.ts";
import { type ShownClips, shownClips } from "./shown-clips.ts";

const [hidden, old] = [20, 7];
const layers = (seed: number, width: number): HeadLayers => {
  const random = randomOf(seed, "layers");
  const kernel = Float32Array.from({ length: width * hidden }, () => random.normal());
  const known = Float32Array.from({ length: hidden * old }, () => random.normal());
  return { hidden: (x) => Float32Array.from(timesKernel(x, kernel), (v) => Math.min(Math.max(v, 0), 6)), known, width };
};
const look = (seed: number, options: ShownClips) =>
  testMirroring(shownClips(seed, options), layers(seed, 12), { classes: options.classes, seed });

describe("what the clips show", () => {
  test("two classes that are each other's mirror image swap", () => {
    const { changes, unseen } = look(1, { classes: 3, groups: 8, each: 2, pairs: 1 });
    expect(unseen).toEqual([]);
    expect(changes).toHaveLength(1);
    const [change] = changes;
    expect(change).toMatchObject({ classes: [0, 1], clips: 32 });
    expect(change!.right).toBeGreaterThan(24);
    expect(change!.rightMirrored).toBeLessThan(8);
    expect(change!.p).toBeLessThan(0.05 / 6);
    expect(look(1, { classes: 3, groups: 8, each: 2, pairs: 1 })).toEqual({ changes, unseen });
  });

  test("a class whose mirror image is no class is no longer told", () => {
    const { changes } = look(2, { classes: 3, groups: 12, each: 1, pairs: 0, single: true });
    expect(changes.map(({ classes }) => classes)).toEqual([[2]]);
    expect(changes[0]!.right).toBeGreaterThan(changes[0]!.rightMirrored + 5);
  });

  test("classes that are their own mirror image do not change, nor does noise", () => {
    for (let seed = 0; seed < 3; seed++) {
      expect(look(seed, { classes: 2, groups: 6, each: 2, pairs: 0 }).changes).toEqual([]);
      const noise = look(seed, { classes: 2, groups: 12, each: 1, pairs: 0, random: true });
      expect(noise).toEqual({ changes: [], unseen: [[0, 1]] });
    }
  });

  test("a few groups cannot show it", () => {
    const few = look(3, { classes: 2, groups: 2, each: 8, pairs: 1 });
    expect(few).toEqual({ changes: [], unseen: [[0, 1]] });
    const one = look(3, { classes: 2, groups: 1, each: 4, pairs: 1 });
    expect(one).toEqual({ changes: [], unseen: [[0, 1]] });
    expect(testMirroring([], layers(0, 12), { classes: 2 })).toEqual({ changes: [], unseen: [[0, 1]] });
  });

  test("clips of several classes", () => {
    const clips = shownClips(4, { classes: 2, groups: 10, each: 2, pairs: 1 });
    const { changes } = testMirroring(clips, layers(4, 12), { classes: 2, multiLabel: true });
    expect(changes.map(({ classes }) => classes)).toEqual([[0, 1]]);
  });
});

test("clips to look at: enough of each class, from all groups, the same for the same seed", () => {
  const samples = Array.from({ length: 3000 }, (_, i) => ({ classes: [i < 2900 ? 0 : 1], group: `${i % 60}`, i }));
  const chosen = clipsToMirror(samples, { classes: 2 });
  expect(chosen.filter(({ classes }) => classes[0] === 1)).toHaveLength(100);
  expect(chosen.filter(({ classes }) => classes[0] === 0)).toHaveLength(100);
  expect(new Set(chosen.map(({ group }) => group)).size).toBe(60);
  expect(chosen.map(({ i }) => i)).toEqual(chosen.map(({ i }) => i).sort((a, b) => a - b));
  expect(clipsToMirror(samples, { classes: 2 })).toEqual(chosen);
  expect(clipsToMirror(samples.slice(0, 50), { classes: 2 })).toHaveLength(50);
  const many = Array.from({ length: 4000 }, (_, i) => ({ classes: [i % 100], group: null }));
  expect(clipsToMirror(many, { classes: 100 })).toHaveLength(1200);
});

describe("the decision", () => {
  const change = { classes: [0, 1], clips: 40, right: 38, rightMirrored: 2, p: 1e-9 } as const;
  test.each<[string, readonly string[], MirrorTest | null, boolean, string]>([
    ["a name", ["jump", "turn left"], null, false, 'Clips are not mirrored: the label "turn left" names a side.'],
    [
      "names come first",
      ["left", "right"],
      { changes: [change], unseen: [] },
      false,
      'Clips are not mirrored: the labels "left" and "right" name a side.',
    ],
    [
      "many names",
      ["left", "right", "east", "west"],
      null,
      false,
      'Clips are not mirrored: the labels "left", "right" and 2 more name a side.',
    ],
    [
      "a pair",
      ["a", "b"],
      { changes: [change], unseen: [] },
      false,
      'Clips are not mirrored: mirrored clips of "a" are often mistaken for "b", and vice versa ' +
        "(38 of 40 correct, 2 when mirrored).",
    ],
    [
      "a class, and more",
      ["a", "b"],
      { changes: [{ ...change, classes: [1] }, change], unseen: [] },
      false,
      'Clips are not mirrored: mirrored clips of "b" are no longer recognized ' +
        "(38 of 40 correct, 2 when mirrored); 1 more like this.",
    ],
    ["nothing measured", ["a", "b"], null, true, "Clips are mirrored: no label names a side."],
    [
      "nothing seen",
      ["a", "b"],
      { changes: [], unseen: [] },
      true,
      "Clips are mirrored: no label names a side, and no classes swap in mirrored clips.",
    ],
    [
      "some cannot be seen",
      ["a", "b", "c"],
      {
        changes: [],
        unseen: [
          [0, 2],
          [1, 2],
        ],
      },
      true,
      "Clips are mirrored: no label names a side, and no classes were seen to swap in mirrored clips; " +
        '"a" and "c" (and 1 more) could not be tested: ' +
        "too few groups of clips, or the starting model cannot tell them apart.",
    ],
  ])("%s", (_, labels, measured, flip, why) => {
    expect(decideFlip(labels, measured)).toEqual({ flip, why });
  });
});

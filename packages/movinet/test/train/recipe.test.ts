/** What is learned where nothing, or something, is chosen. */
import { describe, expect, test } from "vitest";
import { howItIsTested, planTraining, type TrainChoices } from "../../src/train/recipe.ts";
import { sampleOf } from "../data/clips.ts";

const nothing: TrainChoices = {
  trainable: null,
  folds: null,
  validation: null,
  epochs: null,
  batch: null,
  frames: null,
  learningRate: null,
  augment: null,
  flip: null,
  seed: 0,
  threads: 2,
};

function datasetOf(clips: number, groups: number | null, split: "validation" | null = null) {
  const samples = Array.from({ length: clips }, (_, i) =>
    sampleOf(`${i}.mp4`, { split: i === 0 ? split : null, group: groups === null ? null : `g${i % groups}` }),
  );
  return { path: "clips", labels: ["a", "b"], samples, multiLabel: false, findings: [], warnings: [] };
}

const plan = (chosen: Partial<TrainChoices>, clips = 40, groups = 8, dataset = datasetOf(clips, groups)) =>
  planTraining({ ...nothing, ...chosen }, dataset, 5);

describe("the plan", () => {
  test("few clips: the last layer in closed form, each of few groups left out in turn", () => {
    expect(plan({})).toMatchObject({ fit: null, folds: 8, validation: 0.2 });
    expect(plan({}, 40, 30)).toMatchObject({ fit: null, folds: 5 });
  });

  test("many clips: the last two blocks by gradients, a part kept aside", () => {
    const { fit, folds } = plan({}, 400, 30);
    expect(folds).toBeNull();
    expect(fit).toMatchObject({ trainable: { lastBlocks: 2 }, epochs: 15, batch: 8, frames: 16, views: 6, threads: 2 });
  });

  test("what is chosen goes before what is usual", () => {
    const { fit, folds } = plan({ trainable: "all", epochs: 3, augment: "none", folds: 4 });
    expect(folds).toBe(4);
    expect(fit).toMatchObject({ trainable: "all", epochs: 3, views: 1 });
    expect(plan({ trainable: "head", flip: false }).fit?.augment.flip).toBe(0);
  });
});

test.each([
  [{ trainable: { lastBlocks: 6 } }, "trainable: the model has 5 blocks, not 6. Use 1 to 5, or all."],
  [{ epochs: 3 }, /^epochs: applies only to gradient training, .* the default below 400 clips \(found 40\)\./],
  [{ trainable: "classifier", flip: true }, /^flip true: .* Leave it out, or add trainable head, 2 or all\.$/],
  [{ trainable: "all", augment: "none", flip: false }, "flip false: augment none mirrors nothing. Use one of them."],
  [{ folds: 9 }, /^folds: 9 folds need 9 groups of clips, but there are only 8\./],
] as const)("a choice that cannot be is refused: %j", (chosen, message) => {
  expect(() => plan(chosen)).toThrow(expect.objectContaining({ code: "E_TRAIN_CHOICE" }));
  expect(() => plan(chosen)).toThrow(message);
});

test("a share to keep aside is refused where the dataset names its clips for validation", () => {
  expect(() => plan({ validation: 0.3 }, 40, 8, datasetOf(40, 8, "validation"))).toThrow(
    /^validation: .* or use folds\.$/,
  );
});

test("sentences name choices as the caller calls them", () => {
  const dataset = datasetOf(4, null);
  const name = (choice: string) => `the switch ${choice}`;
  const choices = { ...nothing, trainable: "classifier", folds: 2 } as const;
  expect(planTraining(choices, dataset, 5, name).why).toBe(
    "The last layer is solved in closed form, as set by the switch trainable.",
  );
  const [a, b, c, d] = dataset.samples;
  const parts = [
    { train: [a, b], choose: [], judge: [c, d] },
    { train: [c, d], choose: [], judge: [a, b] },
  ] as Parameters<typeof howItIsTested>[2];
  expect(howItIsTested(choices, dataset, parts, name)).toBe(
    "Tested by cross-validation with 2 folds, as set by the switch folds: each of 4 clips is evaluated by a model that did not see it.",
  );
});

/** What weights of clips are good for, on clips that overlap: 40 of one class and 8 of the other. */
import { expect, test } from "vitest";
import { randomOf } from "../../src/common/random.ts";
import { classWeights } from "../../src/train/balance.ts";
import { clipOf, run, withTraining } from "./noise-clips.ts";

const counts = [40, 8];
const fresh = 30;
const seeds = 6;
const spread = 0.25;

/** What models trained so say of fresh clips, as many of each class: the share told of each, and the mean loss. */
async function judge(weighed: boolean, labelOf: (seed: number, own: number, i: number) => number) {
  const right = [0, 0];
  let sum = 0;
  for (let seed = 0; seed < seeds; seed++) {
    const shown = counts.flatMap((count, own) => Array.from({ length: count }, (_, i) => ({ own, i })));
    const labels = shown.map(({ own, i }) => labelOf(seed, own, i));
    const { weightOf } = classWeights(
      labels.map((label) => [label]),
      2,
      false,
    );
    const train = shown.map(({ own, i }, at) => {
      const { name, varied } = clipOf(`${seed} ${own} ${i}`, own, { spread });
      const label = labels[at]!;
      const input = { ...varied(), classes: [label], weight: weighed ? weightOf([label]) : 1 };
      return { name, varied: () => input, plain: () => input };
    });
    const trained = await run({ train, validation: [] }, { epochs: 20, seed, batch: 8, learningRate: 3e-2 });
    const validation = [0, 1].flatMap((own) =>
      Array.from({ length: fresh }, (_, i) => clipOf(`${seed} fresh ${own} ${i}`, own, { spread })),
    );
    await withTraining({ train, validation }, {}, trained.model, async ({ trainer, validation: items }) => {
      const { loss, logits } = await trainer.test(items);
      sum += loss;
      for (const [i, [a, b]] of logits.map((row) => [...row] as [number, number]).entries()) {
        const { classes } = items[i]!;
        if (Number(b > a) === classes[0]) right[classes[0]]!++;
      }
    });
  }
  const [often, rare] = right.map((count) => count / (seeds * fresh)) as [number, number];
  return { often, rare, loss: sum / seeds };
}

test("a rare class is told more often, and where classes are alike likely the loss is lower", async () => {
  const plain = await judge(false, (_, own) => own);
  const weighed = await judge(true, (_, own) => own);
  expect(weighed.rare).toBeGreaterThan(plain.rare + 0.05);
  expect(weighed.loss).toBeLessThan(plain.loss - 0.02);
});

test("random labels stay at chance: half of the mean of both classes", async () => {
  const label = (seed: number, own: number, i: number) => Number(randomOf("label", seed, own, i).chance(1 / 6));
  const { often, rare } = await judge(true, label);
  expect(Math.abs((often + rare) / 2 - 0.5)).toBeLessThan(0.05);
});

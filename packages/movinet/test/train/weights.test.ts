/** What clips count in a training by gradients: the loss, its gradients, the epoch that is kept. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { randomOf } from "../../src/common/random.ts";
import type { Model } from "../../src/model/model.ts";
import { classWeights } from "../../src/train/balance.ts";
import { fitModel } from "../../src/train/fit.node.ts";
import type { FitClip, FitOptions } from "../../src/train/fit-options.node.ts";
import type { TrainSettings } from "../../src/train/settings.ts";
import { clipOf, folder, model, run, settings, withTraining } from "./noise-clips.ts";

const bytesOf = ({ weights: learned }: Model) =>
  [...learned].map(([name, { data }]) => `${name} ${Buffer.from(data.slice().buffer).toString("base64")}`);

/** One step of plain gradient descent at rate 1 on all clips: what it takes off the weights is the gradient. */
function descend(train: readonly FitClip[], changed: Partial<TrainSettings>, start: Model = model) {
  const sgd = { optimizer: "sgd", weightDecay: 0, batch: train.length, ...changed } as const;
  return withTraining({ train, validation: train }, sgd, start, async ({ trainer, validation, items }) => {
    const tested = await trainer.test(validation);
    const before = trainer.weights(false);
    const { loss } = await trainer.step(items(0, 0), 1);
    const after = trainer.weights(false);
    const gradient = new Map(
      [...before].map(([name, { data }]) => [name, data.map((value, i) => value - after.get(name)!.data[i]!)]),
    );
    return { loss, tested: tested.loss, gradient };
  });
}

describe("weights of clips", () => {
  it.each<[string, Partial<TrainSettings>]>([
    ["one by one", {}],
    ["in groups", { group: 3 }],
    ["on kept features", { trainable: "head" }],
  ])("a clip of weight 2 is the clip twice: %s", async (_, changed) => {
    const [a, b] = [clipOf("a", 0), clipOf("b", 1)];
    const again = { ...a, name: "a again" };
    const twice = await descend([a, again, b], changed);
    const weighted = await descend([clipOf("a", 0, { weight: 4 / 3 }), clipOf("b", 1, { weight: 2 / 3 })], changed);
    expect(weighted.loss).toBeCloseTo(twice.loss, 5);
    expect(weighted.tested).toBeCloseTo(twice.tested, 5);
    for (const [name, values] of twice.gradient) {
      const most = Math.max(1e-3, ...values.map(Math.abs));
      for (const [i, value] of values.entries()) {
        expect(Math.abs(weighted.gradient.get(name)![i]! - value) / most, name).toBeLessThan(1e-3);
      }
    }
  });

  it("the gradient is that of the weighted loss", async () => {
    const train = [clipOf("c", 0, { weight: 0.4 }), clipOf("d", 1, { weight: 1.9 }), clipOf("e", 1, { weight: 0.7 })];
    const { loss, tested, gradient } = await descend(train, {});
    expect(tested * 3).toBeCloseTo(loss * 3, 5); // weights of the mean 1: the same value
    const name = "classifier2.bias";
    for (const c of [0, 1]) {
      const moved = async (step: number) => {
        const bias = model.weights.get(name)!;
        const changed = { ...bias, data: bias.data.map((value, i) => (i === c ? value + step : value)) };
        return (await descend(train, {}, { ...model, weights: new Map(model.weights).set(name, changed) })).loss;
      };
      const slope = ((await moved(0.05)) - (await moved(-0.05))) / 0.1;
      expect(gradient.get(name)![c]).toBeCloseTo(slope, 3);
    }
  });

  it("the validation loss is the mean by weights, whatever their mean", async () => {
    const [a, b] = [clipOf("f", 0), clipOf("g", 1)];
    const lossOf = async (...validation: FitClip[]) =>
      (await run({ train: [a, b], validation }, { epochs: 1 })).history[0]!.validationLoss!;
    const [first, second] = [await lossOf(a), await lossOf(b)];
    const both = await lossOf(clipOf("f", 0, { weight: 3 }), clipOf("g", 1, { weight: 1 }));
    expect(both).toBeCloseTo((3 * first + second) / 4, 5);
  });

  it("weights of 1 change no bit, others do", async () => {
    const partsOf = (weight?: number) => ({
      train: Array.from({ length: 6 }, (_, i) => clipOf(`h${i}`, i % 2, weight === undefined ? {} : { weight })),
      validation: [clipOf("h v", 1, weight === undefined ? {} : { weight })],
    });
    for (const changed of [{}, { statistics: "batch", group: 2 }, { trainable: "head" }] as const) {
      const [plain, ones, twos] = [
        await run(partsOf(), changed),
        await run(partsOf(1), changed),
        await run(partsOf(2), changed),
      ];
      expect(bytesOf(ones.model)).toEqual(bytesOf(plain.model));
      expect(ones.history).toEqual(plain.history);
      expect(twos.history[0]!.loss).toBeGreaterThan(1.5 * plain.history[0]!.loss);
    }
  });

  it("goes on bit-equal after it was stopped", async () => {
    const parts = {
      train: Array.from({ length: 8 }, (_, i) => clipOf(`i${i}`, Number(i > 5), { weight: i > 5 ? 2 : 2 / 3 })),
      validation: [clipOf("i v", 0, { weight: 2 / 3 }), clipOf("i w", 1, { weight: 2 })],
    };
    const whole = await run(parts);
    const target = join(folder, "stopped");
    const abort = new AbortController();
    let steps = 0;
    const onProgress: FitOptions["onProgress"] = ({ phase }) => {
      if (phase === "training" && ++steps === 3) abort.abort(new Error("stopped"));
    };
    await expect(run(parts, {}, { folder: target, signal: abort.signal, onProgress })).rejects.toThrow("stopped");
    const resumed = await run(parts, {}, { folder: target });
    expect(bytesOf(resumed.model)).toEqual(bytesOf(whole.model));
    expect(resumed.history).toEqual(whole.history);
  });

  it.each(["softmax", "sigmoid"] as const)("random labels of uneven classes break nothing: %s", async (output) => {
    const random = randomOf("random labels");
    const labels = random.shuffle([...new Array<number>(11).fill(0), 1]);
    const { weightOf } = classWeights(
      labels.map((c) => [c]),
      2,
      output === "sigmoid",
    );
    const clips = labels.map((c, i) => {
      const { name, varied } = clipOf(`j${i}`, i % 2);
      const input = { ...varied(), classes: [c], weight: weightOf([c]) };
      return { name, varied: () => input, plain: () => input };
    });
    const parts = { train: clips, validation: clips.slice(0, 3) };
    const trained = await fitModel({ ...model, card: { ...model.card, output } }, parts, {
      settings: { ...settings, epochs: 2, learningRate: 3e-2 },
      folder: join(folder, `random ${output}`),
    });
    for (const { loss, validationLoss } of trained.history) {
      expect(loss).toBeGreaterThan(0);
      expect(loss).toBeLessThan(3);
      expect(validationLoss).toBeLessThan(3);
    }
    for (const { data } of trained.model.weights.values()) expect(data.every(Number.isFinite)).toBe(true);
  });
});

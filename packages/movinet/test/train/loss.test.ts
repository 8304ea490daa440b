import fc from "fast-check";
import { expect, test } from "vitest";
import { sigmoidLoss, softmaxLoss } from "../../src/train/loss.ts";

const near = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 6));
const ln3 = Math.log(3);

test("softmax cross-entropy by hand: the classes have 1/4 and 3/4", () => {
  const plain = softmaxLoss(Float32Array.of(0, ln3), [1]);
  expect(plain.value).toBeCloseTo(-Math.log(0.75), 6);
  expect([...plain.gradient]).toEqual(near([0.25, -0.25]));

  const smooth = softmaxLoss(Float32Array.of(0, ln3), [1], { labelSmoothing: 0.1 });
  expect(smooth.value).toBeCloseTo(-0.05 * Math.log(0.25) - 0.95 * Math.log(0.75), 6);
  expect([...smooth.gradient]).toEqual(near([0.2, -0.2]));

  const batch = softmaxLoss(Float32Array.of(0, ln3, 0, 0), [1, 0]);
  expect(batch.value).toBeCloseTo((Math.log(2) - Math.log(0.75)) / 2, 6);
  expect([...batch.gradient]).toEqual(near([0.125, -0.125, -0.25, 0.25]));
});

test("sigmoid cross-entropy by hand", () => {
  const plain = sigmoidLoss(Float32Array.of(0, ln3), [1, 0], 1);
  expect(plain.value).toBeCloseTo((Math.log(2) - Math.log(0.25)) / 2, 6);
  expect([...plain.gradient]).toEqual(near([-0.25, 0.375]));
  const smooth = sigmoidLoss(Float32Array.of(0, ln3), [1, 0], 2, { labelSmoothing: 0.2 });
  expect(smooth.value).toBeCloseTo((Math.log(2) - 0.9 * Math.log(0.25) - 0.1 * Math.log(0.75)) / 2, 6);
  expect([...smooth.gradient]).toEqual(near([-0.2, 0.325]));
});

test("large logits stay finite", () => {
  const softmax = softmaxLoss(Float32Array.of(1000, -1000), [1]);
  expect(softmax.value).toBe(2000);
  expect([...softmax.gradient]).toEqual([1, -1]);
  const sigmoid = sigmoidLoss(Float32Array.of(1000, -1000), [0, 1], 1);
  expect(sigmoid.value).toBe(1000);
  expect([...sigmoid.gradient]).toEqual([0.5, -0.5]);
});

test("a NaN in the logits is a NaN in the loss", () => {
  expect(softmaxLoss(Float32Array.of(0, Number.NaN), [0]).value).toBeNaN();
  expect(sigmoidLoss(Float32Array.of(0, Number.NaN), [0, 1], 1).value).toBeNaN();
});

test("gradients agree with finite differences, and softmax rows sum to 0", () => {
  const logit = fc.integer({ min: -5 * 1024, max: 5 * 1024 }).map((v) => v / 1024);
  const cases = fc
    .record({ batch: fc.integer({ min: 1, max: 4 }), classes: fc.integer({ min: 1, max: 5 }) })
    .chain((size) =>
      fc.record({
        ...{ batch: fc.constant(size.batch), classes: fc.constant(size.classes) },
        logits: fc.array(logit, { minLength: size.batch * size.classes, maxLength: size.batch * size.classes }),
        targets: fc.array(fc.nat(size.classes - 1), { minLength: size.batch, maxLength: size.batch }),
        many: fc.array(fc.nat(1), { minLength: size.batch * size.classes, maxLength: size.batch * size.classes }),
        labelSmoothing: fc.constantFrom(0, 0.1, 1),
        weights: fc.array(fc.integer({ min: 0, max: 12 }), { minLength: size.batch, maxLength: size.batch }),
      }),
    );
  fc.assert(
    fc.property(cases, ({ batch, classes, logits, targets, many, labelSmoothing, weights: quarters }) => {
      const weights = quarters.map((quarter) => quarter / 4);
      const losses = [
        (at: Float32Array) => softmaxLoss(at, targets, { labelSmoothing }),
        (at: Float32Array) => sigmoidLoss(at, many, batch, { labelSmoothing }),
        (at: Float32Array) => softmaxLoss(at, targets, { labelSmoothing, weights }),
        (at: Float32Array) => sigmoidLoss(at, many, batch, { labelSmoothing, weights }),
      ];
      for (const loss of losses) {
        const { gradient } = loss(Float32Array.from(logits));
        for (let i = 0; i < logits.length; i++) {
          const moved = (step: number) => loss(Float32Array.from(logits, (v, j) => (j === i ? v + step : v))).value;
          expect(gradient[i]).toBeCloseTo((moved(1 / 256) - moved(-1 / 256)) * 128, 4);
        }
      }
      const { gradient } = softmaxLoss(Float32Array.from(logits), targets, { labelSmoothing });
      for (let b = 0; b < batch; b++) {
        const sum = gradient.subarray(b * classes, (b + 1) * classes).reduce((total, value) => total + value, 0);
        expect(Math.abs(sum)).toBeLessThan(1e-6);
      }
    }),
  );
});

test("a clip of weight 2 is the clip twice; weights of 1 change no bit", () => {
  const [a, b] = [
    [0, ln3, -1],
    [2, 0.5, 0.25],
  ] as const;
  const twice = softmaxLoss(Float32Array.of(...a, ...a, ...b), [1, 1, 0], { labelSmoothing: 0.1 });
  const weighted = softmaxLoss(Float32Array.of(...a, ...b), [1, 0], { labelSmoothing: 0.1, weights: [2, 1] });
  expect(weighted.value * 2).toBeCloseTo(twice.value * 3, 6);
  const sum = (c: number) => twice.gradient[c]! + twice.gradient[3 + c]!;
  expect([...weighted.gradient].map((g) => 2 * g)).toEqual(
    near([sum(0), sum(1), sum(2), ...twice.gradient.slice(6)].map((g) => 3 * g)),
  );
  const [one, many] = [Float32Array.of(...a, ...b), [0, 1, 1, 1, 0, 0]];
  const sigmoidTwice = sigmoidLoss(Float32Array.of(...a, ...a, ...b), [0, 1, 1, ...many], 3);
  expect(sigmoidLoss(one, many, 2, { weights: [2, 1] }).value * 2).toBeCloseTo(sigmoidTwice.value * 3, 6);
  expect(softmaxLoss(one, [1, 0], { weights: [1, 1] })).toEqual(softmaxLoss(one, [1, 0]));
  expect(sigmoidLoss(one, many, 2, { weights: [1, 1] })).toEqual(sigmoidLoss(one, many, 2));
});

test("wrong sizes are refused", () => {
  expect(() => softmaxLoss(new Float32Array(5), [0, 1])).toThrow("logits must be a multiple of 2 clips, got 5");
  expect(() => softmaxLoss(new Float32Array(2), [2])).toThrow("targets must be in 0..1, got 2");
  expect(() => sigmoidLoss(new Float32Array(2), [1], 1)).toThrow("targets must have 2 elements, got 1");
  expect(() => softmaxLoss(new Float32Array(2), [0], { labelSmoothing: 2 })).toThrow(
    "labelSmoothing must be in 0..1, got 2",
  );
  expect(() => softmaxLoss(new Float32Array(2), [0], { weights: [1, 1] })).toThrow(
    "weights must have 1 elements, got 2",
  );
  expect(() => softmaxLoss(new Float32Array(2), [0], { weights: [-1] })).toThrow("weights must be ≥ 0, got -1");
});

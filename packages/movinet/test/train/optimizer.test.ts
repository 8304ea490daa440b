import fc from "fast-check";
import { expect, test } from "vitest";
import { randomOf } from "../../src/common/random.ts";
import { createWeightAverage } from "../../src/train/average.ts";
import {
  createOptimizer,
  type Optimizer,
  type OptimizerKind,
  type OptimizerOptions,
} from "../../src/train/optimizer.ts";

/** What is remembered, copied, and put into another that remembers the same. */
function passState(from: Pick<Optimizer, "state">, to: Pick<Optimizer, "state">): void {
  expect(Object.keys(to.state)).toEqual(Object.keys(from.state));
  for (const [name, tensor] of Object.entries(from.state)) to.state[name]?.set(tensor);
}

/** The weights after each step, from ones, with learning rate 0.1. */
function run(
  kind: OptimizerKind,
  options: Partial<OptimizerOptions>,
  gradients: readonly (readonly number[])[],
): number[][] {
  const param = new Float32Array(gradients[0]?.length ?? 0).fill(1);
  const optimizer = createOptimizer(kind, { weightDecay: kind === "adamw" ? 0.01 : 0, ...options }, [param.length]);
  return gradients.map((gradient) => {
    optimizer.step([param], [Float32Array.from(gradient)], 0.1);
    return [...param];
  });
}
const near = (values: readonly (readonly number[])[]) =>
  values.map((row) => row.map((value) => expect.closeTo(value, 6)));

test("AdamW by hand", () => {
  expect(run("adamw", {}, [[0.5], [-1]])).toEqual(near([[0.899], [0.9347113]]));
  expect(run("adamw", { decayed: [false] }, [[0.5]])).toEqual(near([[0.9]]));
});

test("SGD with momentum by hand, as PyTorch's", () => {
  expect(run("sgd", {}, [[0.5], [0.5]])).toEqual(near([[0.95], [0.855]]));
  expect(run("sgd", { weightDecay: 0.1 }, [[0.5]])).toEqual(near([[0.94]]));
});

test("RMSprop by hand: a gradient of norm 5 is cut to 1, one of norm 0.6 is not", () => {
  const [first, second] = [
    [3, 4],
    [0.6, 0],
  ];
  const v = [0.1 * 0.36, 0.1 * 0.64];
  const m = [0.06 / Math.sqrt(1.036), 0.08 / Math.sqrt(1.064)];
  const m2 = [0.9 * (m[0] as number) + 0.06 / Math.sqrt(1 + 0.9 * (v[0] as number) + 0.036), 0.9 * (m[1] as number)];
  const expected = [
    [1 - (m[0] as number), 1 - (m[1] as number)],
    [1 - (m[0] as number) - (m2[0] as number), 1 - (m[1] as number) - (m2[1] as number)],
  ];
  expect(expected).toEqual(
    near([
      [0.9410517, 0.9224433],
      [0.8299506, 0.8526423],
    ]),
  );
  expect(run("rmsprop", {}, [first, second] as number[][])).toEqual(near(expected));
});

test("RMSprop cuts each tensor for itself, after L2", () => {
  const params = [Float32Array.of(2), Float32Array.of(2)];
  const optimizer = createOptimizer("rmsprop", { weightDecay: 0.25, decayed: [true, false] }, [1, 1]);
  optimizer.step(params, [Float32Array.of(0.25), Float32Array.of(40)], 0.1);
  expect(params[0]?.[0]).toBeCloseTo(2 - 0.075 / Math.sqrt(1 + 0.1 * 0.75 ** 2), 6);
  expect(params[1]?.[0]).toBeCloseTo(2 - 0.1 / Math.sqrt(1.1), 6);
});

const kinds = ["adamw", "sgd", "rmsprop"] as const;

test.each(kinds)("%s goes on from its saved state bit-equal", (kind) => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
      fc.integer(),
      (sizes, seed) => {
        const random = randomOf(seed);
        const draw = () => sizes.map((size) => Float32Array.from({ length: size }, () => random.normal()));
        const options = { weightDecay: 0.01, decayed: sizes.map((_, i) => i % 2 === 0) };
        const params = draw();
        const optimizer = createOptimizer(kind, options, sizes);
        const gradients = Array.from({ length: 6 }, draw);
        for (const gradient of gradients.slice(0, 3)) optimizer.step(params, gradient, 0.1);

        const resumedParams = params.map((param) => param.slice());
        const resumed = createOptimizer(kind, options, sizes);
        passState(optimizer, resumed);
        for (const gradient of gradients.slice(3)) {
          optimizer.step(params, gradient, 0.05);
          resumed.step(resumedParams, gradient, 0.05);
        }
        expect(resumedParams).toEqual(params);
        expect(resumed.state).toEqual(optimizer.state);
      },
    ),
  );
});

test.each(kinds)("%s finds the least value of a bowl", (kind) => {
  const param = Float32Array.of(3, -2);
  const optimizer = createOptimizer(kind, { weightDecay: 0 }, [2]);
  for (let step = 0; step < 500; step++) optimizer.step([param], [param.slice()], 0.02);
  expect(Math.hypot(...param)).toBeLessThan(0.05);
});

test("state has names, and what does not fit is refused", () => {
  const options = { weightDecay: 0 };
  expect(Object.keys(createOptimizer("adamw", options, [2, 3]).state)).toEqual([
    "mean.0",
    "mean.1",
    "square.0",
    "square.1",
    "steps",
  ]);
  const optimizer = createOptimizer("sgd", options, [2]);
  expect(() => optimizer.step([new Float32Array(2)], [new Float32Array(3)], 1)).toThrow(
    "gradients must be the 1 tensors of this optimizer",
  );
});

test("weight average by hand, and resumed bit-equal", () => {
  const average = createWeightAverage([Float32Array.of(1)], 0.5);
  average.update([Float32Array.of(3)]);
  expect(average.values[0]?.[0]).toBeCloseTo(2.8, 6);
  average.update([Float32Array.of(3)]);
  expect(average.values[0]?.[0]).toBeCloseTo(3 - 0.2 * (2 / 11), 6);
  const resumed = createWeightAverage([new Float32Array(1)], 0.5);
  passState(average, resumed);
  for (let n = 0; n < 20; n++) {
    for (const each of [average, resumed]) each.update([Float32Array.of(n)]);
  }
  expect(resumed.state).toEqual(average.state);
  const before = average.values[0]?.[0] as number;
  average.update([Float32Array.of(100)]);
  expect(average.values[0]?.[0]).toBeCloseTo((before + 100) / 2, 4);
  expect(() => createWeightAverage([], 1)).toThrow("decay must be ≥ 0 and < 1, got 1");
});

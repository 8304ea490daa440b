import fc from "fast-check";
import { expect, test } from "vitest";
import { probabilities, topK } from "../../src/flow/predict.ts";

const logits = fc
  .array(fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e30), max: Math.fround(1e30) }), {
    minLength: 1,
    maxLength: 700,
  })
  .map((values) => Float32Array.from(values));

test("softmax of known logits", () => {
  const got = probabilities(Float32Array.of(0, Math.log(2), Math.log(5)), "softmax");
  for (const [i, want] of [1 / 8, 2 / 8, 5 / 8].entries()) expect(got[i]).toBeCloseTo(want, 7);
});

test("sigmoid of known logits", () => {
  expect(probabilities(Float32Array.of(0, 500, -500), "sigmoid")).toEqual(Float32Array.of(0.5, 1, 0));
  expect(probabilities(Float32Array.of(Math.log(3)), "sigmoid")[0]).toBeCloseTo(0.75, 7);
});

test("softmax sums to 1 and keeps the order, for logits of any size", () => {
  fc.assert(
    fc.property(logits, (values) => {
      const got = probabilities(values, "softmax");
      expect(got.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
      expect(got[values.indexOf(Math.max(...values))]).toBe(Math.max(...got));
    }),
  );
});

test("sigmoids lie in 0..1 and mirror: s(-x) = 1 - s(x)", () => {
  fc.assert(
    fc.property(logits, (values) => {
      const got = probabilities(values, "sigmoid");
      const mirrored = probabilities(
        values.map((x) => -x),
        "sigmoid",
      );
      for (const [i, score] of got.entries()) {
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score + mirrored[i]!).toBeCloseTo(1, 6);
      }
    }),
  );
});

test.each([Number.NaN, Infinity, -Infinity])("the logit %s is an error that names the class", (bad) => {
  for (const output of ["softmax", "sigmoid"] as const) {
    expect(() => probabilities(Float32Array.of(1, bad, 2), output)).toThrow(
      expect.objectContaining({
        code: "E_MODEL_LOGITS",
        message: expect.stringContaining(`the logit of class 1 (of 3) is ${bad}`),
      }),
    );
  }
});

test("topK is best first, ties by the lower index, with labels where known", () => {
  const scores = Float32Array.of(0.25, 0.5, 0.25, 0);
  expect(topK(scores, ["a", "b", "c"], 3)).toEqual([
    { label: "b", index: 1, score: 0.5 },
    { label: "a", index: 0, score: 0.25 },
    { label: "c", index: 2, score: 0.25 },
  ]);
  expect(topK(scores, null, 9).map(({ label }) => label)).toEqual(["1", "0", "2", "3"]);
  expect(topK(scores, ["a"], 1)[0]!.label).toBe("1");
});

test("topK of everything is a sorted permutation", () => {
  fc.assert(
    fc.property(logits, (values) => {
      const all = topK(values, null, values.length);
      expect(all.map(({ index }) => index).sort((a, b) => a - b)).toEqual(Array.from(values.keys()));
      expect(all.every(({ index, score }) => values[index] === score)).toBe(true);
      for (const [i, { score }] of all.slice(1).entries()) expect(score).toBeLessThanOrEqual(all[i]!.score);
    }),
  );
});

test.each([0, -1, 1.5, Number.NaN])("topK refuses k = %s", (k) => {
  expect(() => topK(Float32Array.of(1), null, k)).toThrow(`topK: k must be an integer ≥ 1, got ${k}`);
});

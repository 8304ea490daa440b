import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomOf } from "../../src/common/random.ts";
import { type FittedHead, fitHead, type HeadLayers, type HeadSample, headOf } from "../../src/train/frozen-head.ts";
import { dot, gramOf, solveRidge, timesKernel } from "../../src/train/linear-algebra.ts";
import { fitSigmoid, fitSoftmax } from "../../src/train/temperature.ts";
import { hashedModel } from "../laws/models.ts";

const width = 12;
const hidden = 20;
const old = 7;

/** A head of 12 → 20 (rectified) → 7 known classes. */
function headFor(seed: number): HeadLayers {
  const random = randomOf(seed, "layers");
  const kernel = Float32Array.from({ length: width * hidden }, () => random.normal());
  const known = Float32Array.from({ length: hidden * old }, () => random.normal());
  for (let h = 0; h < hidden; h++) {
    const row = known.subarray(h * old, (h + 1) * old);
    const mean = row.reduce((a, b) => a + b, 0) / old;
    for (let c = 0; c < old; c++) row[c]! -= mean;
  }
  return { hidden: (x) => Float32Array.from(timesKernel(x, kernel), (v) => Math.min(Math.max(v, 0), 6)), known, width };
}

/** Clips around a centre of each class, with what is common to each group on top. */
function clips(seed: number, classes: number, groups: number, each: number, noise = 0.5): HeadSample[] {
  const random = randomOf(seed, "clips");
  const vector = (scale: number) => Float32Array.from({ length: width }, () => scale * random.normal());
  const centres = Array.from({ length: classes }, () => vector(1));
  return Array.from({ length: groups }, (_, g) => {
    const place = vector(0.5);
    return centres.flatMap((centre, c) =>
      Array.from({ length: each }, () => {
        const own = vector(noise);
        return { views: [centre.map((v, i) => v + place[i]! + own[i]!)], classes: [c], group: `group ${g}` };
      }),
    );
  }).flat();
}

function logitsOf({ kernel, bias }: FittedHead, head: HeadLayers, view: Float32Array): Float64Array {
  return timesKernel(head.hidden(view), kernel).map((value, c) => value + bias[c]!);
}
const bestOf = (values: ArrayLike<number>) => Array.from(values).indexOf(Math.max(...Array.from(values)));

describe("linear algebra", () => {
  test("a solved ridge system is solved", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 12 }),
        fc.double({ min: 1e-3, max: 10, noNaN: true }),
        (seed, n, ridge) => {
          const random = randomOf(seed);
          const rows = Array.from({ length: n }, () => Float32Array.from({ length: 5 }, () => random.normal()));
          const gram = gramOf(rows);
          const target = Float64Array.from({ length: n }, () => random.normal());
          const [x] = solveRidge(gram, ridge, [target]) as [Float64Array];
          for (let i = 0; i < n; i++) {
            const got = dot(gram.subarray(i * n, (i + 1) * n), x) + ridge * x[i]!;
            expect(Math.abs(got - target[i]!)).toBeLessThan(1e-8);
          }
        },
      ),
    );
  });

  test("a row times a kernel", () => {
    expect([...timesKernel([1, 2], new Float32Array([1, 2, 3, 10, 20, 30]))]).toEqual([21, 42, 63]);
    expect(dot([1, 2, 3, 4, 5], [1, 1, 1, 1, 2])).toBe(20);
  });
});

describe("temperature", () => {
  test("finds the scale by which labels were drawn", () => {
    const random = randomOf("temperature");
    const scored = Array.from({ length: 4000 }, () => {
      const scores = Float64Array.from({ length: 3 }, () => random.normal());
      const powers = scores.map((s) => Math.exp(2.5 * s));
      const at = random.next() * (powers[0]! + powers[1]! + powers[2]!);
      const c = at < powers[0]! ? 0 : at < powers[0]! + powers[1]! ? 1 : 2;
      return { scores, classes: [c] };
    });
    expect(fitSoftmax(scored).scale).toBeCloseTo(2.5, 0);
    const single = Array.from({ length: 4000 }, () => {
      const scores = Float64Array.of(random.normal(), random.normal());
      const classes = [0, 1].filter((c) => random.chance(1 / (1 + Math.exp(-3 * (scores[c]! - 0.5)))));
      return { scores, classes };
    });
    const { scale, offset } = fitSigmoid(single);
    expect(Math.abs(scale - 3)).toBeLessThan(0.3);
    expect(Math.abs(offset - 0.5)).toBeLessThan(0.05);
  });

  test("clips that are all right do not make it endless, scores that say nothing make it small", () => {
    const right = Array.from({ length: 10 }, (_, i) => ({
      scores: Float64Array.of(i % 2, 1 - (i % 2)),
      classes: [1 - (i % 2)],
    }));
    const { scale } = fitSoftmax(right);
    // The imagined clip: 1 of 11 that may be of either class, so 1/22 for the other.
    expect(scale).toBeCloseTo(Math.log(21), 2);
    const wrong = right.map(({ scores }) => ({ scores, classes: [bestOf(scores) === 0 ? 1 : 0] }));
    expect(fitSoftmax(wrong).scale).toBeLessThan(0.01);
  });
});

describe("fitHead", () => {
  test("solves the ridge regression that it says it chose, on vectors in full", () => {
    const head = headFor(1);
    const samples = clips(1, 3, 6, 2, 1.5);
    const fit = fitHead(samples, head, { classes: 3 });
    const rows = samples.map(({ views }) => head.hidden(views[0]!));
    const n = rows.length;
    const parts = [
      { share: 1 - fit.mix, vectors: rows.map((row) => Float64Array.from(row)) },
      { share: fit.mix, vectors: rows.map((row) => timesKernel(row, head.known)) },
    ];
    const features: number[][] = rows.map(() => []);
    for (const { share, vectors } of parts) {
      const centre = vectors[0]!.map((_, i) => vectors.reduce((sum, v) => sum + v[i]! / n, 0));
      const centred = vectors.map((v) => v.map((x, i) => x - centre[i]!));
      const variance = centred.reduce((sum, v) => sum + dot(v, v) / n, 0);
      for (const [r, v] of centred.entries()) features[r]!.push(...v.map((x) => x * Math.sqrt(share / variance)));
    }
    const gram = Float64Array.from(
      { length: n * n },
      (_, i) => dot(features[i % n]!, features[Math.floor(i / n)]!) / n,
    );
    for (let c = 0; c < 3; c++) {
      const target = Float64Array.from(samples, ({ classes }) => (classes[0] === c ? 1 : 0) - 1 / 3);
      const [alpha] = solveRidge(gram, fit.strength, [target]) as [Float64Array];
      for (let r = 0; r < n; r++) {
        const score = 1 / 3 + dot(gram.subarray(r * n, (r + 1) * n), alpha);
        const logit = logitsOf(fit, head, samples[r]!.views[0]!)[c]!;
        expect(Math.abs(logit - fit.temperature.scale * score)).toBeLessThan(1e-4);
      }
    }
  });

  test("names classes in groups that it never saw, and says honestly confidence", () => {
    const head = headFor(2);
    const all = clips(2, 4, 20, 3, 0.7);
    const [train, other] = [all.slice(0, 120), all.slice(120)];
    const fit = fitHead(train, head, { classes: 4 });
    const right = other.filter(({ views, classes }) => bestOf(logitsOf(fit, head, views[0]!)) === classes[0]).length;
    expect(right / other.length).toBeGreaterThan(0.85);
    expect(fit.folds).toBe(5);
    const known = train.filter((_, s) => bestOf(fit.outOfFold[s]!) === train[s]!.classes[0]).length;
    expect(Math.abs(known / train.length - right / other.length)).toBeLessThan(0.1);
  });

  test("the same samples give the same bytes", () => {
    const head = headFor(3);
    const samples = clips(3, 2, 5, 2);
    const [one, two] = [0, 1].map(() => fitHead(samples, head, { classes: 2, seed: 7 })) as [FittedHead, FittedHead];
    expect(Buffer.compare(Buffer.from(one.kernel.buffer), Buffer.from(two.kernel.buffer))).toBe(0);
    expect([...one.bias]).toEqual([...two.bias]);
  });

  test("a view that is there twice weighs as once", () => {
    const head = headFor(4);
    const samples = clips(4, 2, 5, 2, 1);
    const once = fitHead(samples, head, { classes: 2 });
    const twice = fitHead(
      samples.map((sample) => ({ ...sample, views: [...sample.views, ...sample.views] })),
      head,
      { classes: 2 },
    );
    expect(twice.mix).toBe(once.mix);
    expect(twice.strength).toBe(once.strength);
    for (const [i, value] of once.kernel.entries()) expect(Math.abs(value - twice.kernel[i]!)).toBeLessThan(1e-4);
  });

  test("rare classes are found too", () => {
    const head = headFor(5);
    const all = clips(5, 2, 12, 8, 0.6);
    const seen = new Map<string, number>();
    const rare = all.filter(({ group, classes }) => {
      if (classes[0] === 0) return true;
      const before = seen.get(group!) ?? 0;
      seen.set(group!, before + 1);
      return before < 1;
    });
    const fit = fitHead(rare, head, { classes: 2 });
    const found = clips(5, 2, 12, 8, 0.6).filter(({ classes }) => classes[0] === 1);
    const right = found.filter(({ views }) => bestOf(logitsOf(fit, head, views[0]!)) === 1).length;
    expect(right / found.length).toBeGreaterThan(0.6);
  });

  test("one group, groups that are classes, one clip a class: a head all the same", () => {
    const head = headFor(6);
    const one = clips(6, 3, 1, 3).map((sample) => ({ ...sample, group: "everybody" }));
    const apart = clips(6, 3, 1, 3).map((sample) => ({ ...sample, group: `${sample.classes[0]}` }));
    const few = clips(6, 3, 1, 1).map((sample) => ({ ...sample, group: null }));
    for (const samples of [one, apart, few]) {
      const fit = fitHead(samples, head, { classes: 3 });
      expect(fit.folds).toBe(0);
      expect(fit.outOfFold.every((logits) => logits === null)).toBe(true);
      for (const { views, classes } of samples) expect(bestOf(logitsOf(fit, head, views[0]!))).toBe(classes[0]);
    }
  });

  test("classes that do not exclude each other", () => {
    const head = headFor(7);
    const [a, b] = [clips(7, 2, 10, 3, 0.4), clips(8, 2, 10, 3, 0.4)];
    const both = a.map((sample, i) => ({
      views: [sample.views[0]!.map((v, j) => v + b[i % 7]!.views[0]![j]!)],
      classes: [...(sample.classes[0] === 0 ? [0] : []), ...(b[i % 7]!.classes[0] === 0 ? [1] : [])],
      group: sample.group,
    }));
    const fit = fitHead(both, head, { classes: 2, multiLabel: true });
    const right = both.flatMap(({ views, classes }) => {
      const logits = logitsOf(fit, head, views[0]!);
      return [0, 1].map((c) => logits[c]! > 0 === classes.includes(c));
    });
    expect(right.filter(Boolean).length / right.length).toBeGreaterThan(0.9);
  });

  test("a model without known classes, or with frozen features that are all alike", () => {
    const head = { ...headFor(9), known: new Float32Array(hidden * old) };
    const fit = fitHead(clips(9, 2, 5, 3), head, { classes: 2 });
    expect(fit.mix).toBeLessThan(1);
    expect(fit.kernel.every(Number.isFinite)).toBe(true);
    const same = clips(9, 2, 5, 3).map((sample) => ({ ...sample, views: [new Float32Array(width).fill(1)] }));
    expect(fitHead(same, head, { classes: 2 }).kernel.every((value) => value === 0)).toBe(true);
  });

  test("refuses what is no task", () => {
    const head = headFor(1);
    const samples = clips(1, 2, 2, 1);
    expect(() => fitHead([], head, { classes: 2 })).toThrow("samples must not be empty");
    expect(() => fitHead(samples, head, { classes: 1 })).toThrow("classes must be at least 2, got 1");
    const broken = samples.map((sample) => ({ ...sample, views: [new Float32Array(width).fill(Number.NaN)] }));
    expect(() => fitHead(broken, head, { classes: 2 })).toThrow("sample 0: its features are not finite");
    const short = samples.map((sample) => ({ ...sample, views: [new Float32Array(3)] }));
    expect(() => fitHead(short, head, { classes: 2 })).toThrow("vectors of 12 numbers");
    const wrong = samples.map((sample) => ({ ...sample, classes: [0, 1] }));
    expect(() => fitHead(wrong, head, { classes: 2 })).toThrow("classes [0,1] must be one index in 0..1");
  });

  test("takes the layers of a model", () => {
    const model = hashedModel("t0-stream", { classes: 5, resolution: { width: 32, height: 32 } });
    const head = headOf(model);
    expect(head.width).toBe(240);
    expect(head.hidden(new Float32Array(240)).length).toBe(1024);
    expect(head.known.length).toBe(1024 * 5);
    expect(Math.abs(head.known.subarray(0, 5).reduce((a, b) => a + b, 0))).toBeLessThan(1e-6);
  });
});

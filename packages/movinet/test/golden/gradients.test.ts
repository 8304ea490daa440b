/** A whole training step agrees with PyTorch's autograd on the same weights (bench/peers/gradients.py made the figures). */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { buildGraph } from "../../src/arch/build.ts";
import { specOf } from "../../src/arch/spec.ts";
import { TrainingProgram } from "../../src/engines/wasm/program.ts";
import { buildTraining } from "../../src/graph/gradient.ts";
import { softmaxLoss } from "../../src/train/loss.ts";
import { hashedFrames, hashedWeights, uniformOf, weightsSha256 } from "./material.ts";

interface Figures {
  readonly mode: "stream" | "base";
  readonly norm: "batch" | "frozen";
  readonly classes: number;
  readonly shape: readonly [clips: number, frames: number, height: number, width: number, channels: number];
  readonly labels: readonly number[];
  readonly labelSmoothing: number;
  readonly weightsSha256: string;
  readonly loss: number;
  readonly logits: readonly (readonly number[])[];
  readonly norms?: Readonly<Record<string, { readonly mean: readonly number[]; readonly variance: readonly number[] }>>;
  readonly gradients: Readonly<Record<string, TensorFigures>>;
  readonly gradientNorm: number;
  readonly zeros?: readonly string[];
}
interface TensorFigures {
  readonly shape: readonly number[];
  readonly norm: number;
  readonly probe: number;
  readonly indices: readonly number[];
  readonly values: readonly number[];
}

/** The clips as the program takes them: `[T · clips, H, W, 3]`, time-major. */
function frames([clips, count, height, width]: Figures["shape"]): Float32Array {
  const area = height * width;
  const all = new Float32Array(clips * count * area * 3);
  for (let b = 0; b < clips; b++) {
    const planes = hashedFrames(count, height, width, b === 0 ? "" : String(b));
    for (let i = 0; i < planes.length; i++) {
      const [t, c, pixel] = [Math.floor(i / (3 * area)), Math.floor(i / area) % 3, i % area];
      all[((t * clips + b) * area + pixel) * 3 + c] = planes[i] as number;
    }
  }
  return all;
}

function lengthOf(vector: Float32Array): number {
  return Math.sqrt(vector.reduce((sum, v) => sum + v * v, 0));
}

describe.each(["a0-stream-frozen", "a0-stream-batch", "a0-base-frozen", "a0-base-batch"])("%s", (name) => {
  const figures: Figures = JSON.parse(readFileSync(new URL(`figures/gradients-${name}.json`, import.meta.url), "utf8"));
  const [clips, count, height, width] = figures.shape;
  const options = figures.mode === "stream" ? ({ gate: "hard_sigmoid_a" } as const) : {};
  const spec = specOf(`a0-${figures.mode}`, { classes: figures.classes, resolution: { height, width }, ...options });
  const graph = buildGraph(spec, { form: "clip", frames: count });
  const training = buildTraining(graph, { statistics: figures.norm === "batch" ? "batch" : "stored" });
  const weights = hashedWeights(graph.params);
  const program = new TrainingProgram(training, clips);
  program.setWeights(weights);
  program.input("image").set(frames(figures.shape));
  if (figures.mode === "stream") {
    const ages = program.input("inverse_count");
    for (let i = 0; i < ages.length; i++) ages[i] = 1 / (Math.floor(i / clips) + 1);
  }
  const logits = program.forward().slice();
  const loss = softmaxLoss(logits, figures.labels, { labelSmoothing: figures.labelSmoothing });
  program.backward(loss.gradient);

  it("starts from the same weights, logits and loss", () => {
    expect(weightsSha256(weights)).toBe(figures.weightsSha256);
    for (const [i, logit] of figures.logits.flat().entries()) expect(logits[i]).toBeCloseTo(logit, 4);
    expect(loss.value).toBeCloseTo(figures.loss, 5);
  });

  it("has every gradient within 1e-3", () => {
    expect(Object.keys(training.gradients).sort()).toEqual(Object.keys(figures.gradients).sort());
    for (const [param, { norm, probe, indices, values }] of Object.entries(figures.gradients)) {
      const gradient = program.gradient(param);
      if (figures.zeros?.includes(param)) {
        expect(lengthOf(gradient) / figures.gradientNorm, param).toBeLessThan(1e-6);
        continue;
      }
      const u = uniformOf(`probe.${param}`);
      const sum = gradient.reduce((total, g, i) => total + g * (2 * u(i) - 1), 0);
      expect(Math.abs(lengthOf(gradient) - norm) / norm, `norm of ${param}`).toBeLessThan(1e-3);
      expect(Math.abs(sum - probe) / norm, `probe of ${param}`).toBeLessThan(1e-3);
      for (const [i, index] of indices.entries()) {
        expect(Math.abs((gradient[index] as number) - (values[i] as number)) / norm, param).toBeLessThan(1e-3);
      }
    }
  });

  it.runIf(figures.norm === "batch")("tells the statistics of the batch", () => {
    const seen = new Map(program.statistics().map((norm) => [norm.mean.replace(/\.mean$/, ""), norm]));
    for (const [norm, { mean, variance }] of Object.entries(figures.norms ?? {})) {
      for (const [c, value] of mean.entries()) expect(seen.get(norm)?.batchMean[c]).toBeCloseTo(value, 4);
      for (const [c, value] of variance.entries()) expect(seen.get(norm)?.batchVariance[c]).toBeCloseTo(value, 4);
    }
  });
});

/** Norms: their factors, recomputed in each run, and the gradient of gamma. */
import type { BatchNormNode, TrainingNodeOf } from "../../graph/gradient.ts";
import { type Node, normEpsilon } from "../../graph/ir.ts";
import { accumulate, type EmitContext, identity, pixels, type Step } from "./context.ts";

export function normStep(
  node: (Node & { readonly op: "norm" }) | BatchNormNode,
  plan: EmitContext,
  prepare: Step,
): Step {
  if (plan.fused(node.id)) return prepare;
  const shape = plan.shape(node.id);
  const { gain, shift } = plan.norm(node.x);
  const [from, to] = [plan.at(node.x), plan.at(node.id)];
  const rows = pixels(shape, plan.batch);
  return () => {
    prepare();
    plan.call("affine", identity, from, gain, shift, to, rows, shape.channels);
  };
}

export function storedFactors(node: TrainingNodeOf<"norm">, plan: EmitContext): void {
  const { channels } = plan.shape(node.id);
  const variance = plan.floats(plan.param(node.variance), channels);
  fillFactors(
    node,
    plan,
    (c) => plan.floats(plan.param(node.mean), channels)[c] as number,
    (c) => variance[c] as number,
  );
}

export function batchFactors(node: BatchNormNode, plan: EmitContext): void {
  const shape = plan.shape(node.id);
  const { channels } = shape;
  const rows = pixels(shape, plan.batch);
  const { sums } = plan.scratch;
  const [squares, scratch] = [sums + 8 * channels, sums + 16 * channels];
  plan.call("moments", plan.at(node.x), sums, squares, scratch, rows, channels);
  const [total, square] = [plan.doubles(sums, channels), plan.doubles(squares, channels)];
  const first = plan.floats(plan.at(node.x), channels);
  const mean = (c: number) => (total[c] as number) / rows;
  fillFactors(
    node,
    plan,
    (c) => mean(c) + (first[c] as number),
    (c) => Math.max(0, (square[c] as number) / rows - mean(c) ** 2),
  );
}

function fillFactors(
  node: { readonly id: string; readonly x: string; readonly gamma: string; readonly beta: string },
  plan: EmitContext,
  meanOf: (c: number) => number,
  varianceOf: (c: number) => number,
): void {
  const { channels } = plan.shape(node.id);
  const norm = plan.norm(node.x);
  const [gamma, beta] = [plan.floats(plan.param(node.gamma), channels), plan.floats(plan.param(node.beta), channels)];
  const [gain, shift] = [plan.floats(norm.gain, channels), plan.floats(norm.shift, channels)];
  const [mean, inverse] = [plan.floats(norm.mean, channels), plan.floats(norm.inverse, channels)];
  for (let c = 0; c < channels; c++) {
    const inv = 1 / Math.sqrt(varianceOf(c) + normEpsilon);
    mean[c] = meanOf(c);
    inverse[c] = inv;
    gain[c] = (gamma[c] as number) * inv;
    shift[c] = (beta[c] as number) - meanOf(c) * (gamma[c] as number) * inv;
  }
}

/** The gradient of gamma; unless a fused activation did, it also accumulates the sums shared by the norm's rules. */
export function gammaStep(
  node: TrainingNodeOf<"normGamma"> | TrainingNodeOf<"batchNormGamma">,
  plan: EmitContext,
): Step {
  const shape = plan.shape(node.dy);
  const { channels } = shape;
  const { mean, inverse, sums, products } = plan.norm(node.x);
  const to = plan.gradient(plan.paramOf(node));
  const [dy, x, rows] = [plan.at(node.dy), plan.at(node.x), pixels(shape, plan.batch)];
  const ready = plan.fusedSums(node.dy);
  return () => {
    if (!ready) plan.call("channelSums", dy, x, mean, sums, products, plan.scratch.sums, rows, channels);
    const [inv, product] = [plan.floats(inverse, channels), plan.doubles(products, channels)];
    accumulate(plan.floats(to, channels), (c) => (product[c] as number) * (inv[c] as number));
  };
}

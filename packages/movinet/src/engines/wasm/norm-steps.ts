/** Norms: their factors, computed anew in each run, and the gradient of gamma. */
import type { BatchNormNode, TrainingNodeOf } from "../../graph/gradient.ts";
import { type Node, normEpsilon } from "../../graph/ir.ts";
import { accumulate, call, identity, pixels, type Site, type Step } from "./site.ts";

export function normStep(node: (Node & { readonly op: "norm" }) | BatchNormNode, site: Site, prepare: Step): Step {
  if (site.fused(node.id)) return prepare;
  const shape = site.shape(node.id);
  const { gain, shift } = site.norm(node.x);
  const [from, to] = [site.at(node.x), site.at(node.id)];
  const rows = pixels(shape, site.batch);
  return () => {
    prepare();
    call(site.kernels, "affine", identity, from, gain, shift, to, rows, shape.channels);
  };
}

export function storedFactors(node: TrainingNodeOf<"norm">, site: Site): void {
  const { channels } = site.shape(node.id);
  const variance = site.floats(site.param(node.variance), channels);
  fillFactors(
    node,
    site,
    (c) => site.floats(site.param(node.mean), channels)[c] as number,
    (c) => variance[c] as number,
  );
}

export function batchFactors(node: BatchNormNode, site: Site): void {
  const shape = site.shape(node.id);
  const { channels } = shape;
  const rows = pixels(shape, site.batch);
  const { sums } = site.room;
  const [squares, room] = [sums + 8 * channels, sums + 16 * channels];
  call(site.kernels, "moments", site.at(node.x), sums, squares, room, rows, channels);
  const [total, square] = [site.doubles(sums, channels), site.doubles(squares, channels)];
  const first = site.floats(site.at(node.x), channels);
  const mean = (c: number) => (total[c] as number) / rows;
  fillFactors(
    node,
    site,
    (c) => mean(c) + (first[c] as number),
    (c) => Math.max(0, (square[c] as number) / rows - mean(c) ** 2),
  );
}

function fillFactors(
  node: { readonly id: string; readonly x: string; readonly gamma: string; readonly beta: string },
  site: Site,
  meanOf: (c: number) => number,
  varianceOf: (c: number) => number,
): void {
  const { channels } = site.shape(node.id);
  const norm = site.norm(node.x);
  const [gamma, beta] = [site.floats(site.param(node.gamma), channels), site.floats(site.param(node.beta), channels)];
  const [gain, shift] = [site.floats(norm.gain, channels), site.floats(norm.shift, channels)];
  const [mean, inverse] = [site.floats(norm.mean, channels), site.floats(norm.inverse, channels)];
  for (let c = 0; c < channels; c++) {
    const inv = 1 / Math.sqrt(varianceOf(c) + normEpsilon);
    mean[c] = meanOf(c);
    inverse[c] = inv;
    gain[c] = (gamma[c] as number) * inv;
    shift[c] = (beta[c] as number) - meanOf(c) * (gamma[c] as number) * inv;
  }
}

/** The gradient of gamma; where an activation that took in the norm did not, it also adds up what the norm's rules share. */
export function gammaStep(node: TrainingNodeOf<"normGamma"> | TrainingNodeOf<"batchNormGamma">, site: Site): Step {
  const shape = site.shape(node.dy);
  const { channels } = shape;
  const { mean, inverse, sums, products } = site.norm(node.x);
  const to = site.gradient(site.paramOf(node));
  const [dy, x, rows] = [site.at(node.dy), site.at(node.x), pixels(shape, site.batch)];
  const ready = site.fusedSums(node.dy);
  return () => {
    if (!ready) call(site.kernels, "channelSums", dy, x, mean, sums, products, site.room.sums, rows, channels);
    const [inv, product] = [site.floats(inverse, channels), site.doubles(products, channels)];
    accumulate(site.floats(to, channels), (c) => (product[c] as number) * (inv[c] as number));
  };
}

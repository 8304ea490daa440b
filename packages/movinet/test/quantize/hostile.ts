import type { Tensor } from "../../src/graph/tensor.ts";
import type { Model } from "../../src/model/model.ts";

/**
 * The same network for floats, but hard on integers: one channel of the residual stream of a block is larger by a factor.
 * What writes to it is scaled, and what reads it scaled back; no activation is between them.
 */
export function hostile(model: Model, block: number, factor: number): Model {
  const weights = new Map(model.weights);
  const scale = (name: string, by: number, isScaled: (index: number, shape: readonly number[]) => boolean) => {
    const { shape, data } = weights.get(name) as Tensor;
    weights.set(name, { shape, data: data.map((value, i) => (isScaled(i, shape) ? value * by : value)) });
  };
  const isFirst = (i: number) => i === 0;
  const readsFirst = (i: number, shape: readonly number[]) => i < (shape.at(-1) as number);
  const layers = [...model.weights.keys()].flatMap((name) => {
    const found = /^block(\d+)\.layer(\d+)\.projection\.norm\.gamma$/.exec(name);
    return found ? [{ block: Number(found[1]), layer: Number(found[2]) }] : [];
  });
  for (const { block: b, layer } of layers) {
    const own = `block${b}.layer${layer}`;
    const writes = b === block ? [`${own}.projection.norm`, `${own}.skip.norm`] : [];
    for (const norm of writes) {
      if (!weights.has(`${norm}.gamma`)) continue;
      scale(`${norm}.gamma`, factor, isFirst);
      scale(`${norm}.beta`, factor, isFirst);
    }
    const reads = (b === block && layer > 0) || (b === block + 1 && layer === 0);
    if (!reads) continue;
    for (const kernel of [`${own}.expansion.kernel`, `${own}.skip.kernel`]) {
      if (weights.has(kernel) && (layer === 0 || !kernel.includes("skip"))) scale(kernel, 1 / factor, readsFirst);
    }
  }
  return { ...model, weights };
}

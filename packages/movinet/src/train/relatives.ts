/** The networks that a stream model is compared with: made of its weights, to be trained by the same recipe. */
import type { Spec } from "../arch/spec.ts";
import type { Tensor, Weights } from "../graph/tensor.ts";
import type { Model } from "../model/model.ts";

/** A network, and factors of the gradients of some of its parameters: where they are 0, nothing learns. */
export interface Relative {
  readonly model: Model;
  readonly masks: ReadonlyMap<string, Float32Array>;
}

/**
 * The base network of a stream model, which sees `frames` pictures at once: its kernels look as far ahead as back, its
 * means are over the whole clip, and it has no positional encoding. Throws `TypeError` for base models.
 */
export function wholeClip(model: Model, frames: number): Relative {
  requireStream(model);
  const spec: Spec = { ...model.spec, mode: "base", positionalEncoding: false };
  const card = { ...model.card, name: `${model.card.name}-base`, frames, accuracy: null };
  return { model: { spec, card, weights: withoutPositions(model.weights) }, masks: new Map() };
}

/**
 * A stream model that sees each frame by itself: temporal kernels are summed over their taps into that of the newest
 * frame, and squeeze-and-excitation looks at the frame alone. Of a still picture it says the same as the model (but for a
 * positional encoding, which it has none of). Only the head still averages over time. Throws `TypeError` for base models.
 */
export function frameByFrame(model: Model): Relative {
  requireStream(model);
  const spec = withoutTime(model.spec);
  const weights = new Map<string, Tensor>();
  const masks = new Map<string, Float32Array>();
  for (const [name, tensor] of withoutPositions(model.weights)) {
    const looking = earlierOf(model.spec, name, tensor);
    if (looking === null) {
      weights.set(name, tensor);
      continue;
    }
    const { newest, moved } = looking;
    const data = new Float32Array(tensor.data.length);
    for (const [i, value] of tensor.data.entries()) {
      const target = moved(i);
      data[target] = (data[target] as number) + value;
    }
    if (spec.convType === "3d" && name.endsWith("depthwise.kernel")) {
      weights.set(name, { shape: [1, ...tensor.shape.slice(1)], data: data.slice(newest) });
      continue;
    }
    weights.set(name, { shape: tensor.shape, data });
    masks.set(
      name,
      data.map((_, i) => (moved(i) === i ? 1 : 0)),
    );
  }
  const card = { ...model.card, name: `${model.card.name}-frame-by-frame`, accuracy: null };
  return { model: { spec, card, weights }, masks };
}

/**
 * The spec of a network that sees each frame by itself, as far as a spec can say it: kernels of a (2+1)-D network keep
 * their taps in time, and `2plus3d` gates their mean over time, so these need the masks of {@link frameByFrame}.
 */
export function withoutTime(spec: Spec): Spec {
  const flat = spec.convType === "3d";
  const blocks = spec.blocks.map((block) => ({
    ...block,
    layers: block.layers.map((layer) => ({
      ...layer,
      kernel: { ...layer.kernel, time: flat ? 1 : layer.kernel.time },
    })),
  }));
  const squeezeExcite = spec.squeezeExcite === "3d" ? "2d" : spec.squeezeExcite;
  return { ...spec, blocks, squeezeExcite, positionalEncoding: false } as Spec;
}

/** Where a parameter that looks back in time keeps what it says of the newest frame; null for others. */
function earlierOf({ convType, squeezeExcite }: Spec, name: string, { shape, data }: Tensor) {
  const taps = shape[0] ?? 1;
  const temporal = name.endsWith(".temporal.kernel") || (convType === "3d" && name.endsWith("depthwise.kernel"));
  if (temporal && taps > 1) {
    const tap = data.length / taps;
    const newest = data.length - tap;
    return { newest, moved: (i: number) => newest + (i % tap) };
  }
  if (squeezeExcite === "2plus3d" && name.endsWith("se_reduce.kernel")) {
    const half = data.length / 2; // the mean over time comes first (spec §2.4)
    return { newest: half, moved: (i: number) => half + (i % half) };
  }
  return null;
}

function withoutPositions(weights: Weights): Weights {
  return new Map([...weights].filter(([name]) => !name.endsWith(".posenc")));
}

function requireStream({ spec }: Model): void {
  if (spec.mode !== "stream") throw new TypeError("only a stream model has such relatives");
}

/** Sets what a mask forbids to zero. */
export function applyMask(values: Float32Array, mask: Float32Array): void {
  for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) * (mask[i] as number);
}

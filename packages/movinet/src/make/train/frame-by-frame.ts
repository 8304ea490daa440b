/** The same network without time: what a 2-D model would be that sees one frame after the other. */
import type { Tensor } from "../../model/graph/tensor.ts";
import type { Model } from "../../model/model.ts";

/**
 * A stream model that sees each frame by itself: temporal kernels are summed over their taps into that of the newest frame,
 * and squeeze-and-excitation looks at the frame alone. Of a still picture it says the same as the model. Only the head
 * still averages over time. Throws `TypeError` for base models.
 */
export function frameByFrame(model: Model): Model {
  if (model.spec.mode !== "stream") throw new TypeError("only stream models have a frame-by-frame form");
  const weights = new Map(model.weights);
  for (const [name, tensor] of model.weights) {
    const frozen = timeMask(model, name, tensor);
    if (frozen) weights.set(name, { shape: tensor.shape, data: gather(tensor.data, frozen) });
  }
  return { ...model, weights };
}

/** For each parameter that looks back in time: 1 where it looks at the newest frame, and 0 elsewhere. */
export function newestFrameOnly(model: Model): ReadonlyMap<string, Float32Array> {
  const masks = new Map<string, Float32Array>();
  for (const [name, tensor] of model.weights) {
    const mask = timeMask(model, name, tensor);
    if (mask)
      masks.set(
        name,
        Float32Array.from(mask, (moved) => (moved < 0 ? 1 : 0)),
      );
  }
  return masks;
}

/** For each element: −1 where it stays, else the index of the element that takes it over. Null where nothing moves. */
function timeMask({ spec }: Model, name: string, { shape, data }: Tensor): Float64Array | null {
  const taps = shape[0] ?? 1;
  const looksBack = /\.temporal\.kernel$/.test(name) || (spec.convType === "3d" && /depthwise\.kernel$/.test(name));
  if (looksBack && taps > 1) {
    const tap = data.length / taps;
    const newest = data.length - tap;
    return Float64Array.from(data, (_, i) => (i >= newest ? -1 : newest + (i % tap)));
  }
  if (spec.squeezeExcite === "2plus3d" && /se_reduce\.kernel$/.test(name)) {
    const half = data.length / 2;
    return Float64Array.from(data, (_, i) => (i < half ? i + half : -1));
  }
  return null;
}

function gather(data: Float32Array, moved: Float64Array): Float32Array {
  const result = data.slice();
  for (const [i, target] of moved.entries()) {
    if (target < 0) continue;
    result[target] = (result[target] as number) + (data[i] as number);
    result[i] = 0;
  }
  return result;
}

/** Sets what a mask forbids to zero. */
export function applyMask(values: Float32Array, mask: Float32Array): void {
  for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) * (mask[i] as number);
}

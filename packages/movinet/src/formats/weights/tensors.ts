/** Tensors found in a file, before anything is known about their network. */

/** A tensor whose values are read after its shape has been verified. */
export interface FoundTensor {
  readonly shape: readonly number[];
  values(): Float32Array;
}

const temporal = ".temporal.kernel";

/**
 * Converts the tensors of a network trained with (2+1)-D convolutions in 3-D form (`3d_2plus1d`: temporal kernels of
 * rank 5) to `2plus1d`: removes the axes of size 1, which moves no number (spec §4.3). Otherwise the tensors
 * unchanged.
 */
export function factored(tensors: ReadonlyMap<string, FoundTensor>): ReadonlyMap<string, FoundTensor> {
  const split = [...tensors].some(([name, { shape }]) => name.endsWith(temporal) && shape.length === 5);
  if (!split) return tensors;
  return new Map(
    [...tensors].map(([name, tensor]) => {
      const shape = name.endsWith(".kernel") ? shape2plus1d(name, tensor.shape) : tensor.shape;
      return [name, { shape, values: () => tensor.values() }];
    }),
  );
}

/** A kernel of another form keeps its shape, and is reported as it is. */
function shape2plus1d(name: string, shape: readonly number[]): readonly number[] {
  const [time, height, width, inputs, outputs] = shape;
  if (shape.length !== 5) return shape;
  if (name.endsWith(temporal)) {
    return height === 1 && width === 1 && inputs === 1 ? ([time, 1, outputs, 1] as number[]) : shape;
  }
  if (time !== 1) return shape;
  const depthwise = name.endsWith(".depthwise.kernel");
  return (depthwise && inputs === 1 ? [height, width, outputs, 1] : [height, width, inputs, outputs]) as number[];
}

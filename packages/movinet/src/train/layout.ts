/** Tensors behind one another in one shared array: what the main thread and the lanes both see. */
export interface Layout {
  readonly tensors: readonly { readonly name: string; readonly offset: number; readonly length: number }[];
  /** Floats of all of them. */
  readonly length: number;
}

/** Places tensors of these sizes one after the other, each at a multiple of 4 floats. */
export function layoutOf(sizes: Readonly<Record<string, number>>): Layout {
  let offset = 0;
  const tensors = Object.entries(sizes).map(([name, length]) => {
    const tensor = { name, offset, length };
    offset += Math.ceil(length / 4) * 4;
    return tensor;
  });
  return { tensors, length: offset };
}

/** The tensors of a shared array by name. */
export function viewsOf({ tensors }: Layout, buffer: ArrayBufferLike): Map<string, Float32Array> {
  return new Map(tensors.map(({ name, offset, length }) => [name, new Float32Array(buffer, 4 * offset, length)]));
}

/** An exponential moving average of weights: often a better model than the weights of the last step. */
export interface WeightAverage {
  /** Takes the weights after a step: `a ← d · a + (1 − d) · w`. */
  update(params: readonly Float32Array[]): void;
  /** The averages, one array per tensor: the arrays themselves, so copy them to keep them. */
  readonly values: readonly Float32Array[];
  /** Its complete state, by name: `average.i` and `updates`. */
  readonly state: Readonly<Record<string, Float32Array>>;
}

/**
 * Starts with a copy of `params`. `decay` is d, for example 0.999; after only n updates, a smaller d of (1 + n) / (10
 * + n) applies, so that the first weights are soon forgotten (as with TensorFlow's `num_updates`).
 */
export function createWeightAverage(params: readonly Float32Array[], decay: number): WeightAverage {
  if (!(decay >= 0 && decay < 1)) throw new TypeError(`decay must be ≥ 0 and < 1, got ${decay}`);
  const values = params.map((param) => param.slice());
  const updates = new Float32Array(1);
  const state = { ...Object.fromEntries(values.map((value, i) => [`average.${i}`, value])), updates };
  return {
    values,
    state,
    update(weights) {
      if (weights.length !== values.length || weights.some(({ length }, i) => length !== values[i]!.length)) {
        throw new TypeError(`params must be the ${values.length} tensors of this average`);
      }
      const count = updates[0]!++;
      const share = 1 - Math.min(decay, (1 + count) / (10 + count));
      for (let t = 0; t < values.length; t++) {
        const [value, weight] = [values[t]!, weights[t]!];
        for (let i = 0; i < value.length; i++) value[i] = value[i]! + share * (weight[i]! - value[i]!);
      }
    },
  };
}

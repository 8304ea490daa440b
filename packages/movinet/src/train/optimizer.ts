/** Options of an optimizer. */
export interface OptimizerOptions {
  /**
   * AdamW: the share of a weight, times the learning rate, subtracted in each step. Momentum SGD and RMSprop: L2, the
   * multiple of a weight that is first added to its gradient (the official recipe: 3e-5).
   */
  readonly weightDecay: number;
  /** The tensors that `weightDecay` applies to; usually not norms and biases. Default: all. */
  readonly decayed?: readonly boolean[];
}

export type OptimizerKind = keyof typeof kinds;

export interface Optimizer {
  /** Changes `params` in place. Both have one array per tensor, with the sizes that the optimizer was created for. */
  step(params: readonly Float32Array[], gradients: readonly Float32Array[], learningRate: number): void;
  /** Its complete state, by name: the arrays themselves, so copy them to keep them. */
  readonly state: Readonly<Record<string, Float32Array>>;
}

/**
 * An optimizer for tensors of these sizes. Arithmetic is float64; weights and state are rounded to float32 once per
 * step.
 *
 * - `adamw`: decoupled weight decay (Loshchilov and Hutter 2019), like PyTorch's. State `mean.i`, `square.i`, `steps`.
 * - `sgd`: momentum like PyTorch's, μ = 0.9: `m ← μm + g`, `w ← w − lr · m`. State `momentum.i`.
 * - `rmsprop`: the official recipe (spec §5.1), with μ = ρ = 0.9 and ε = 1: each tensor's gradient, including L2,
 *   clipped to a norm of 1, `v ← ρv + (1 − ρ)g²`, `m ← μm + lr · g / √(v + ε)`, `w ← w − m`. State `square.i`,
 *   `momentum.i`.
 */
export function createOptimizer(kind: OptimizerKind, options: OptimizerOptions, sizes: readonly number[]): Optimizer {
  const { state, update } = kinds[kind](options, sizes);
  return {
    state,
    step(params, gradients, learningRate) {
      for (const [name, tensors] of Object.entries({ params, gradients })) {
        if (tensors.length !== sizes.length || tensors.some(({ length }, i) => length !== sizes[i])) {
          throw new TypeError(`${name} must be the ${sizes.length} tensors of this optimizer`);
        }
      }
      update(params, gradients, learningRate);
    },
  };
}

type Update = (params: readonly Float32Array[], gradients: readonly Float32Array[], learningRate: number) => void;
type Kind = (
  options: OptimizerOptions,
  sizes: readonly number[],
) => { readonly state: Record<string, Float32Array>; readonly update: Update };

const kinds = { adamw, sgd, rmsprop } satisfies Record<string, Kind>;

function adamw({ weightDecay, decayed }: OptimizerOptions, sizes: readonly number[]): ReturnType<Kind> {
  const [memory, squareMemory, epsilon] = [0.9, 0.999, 1e-8];
  const means = zeros(sizes);
  const squares = zeros(sizes);
  const steps = new Float32Array(1);
  return {
    state: { ...named("mean", means), ...named("square", squares), steps },
    update(params, gradients, learningRate) {
      const count = ++steps[0]!;
      const rate = learningRate / (1 - memory ** count);
      const correction = Math.sqrt(1 - squareMemory ** count);
      for (let t = 0; t < params.length; t++) {
        const [param, gradient, mean, square] = [params[t]!, gradients[t]!, means[t]!, squares[t]!];
        const keep = 1 - (decayed?.[t] === false ? 0 : learningRate * weightDecay);
        for (let i = 0; i < param.length; i++) {
          const g = gradient[i]!;
          const m = memory * mean[i]! + (1 - memory) * g;
          const v = squareMemory * square[i]! + (1 - squareMemory) * g * g;
          mean[i] = m;
          square[i] = v;
          param[i] = param[i]! * keep - (rate * m) / (Math.sqrt(v) / correction + epsilon);
        }
      }
    },
  };
}

const momentum = 0.9;

function sgd({ weightDecay, decayed }: OptimizerOptions, sizes: readonly number[]): ReturnType<Kind> {
  const momenta = zeros(sizes);
  return {
    state: named("momentum", momenta),
    update(params, gradients, learningRate) {
      for (let t = 0; t < params.length; t++) {
        const [param, gradient, moment] = [params[t]!, gradients[t]!, momenta[t]!];
        const decay = decayed?.[t] === false ? 0 : weightDecay;
        for (let i = 0; i < param.length; i++) {
          const g = gradient[i]! + decay * param[i]!;
          const m = momentum * moment[i]! + g;
          moment[i] = m;
          param[i] = param[i]! - learningRate * m;
        }
      }
    },
  };
}

function rmsprop({ weightDecay, decayed }: OptimizerOptions, sizes: readonly number[]): ReturnType<Kind> {
  const [rho, epsilon] = [0.9, 1];
  const squares = zeros(sizes);
  const momenta = zeros(sizes);
  return {
    state: { ...named("square", squares), ...named("momentum", momenta) },
    update(params, gradients, learningRate) {
      for (let t = 0; t < params.length; t++) {
        const [param, gradient, square, moment] = [params[t]!, gradients[t]!, squares[t]!, momenta[t]!];
        const decay = decayed?.[t] === false ? 0 : weightDecay;
        let sum = 0;
        for (let i = 0; i < param.length; i++) sum += (gradient[i]! + decay * param[i]!) ** 2;
        const factor = 1 / Math.max(Math.sqrt(sum), 1);
        for (let i = 0; i < param.length; i++) {
          const g = factor * (gradient[i]! + decay * param[i]!);
          const v = rho * square[i]! + (1 - rho) * g * g;
          const m = momentum * moment[i]! + (learningRate * g) / Math.sqrt(v + epsilon);
          square[i] = v;
          moment[i] = m;
          param[i] = param[i]! - m;
        }
      }
    },
  };
}

function zeros(sizes: readonly number[]): Float32Array[] {
  return sizes.map((size) => new Float32Array(size));
}

function named(name: string, tensors: readonly Float32Array[]): Record<string, Float32Array> {
  return Object.fromEntries(tensors.map((tensor, i) => [`${name}.${i}`, tensor]));
}

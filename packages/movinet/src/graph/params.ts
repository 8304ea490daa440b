import { type Derivation, type Graph, normEpsilon } from "./ir.ts";
import type { Weights } from "./tensor.ts";

type Compute = (name: string) => Float32Array;

/** Computes a parameter derived by a pass: arithmetic in float64, result in float32. */
function derive(derivation: Derivation, of: Compute): Float32Array {
  switch (derivation.kind) {
    case "scaled": {
      const factor = of(derivation.factor)[0] as number;
      if (factor === 1) return of(derivation.base);
      return of(derivation.base).map((value) => value * factor);
    }
    case "affine":
      return of(derivation.base).map((value) => derivation.scale * value + derivation.shift);
    case "number":
      return Float32Array.of(derivation.value);
    case "foldKernel": {
      const gain = gainOf(of(derivation.gamma), of(derivation.variance));
      if (gain.every(changesNothing)) return of(derivation.kernel);
      const kernel = of(derivation.kernel).slice();
      for (let i = 0; i < kernel.length; ) {
        for (let c = 0; c < gain.length; c++, i++) kernel[i] = (kernel[i] as number) * (gain[c] as number);
      }
      return kernel;
    }
    case "foldBias": {
      const gain = gainOf(of(derivation.gamma), of(derivation.variance));
      const bias = derivation.bias === null ? null : of(derivation.bias);
      const mean = of(derivation.mean);
      return of(derivation.beta).map(
        (beta, c) => beta + ((bias?.[c] ?? 0) - (mean[c] as number)) * (gain[c] as number),
      );
    }
  }
}

function gainOf(gamma: Float32Array, variance: Float32Array): Float64Array {
  const gain = new Float64Array(gamma.length);
  for (let c = 0; c < gain.length; c++) {
    gain[c] = (gamma[c] as number) / Math.sqrt((variance[c] as number) + normEpsilon);
  }
  return gain;
}

/** Whether a factor leaves every float32 as it is: that of a norm that a converter folded away. */
function changesNothing(gain: number): boolean {
  return Math.abs(gain - 1) < 2 ** -26;
}

/** The canonical parameter behind a derived one: for a fold the kernel, or the norm's beta. */
export function sourceOf(graph: Graph, name: string): string {
  const derivation = graph.params[name]?.derivation;
  switch (derivation?.kind) {
    case undefined:
    case "number":
      return name;
    case "foldKernel":
      return sourceOf(graph, derivation.kernel);
    case "foldBias":
      return sourceOf(graph, derivation.beta);
    case "scaled":
    case "affine":
      return sourceOf(graph, derivation.base);
  }
}

/** The values of a graph's parameters, including derived ones, each computed once. */
export function resolveParams(graph: Graph, weights: Weights): (name: string) => Float32Array {
  const done = new Map<string, Float32Array>();
  const of = (name: string): Float32Array => {
    let data = done.get(name);
    if (!data) {
      const derivation = graph.params[name]?.derivation;
      data = derivation ? derive(derivation, of) : weights.get(name)?.data;
      if (!data) throw new Error(`internal: the weights have no ${name}`);
      done.set(name, data);
    }
    return data;
  };
  return of;
}

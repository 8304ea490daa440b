import { readdirSync, readFileSync } from "node:fs";
import { buildGraph } from "../../src/arch/build.ts";
import {
  type Activation,
  type ConvType,
  type Gate,
  type Spec,
  type SpecName,
  type SqueezeExcite,
  specOf,
} from "../../src/arch/spec.ts";
import { defaultCard } from "../../src/model/card.ts";
import type { Model } from "../../src/model/model.ts";
import { hashedWeights } from "./material.ts";

export interface Statistics {
  readonly shape: readonly number[];
  readonly mean: number;
  readonly std: number;
  readonly first: readonly number[];
  readonly last: readonly number[];
}

/** What the reference implementation gave for one case; trimmed by scripts/trim-golden.ts. */
export interface Figures {
  readonly case: string;
  readonly variant: string;
  readonly mode: "base" | "stream";
  readonly convType: ConvType;
  readonly seType: SqueezeExcite;
  readonly activation: Activation;
  readonly gatingActivation: string;
  readonly headActivation: Activation;
  readonly positionalEncoding: boolean;
  readonly classes: number;
  readonly parameters: number;
  readonly weightsSha256: string;
  readonly shape: readonly [batch: 1, frames: number, height: number, width: number, channels: 3];
  readonly logits: Readonly<Record<string, readonly number[]>>;
  readonly states?: Readonly<Record<string, string>>;
  readonly endpoints?: Readonly<Record<string, Statistics>>;
  readonly finalStates?: Readonly<Record<string, Statistics>>;
}

const folder = new URL("./figures/", import.meta.url);

export const allFigures: readonly Figures[] = readdirSync(folder)
  .filter((file) => !file.startsWith("gradients-"))
  .sort()
  .map((file) => JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Figures);

export function figuresOf(name: string): Figures {
  const figures = allFigures.find((candidate) => candidate.case === name);
  if (!figures) throw new Error(`there are no figures of ${name}`);
  return figures;
}

export function specOfFigures(figures: Figures): Spec {
  const [, , height, width] = figures.shape;
  return specOf(`${figures.variant}-${figures.mode}` as SpecName, {
    convType: figures.convType,
    squeezeExcite: figures.seType,
    activation: figures.activation,
    gate: figures.gatingActivation.toLowerCase() as Gate,
    classifierActivation: figures.headActivation,
    positionalEncoding: figures.positionalEncoding,
    classes: figures.classes,
    resolution: { height, width },
  });
}

/** The model of a case, with weights made from names; the window of a base model is the case's clip. */
export function modelOfFigures(figures: Figures): Model {
  const spec = specOfFigures(figures);
  const weights = hashedWeights(buildGraph(spec, { form: "clip", frames: 1 }).params);
  const frames = spec.mode === "base" ? figures.shape[1] : null;
  return { spec, weights, card: { ...defaultCard(spec, figures.case), frames } };
}

/** The largest distance from figures to values; figures may be fewer. */
export function largestDifference(expected: readonly number[], got: ArrayLike<number>): number {
  return expected.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (got[i] ?? Number.NaN))), 0);
}

/** Names the first tensors whose statistics are off, worst first, so that a failure tells which layer is wrong. */
export function compareStatistics(
  expected: Readonly<Record<string, Statistics>>,
  got: (name: string) => { readonly shape: readonly number[]; readonly data: ArrayLike<number> },
  tolerance: number,
): string[] {
  return Object.entries(expected).flatMap(([name, { shape, mean, std, first, last }]) => {
    const tensor = got(name);
    if (String(tensor.shape) !== String(shape)) return [`${name} is [${tensor.shape}] instead of [${shape}]`];
    const values = Array.from(tensor.data);
    const average = values.reduce((a, b) => a + b, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((a, b) => a + (b - average) ** 2, 0) / values.length);
    const difference = Math.max(
      Math.abs(average - mean),
      Math.abs(deviation - std),
      largestDifference(first, values),
      largestDifference(last, values.slice(-last.length)),
    );
    return difference <= tolerance ? [] : [`${name} is off by ${difference}`];
  });
}

/** Infers a network from named tensors: what names and shapes reveal, and what is assumed otherwise. */
import { buildGraph } from "../../arch/build.ts";
import { type Gate, type Spec, type SpecName, type SqueezeExcite, specOf } from "../../arch/spec.ts";
import { type VariantName, variants } from "../../arch/variants.ts";
import { ModelError } from "../../common/errors.ts";
import { listed } from "../../common/printable.ts";
import type { Graph } from "../../graph/ir.ts";
import type { Tensor, Weights } from "../../graph/tensor.ts";
import { checkWeights, type Shapes } from "../../model/check-weights.ts";
import { limits } from "../../model/limits.ts";
import { type FoundTensor, factored } from "./tensors.ts";

/** Properties of a network that tensors do not reveal, if known. */
export type Told = {
  readonly [Name in "mode" | "squeezeExcite" | "gate" | "activation" | "classifierActivation" | "resolution"]?:
    | Spec[Name]
    | undefined;
};

/** The origin of weights: properties of its networks that no tensor reveals. */
export interface Origin {
  /** As in "as in the public PyTorch port"; without the "in". */
  readonly title: string;
  untold(known: Pick<Spec, "mode" | "convType">): Pick<Spec, "gate" | "activation" | "classifierActivation">;
}

export interface InferOptions {
  /** The file's name in errors. */
  readonly subject: string;
  readonly origin: Origin;
  readonly told?: Told | undefined;
}

export interface InferredModel {
  readonly spec: Spec;
  readonly weights: Weights;
  /** The assumptions, one line each. */
  readonly assumed: readonly string[];
}

/**
 * The network of tensors with canonical names and layouts ({@link buildGraph}): variant, mode, convolutions,
 * squeeze-and-excitation, positional encoding and classes follow from names and shapes. (2+1)-D convolutions stored as
 * 3-D ones (3d_2plus1d) become 2plus1d, which computes the same. Throws {@link ModelError} (`E_MODEL_TENSORS`): one
 * error lists everything that is missing, unused and mis-shaped; a base network with 3-D kernels cannot be declared a
 * stream.
 */
export function modelFromTensors(
  given: ReadonlyMap<string, FoundTensor>,
  { subject, origin, told = {} }: InferOptions,
): InferredModel {
  const tensors = factored(given);
  const { structure, assumed } = structureOf(tensors, told);
  refuseFutureInStream(structure, told, subject);
  const untold = { ...origin.untold(structure), ...defined(told) };
  const { spec, graph } = nearestVariant(tensors, { ...structure, ...untold });
  if (![...tensors.keys()].some((name) => Object.hasOwn(graph.params, name))) throw stranger(given, subject);
  checkWeights(graph, tensors, subject);
  return { spec, weights: weightsOf(tensors), assumed: [...assumed, ...optionLines(spec, told, origin.title)] };
}

/** Reads the values of tensors after their shapes have been verified. */
export function weightsOf(tensors: ReadonlyMap<string, FoundTensor>): Weights {
  return new Map(
    [...tensors].map(([name, tensor]): [string, Tensor] => [name, { shape: tensor.shape, data: tensor.values() }]),
  );
}

/** The assumptions as a warning, if there are any. */
export function warningsOf(assumed: readonly string[]): readonly string[] {
  return assumed.length === 0 ? [] : [`assumed, because weights alone do not say: ${assumed.join("; ")}`];
}

type Structure = Pick<Spec, "mode" | "convType" | "squeezeExcite" | "positionalEncoding" | "classes">;

function structureOf(tensors: Shapes, told: Told): { structure: Structure; assumed: string[] } {
  const names = [...tensors.keys()];
  const shapeOf = (name: string) => tensors.get(name)?.shape ?? [];
  const kernels = names.filter((name) => name.endsWith(".kernel"));
  const flat = kernels.filter((name) => shapeOf(name).length === 4);
  const convType = 2 * flat.length > kernels.length ? "2plus1d" : "3d";
  const positionalEncoding = names.some((name) => name.endsWith(".posenc"));
  const reduce = names.find((name) => name.endsWith(".se_reduce.kernel"));
  const expand = reduce?.replace(".se_reduce.kernel", ".expansion.kernel") ?? "";
  const both = shapeOf(reduce ?? "").at(-2) === 2 * (shapeOf(expand).at(-1) ?? 0);
  const squeezeExcite: SqueezeExcite = told.squeezeExcite ?? (reduce === undefined ? "none" : both ? "2plus3d" : "3d");
  // In the family, streams see each frame and the mean over time (2plus3d), and base networks only the mean (3d).
  const causal = positionalEncoding || squeezeExcite === "2plus3d" || (squeezeExcite === "none" && convType !== "3d");
  const mode = told.mode ?? (causal ? "stream" : "base");
  const official = specOf(`a0-${mode}`);
  const assumed = [
    ...(told.mode === undefined && (official.convType !== convType || official.squeezeExcite !== squeezeExcite)
      ? [`mode: ${mode}, as in networks with this squeeze-and-excitation`]
      : []),
    ...(told.squeezeExcite === undefined && squeezeExcite === "3d" && mode === "stream"
      ? [`squeeze-and-excitation: the mean over time (3d), not of each frame alone (2d)`]
      : []),
  ];
  const classes = shapeOf("classifier2.kernel").at(-1) ?? shapeOf("classifier2.bias").at(-1) ?? 1;
  return { structure: { mode, convType, squeezeExcite, positionalEncoding, classes }, assumed };
}

/** The variant with the fewest differences from these tensors. */
function nearestVariant(tensors: Shapes, options: Partial<Spec> & Structure): { spec: Spec; graph: Graph } {
  const classes = Math.min(Math.max(1, options.classes), limits.classes);
  const candidates = (Object.keys(variants) as VariantName[]).map((variant) => {
    const spec = specOf(`${variant}-${options.mode}` satisfies SpecName, { ...options, classes });
    const graph = buildGraph(spec, { form: "clip", frames: 1 });
    const expected = Object.entries(graph.params);
    const equal = expected.filter(([name, { shape }]) => String(tensors.get(name)?.shape) === String(shape));
    return { spec, graph, distance: Math.max(expected.length, tensors.size) - equal.length };
  });
  return candidates.reduce((best, other) => (other.distance < best.distance ? other : best));
}

function refuseFutureInStream({ convType, squeezeExcite }: Structure, told: Told, subject: string): void {
  if (told.mode !== "stream" || convType !== "3d" || squeezeExcite === "2plus3d") return;
  throw new ModelError({
    code: "E_MODEL_TENSORS",
    subject,
    problem:
      "it is a base network: its 3-D kernels see future frames and cannot be split into (2+1)-D ones, so it cannot become a stream network",
    remedy: "Use it as a base network, on windows of frames, or use stream weights of the same size",
  });
}

function stranger(tensors: Shapes, subject: string): ModelError {
  const problem =
    tensors.size === 0 ? "it contains no tensors" : `none of its ${tensors.size} tensors belongs to a MoViNet`;
  return new ModelError({
    code: "E_MODEL_TENSORS",
    subject,
    problem: tensors.size === 0 ? problem : `${problem}: ${listed([...tensors.keys()])}`,
    remedy: "Use MoViNet weights with the names of the official code, TensorFlow Hub or the public PyTorch port",
  });
}

/** Names of gates and activations for people. */
export const optionTitles: Readonly<Record<Gate | Spec["activation"], string>> = {
  sigmoid: "sigmoid",
  hard_sigmoid_a: "hard sigmoid A",
  hard_sigmoid_b: "hard sigmoid B",
  swish: "swish",
  hard_swish: "hard swish",
  relu6: "ReLU6",
};

function optionLines(spec: Spec, told: Told, title: string): string[] {
  const { height, width } = spec.resolution;
  const lines = {
    gate: spec.squeezeExcite === "none" ? null : `gate: ${optionTitles[spec.gate]}, as in ${title}`,
    activation: `activation: ${optionTitles[spec.activation]}, as in ${title}`,
    classifierActivation: `classifier activation: ${optionTitles[spec.classifierActivation]}, as in ${title}`,
    resolution: `input size: ${height}×${width}, as in ${spec.variant.toUpperCase()}`,
  } as const;
  return Object.entries(lines).flatMap(([option, line]) =>
    line === null || told[option as keyof Told] !== undefined ? [] : [line],
  );
}

/** The options that are set: an absent one leaves the default unchanged. */
export function defined(told: Told): Partial<Spec> {
  return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));
}
